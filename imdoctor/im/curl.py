"""A `curl` command line, or a URL alone, as the requests that it makes (curl(1), POSIX' shell command language)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote_plus

from imdoctor.im.called import Called
from imdoctor.im.pasted import bare, curls
from imdoctor.speech import say

# The short options by their long names (curl(1)). Those of VALUED take the next word.
_SHORT = {
    "0": "http1.0", "A": "user-agent", "b": "cookie", "c": "cookie-jar", "C": "continue-at", "d": "data", "D": "dump-header",
    "e": "referer", "E": "cert", "F": "form", "G": "get", "H": "header", "I": "head", "k": "insecure", "K": "config",
    "m": "max-time", "o": "output", "P": "ftp-port", "Q": "quote", "r": "range", "t": "telnet-option", "T": "upload-file",
    "u": "user", "U": "proxy-user", "w": "write-out", "x": "proxy", "X": "request", "y": "speed-time", "Y": "speed-limit",
    "z": "time-cond", ":": "next",
}  # fmt: skip
_VALUED = frozenset(
    """
    abstract-unix-socket alt-svc aws-sigv4 cacert capath cert cert-type ciphers config connect-timeout connect-to continue-at
    cookie cookie-jar create-file-mode crlfile curves data data-ascii data-binary data-raw data-urlencode delegation
    dns-interface dns-ipv4-addr dns-ipv6-addr dns-servers doh-url dump-header ech egd-file engine etag-compare etag-save
    expect100-timeout form form-string ftp-port happy-eyeballs-timeout-ms haproxy-clientip header hostpubmd5 hostpubsha256 hsts
    interface ip-tos ipfs-gateway json keepalive-cnt keepalive-time key key-type krb libcurl limit-rate local-port login-options
    max-filesize max-redirs max-time netrc-file noproxy oauth2-bearer output output-dir parallel-max pass pinnedpubkey preproxy
    proto proto-default proto-redir proxy proxy-cacert proxy-capath proxy-cert proxy-cert-type proxy-ciphers proxy-crlfile
    proxy-header proxy-key proxy-key-type proxy-pass proxy-pinnedpubkey proxy-service-name proxy-tls13-ciphers proxy-user
    proxy1.0 pubkey quote random-file range rate referer request request-target resolve retry retry-delay retry-max-time
    service-name sigalgs socks4 socks4a socks5 socks5-hostname speed-limit speed-time stderr telnet-option time-cond tls-max
    tls13-ciphers trace trace-ascii trace-config unix-socket upload-file url url-query user user-agent variable vlan-priority
    write-out
    """.split()  # noqa: SIM905 - as a list it would take a hundred lines
)
_DATA = {"data", "data-ascii", "data-binary", "data-raw", "data-urlencode", "json", "form", "form-string"}
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+|[^\s/?#]+(?:/v4/\S*|/?\?\S*=\S*)", re.IGNORECASE)


def read(text: str) -> tuple[Called, ...] | str:
    """Return the requests that a text makes, or in a few words why it makes none. Never raises."""
    text = bare(text)
    if _URL.fullmatch(text):
        return _sound((Called(url=text),)) or say("it is no URL and no curl command line")
    try:
        found = curls(text)
    except ValueError:
        return say("a quotation of the curl command line does not end")
    if not found:
        return say("it is no URL and no curl command line")
    if any(one.typeset for one in found):
        return say("typographic quotes or dashes stand in the curl command line, which no shell knows as such")
    lines = ((one, line) for one in found for line in _lines(one.words))
    calls = tuple(call for one, line in lines for call in line.calls(limit=one.limit, ampersand=one.ampersand))
    return _sound(calls) or say("the curl command line has no URL")


def _sound(calls: tuple[Called, ...]) -> tuple[Called, ...]:
    return tuple(call for call in calls if call.parts is not None)


@dataclass
class _Line:
    """What one curl command line asks for, as its options are read."""

    urls: list[str] = field(default_factory=list)
    headers: list[tuple[str, str]] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    query: list[str] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)
    hidden: bool = False

    def take(self, name: str, value: str) -> None:
        """Read one option; one without a value has ""."""
        if name == "url":
            self.urls.append(value)
        elif name == "header":
            self._header(value)
        elif name == "url-query":
            self.query.append(_encoded(value))
        elif name in _DATA:
            self._data(name, value)
        self.options[name] = value

    def _header(self, value: str) -> None:
        name, colon, text = value.partition(":")
        if colon and text.strip():
            self.headers.append((name.strip().lower(), text.strip()))
        elif colon:  # `-H Name:` keeps curl's own from going out
            self.removed.append(name.strip().lower())

    def _data(self, name: str, value: str) -> None:
        elsewhere = value.startswith("@") and name not in {"data-raw", "form-string"}
        if elsewhere or (name == "data-urlencode" and "@" in value and "=" not in value):
            self.hidden = True
        else:
            self.data.append(_encoded(value) if name == "data-urlencode" else value)

    def calls(self, *, limit: float | None, ampersand: bool) -> Iterator[Called]:
        """Yield a request for each URL. ``limit`` is the whole command's, in seconds."""
        limits = [seconds for seconds in (_seconds(self.options.get("max-time")), limit) if seconds]
        for url in self.urls:
            yield Called(
                url=self._with_query(url),
                method=self._method(),
                headers=tuple(self.headers),
                body="" if "get" in self.options else self._body(),
                body_hidden="get" not in self.options and (self.hidden or "upload-file" in self.options),
                content_type=self._content_type(),
                max_time=min(limits, default=None),
                connect_timeout=_seconds(self.options.get("connect-timeout")),
                http10="http1.0" in self.options,
                insecure="insecure" in self.options,
                ampersand=ampersand,
            )

    def _with_query(self, url: str) -> str:
        added = [*(self.data if "get" in self.options else ()), *self.query]
        before, mark, fragment = url.partition("#")
        joint = "&" if "?" in before else "?"
        return f"{before}{joint}{'&'.join(added)}{mark}{fragment}" if added else url

    def _method(self) -> str:
        if "request" in self.options:
            return self.options["request"]
        implied = {"head": "HEAD", "upload-file": "PUT", "get": "GET"}
        has_body = self.data or self.hidden
        return next((implied[name] for name in implied if name in self.options), "POST" if has_body else "GET")

    def _body(self) -> str:
        return ("" if "json" in self.options else "&").join(self.data)

    def _content_type(self) -> str | None:
        """Return the header that goes out, curl's own included."""
        said = [value for name, value in self.headers if name == "content-type"]
        if said or "content-type" in self.removed or not (self.data or self.hidden) or "get" in self.options:
            return said[-1] if said else None
        if "json" in self.options:
            return "application/json"
        form = "form" in self.options or "form-string" in self.options
        return "multipart/form-data" if form else "application/x-www-form-urlencoded"


def _lines(words: Sequence[str]) -> Iterator[_Line]:
    """Yield what is asked for before and after each `--next`."""
    line = _Line()
    for name, value in _options(words):
        if name == "next":
            yield line
            line = _Line()
        else:
            line.take(name, value)
    yield line


def _options(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each option's long name with its value, "" for none; an argument is a `url`."""
    queue, plain = iter(words), False
    for word in queue:
        if plain or not word.startswith("-") or word == "-":
            yield "url", word
        elif word == "--":
            plain = True
        elif word.startswith("--"):
            # curl(1) wants a value to be a word of its own; who writes --max-time=2 means it so.
            name, equals, value = word.removeprefix("--").partition("=")
            yield name, next(queue, "") if name in _VALUED and not equals else value
        else:
            yield from _short(word[1:], queue)


def _short(letters: str, queue: Iterator[str]) -> Iterator[tuple[str, str]]:
    """Yield the options of one word such as -sSd: the first that takes a value takes the rest of the word, else the next one."""
    for index, letter in enumerate(letters):
        name = _SHORT.get(letter, letter)
        if name in _VALUED:
            yield name, letters[index + 1 :] or next(queue, "")
            return
        yield name, ""


def _encoded(value: str) -> str:
    """Return what --data-urlencode makes of `name=content`, `=content` or `content`."""
    name, equals, content = value.partition("=")
    if not equals:
        return quote_plus(value, safe="", errors="surrogatepass")
    coded = quote_plus(content, safe="", errors="surrogatepass")
    return f"{name}={coded}" if name else coded


def _seconds(text: str | None) -> float | None:
    """Return a number of seconds as strtod(3) reads one; None for what is none."""
    return float(text) if text is not None and re.fullmatch(r"(?=\.?[0-9])[0-9]{0,9}\.?[0-9]{0,9}", text) else None
