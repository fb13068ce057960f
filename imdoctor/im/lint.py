"""What the documents say against a request as an application makes it. Nothing is sent; no remark shows a usersig."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from urllib.parse import quote

import msgspec

from imdoctor.im import strictjson, usersig
from imdoctor.im.called import Called, hidden
from imdoctor.im.lint_rules import RULES, Severity
from imdoctor.im.request import RANDOM_MAX
from imdoctor.im.sites import site_of_domain, site_of_sdkappid
from imdoctor.im.usersig import IDENTIFIER_MAX_BYTES, UserSig, UserSigFault
from imdoctor.net.http import HTTPS_PORT
from imdoctor.speech import say

NAMES = ("sdkappid", "identifier", "usersig", "random", "contenttype")
"""The URL's parameters, in the documents' order."""
BACKEND_TIMEOUT = 3.0
"""Seconds of the backend's own timeout."""
HIGHEST_SDKAPPID = 2**32 - 1
LONGEST_SHOWN = 40

_STAND_INS = {"service": "SERVICENAME", "command": "COMMAND", "sdkappid": "SDKAPPID", "identifier": "ADMIN"}


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that speaks against a request: a code of RULES, and what was seen."""

    code: str
    seen: str

    @property
    def severity(self) -> Severity:
        """The rule's severity."""
        return RULES[self.code].severity


class Lint(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of one request. ``unseen`` names what the text does not show; ``corrected`` is the URL with usersig=***."""

    remarks: tuple[Remark, ...]
    unseen: tuple[str, ...]
    corrected: str


class _Parameters(msgspec.Struct, frozen=True):
    """A request's documented parameters, by their documented names, whatever their case was."""

    said: Mapping[str, str]

    def shown(self, name: str) -> str | None:
        """Return a value that stands there itself; None where it is missing, empty, or a variable."""
        value = self.said.get(name) or None
        return None if value is None or hidden(value) else value


def lint(call: Called, *, now: float, random: int) -> Lint:
    """Return what the documents say against a request. Never raises.

    ``now`` is Unix seconds, for the usersig's dates; ``random`` is put into the corrected URL where the request has no good one.
    """
    parameters = _Parameters({_documented(name): value for name, value in reversed(call.parameters)})
    found = (*_ways(call), *_names(call, parameters), *_values(parameters), *_usersig(parameters, now))
    remarks = (*found, *_domain(call, parameters), *_body(call), *_transport(call))
    order = list(RULES)
    return Lint(
        remarks=tuple(sorted(remarks, key=lambda remark: order.index(remark.code))),
        unseen=tuple(_unseen(call, parameters)),
        corrected=_corrected(call, parameters, random),
    )


def _documented(name: str) -> str:
    """Return the documented name that a name stands for: sdkAppId, sdk_app_id and SDKAPPID are sdkappid; others as they are."""
    plain = re.sub(r"[_-]", "", name).lower()
    return plain if plain in NAMES else name


def _ways(call: Called) -> Iterator[Remark]:
    """Judge the scheme, the method and the path."""
    parts = call.parts
    if parts is None:
        return
    if call.ampersand:
        yield Remark(code="request.unquoted-ampersand", seen=say("The URL holds an & outside of quotes."))
    if parts.scheme != "https":
        yield Remark(code="request.not-https", seen=say("The URL's scheme is {scheme}.", scheme=_shown(parts.scheme)))
    if call.method is not None and call.method != "POST":
        yield Remark(code="request.method", seen=say("The method is {method}.", method=_shown(call.method)))
    yield from _path(parts.path)
    if parts.fragment:
        yield Remark(code="request.fragment", seen=say("A # stands in the URL, and text after it."))


def _path(path: str) -> Iterator[Remark]:
    version = path.split("/")[1] if path.startswith("/") else ""
    if version != "v4" and re.fullmatch(r"[vV][0-9.]+", version):
        yield Remark(code="request.version", seen=say("The version in the path is {version}.", version=_shown(version)))
    if not re.fullmatch(r"/[vV][0-9.]+(?:/[A-Za-z0-9_]+){2}", path):
        yield Remark(code="request.path", seen=say("The path is {path}.", path=_shown(path or "/")))


def _names(call: Called, parameters: _Parameters) -> Iterator[Remark]:
    """Judge which parameters there are."""
    written = [name for name, _ in call.parameters]
    for name in dict.fromkeys(written):
        if name not in NAMES and _documented(name) in NAMES:
            yield Remark(
                code="request.parameter-case",
                seen=say("{name} stands where {documented} belongs.", name=_shown(name), documented=_documented(name)),
            )
        elif name not in NAMES:
            yield Remark(
                code="request.unknown-parameter", seen=say("The URL has a parameter {name}.", name=_shown(name))
            )
    for name, count in Counter(map(_documented, written)).items():
        if count > 1:
            yield Remark(
                code="request.duplicate-parameter",
                seen=say("{name} stands {count} times.", name=_shown(name), count=count),
            )
    for name in NAMES:
        if not parameters.said.get(name, "").strip():
            empty = name in parameters.said
            seen = say("{name} is empty.", name=name) if empty else say("{name} is missing.", name=name)
            yield Remark(code=f"request.no-{name}", seen=seen)


def _values(parameters: _Parameters) -> Iterator[Remark]:
    """Judge the values, except for the usersig."""
    sdkappid, identifier = parameters.shown("sdkappid"), parameters.shown("identifier")
    contenttype, random = parameters.shown("contenttype"), parameters.shown("random")
    if sdkappid is not None and _number(sdkappid, 1, HIGHEST_SDKAPPID) is None:
        yield Remark(code="request.sdkappid", seen=say("sdkappid is {sdkappid}.", sdkappid=_shown(sdkappid)))
    if identifier is not None and len(identifier.encode("utf-8", "surrogatepass")) > IDENTIFIER_MAX_BYTES:
        yield Remark(
            code="request.identifier", seen=say("The identifier has more than {most} bytes.", most=IDENTIFIER_MAX_BYTES)
        )
    if contenttype is not None and contenttype != "json":
        yield Remark(
            code="request.contenttype", seen=say("contenttype is {contenttype}.", contenttype=_shown(contenttype))
        )
    if random is not None and _number(random, 0, RANDOM_MAX) is None:
        yield Remark(code="request.random", seen=say("random is {random}.", random=_shown(random)))
    elif random is not None and _looks_constant(random):
        yield Remark(
            code="request.random-constant", seen=say("random is {random}, which looks like a constant.", random=random)
        )


def _number(text: str, least: int, most: int) -> int | None:
    number = int(text) if re.fullmatch(r"[0-9]{1,10}", text) else -1
    return number if least <= number <= most else None


def _looks_constant(random: str) -> bool:
    """Tell whether a person typed it: one digit over and over, or digits that count up."""
    return len(set(random)) == 1 or random in "0123456789" or random in "1234567890"


def _usersig(parameters: _Parameters, now: float) -> Iterator[Remark]:
    text = parameters.shown("usersig")
    if text is None or not text.strip():
        return
    sig = usersig.decode(text)
    if isinstance(sig, UserSigFault):
        yield Remark(code=_fault_code(sig, text), seen=sig.detail)
        return
    if sig.expires_at <= now:
        yield Remark(code="request.usersig-expired", seen=say("The usersig has expired by this host's clock."))
    elif sig.issued_at > now:
        yield Remark(
            code="request.usersig-not-yet-valid", seen=say("The usersig was made later than now, by this host's clock.")
        )
    yield from _owner(sig, parameters)


def _fault_code(fault: UserSigFault, text: str) -> str:
    if fault.kind in {"double-encoded", "truncated"}:
        return f"request.usersig-{fault.kind}"
    standard = fault.kind in {"charset", "whitespace"} and re.search(r"[+/= ]", text)
    return "request.usersig-alphabet" if standard else "request.usersig-malformed"


def _owner(sig: UserSig, parameters: _Parameters) -> Iterator[Remark]:
    sdkappid, identifier = parameters.shown("sdkappid"), parameters.shown("identifier")
    if sdkappid is not None and sdkappid != str(sig.sdkappid):
        seen = say(
            "The usersig is for SDKAppID {sdkappid}, the URL says {other}.",
            sdkappid=sig.sdkappid,
            other=_shown(sdkappid),
        )
        yield Remark(code="request.usersig-other-app", seen=seen)
    if identifier is not None and identifier != sig.identifier:
        seen = say(
            "The usersig is for {identifier}, the URL says {other}.",
            identifier=_shown(sig.identifier),
            other=_shown(identifier),
        )
        yield Remark(code="request.usersig-other-identifier", seen=seen)


def _domain(call: Called, parameters: _Parameters) -> Iterator[Remark]:
    parts = call.parts
    host = parts.hostname if parts else None
    if parts is None or host is None or hidden(host):
        return
    if parts.port not in {None, HTTPS_PORT}:
        yield Remark(code="request.port", seen=say("The port is {port}.", port=parts.port))
    site = site_of_domain(host)
    if ":" in host or re.fullmatch(r"[0-9.]+", host):
        yield Remark(code="request.address", seen=say("The host is the address {host}.", host=_shown(host)))
    elif site is None:
        yield Remark(code="request.unknown-domain", seen=say("The host is {host}.", host=_shown(host)))
    elif not site.current:
        yield Remark(code="request.former-domain", seen=say("The domain is that of {site}.", site=site.name))
    sdkappid = _number(parameters.shown("sdkappid") or "", 1, HIGHEST_SDKAPPID)
    likely = site_of_sdkappid(sdkappid) if sdkappid is not None else None
    if site is not None and likely is not None and likely.name != site.name:
        seen = say(
            "SDKAppID {sdkappid} looks like one of {likely} ({primary}), the domain is that of {site}.",
            sdkappid=sdkappid,
            likely=likely.name,
            primary=likely.primary,
            site=site.name,
        )
        yield Remark(code="request.site-mismatch", seen=seen)


def _body(call: Called) -> Iterator[Remark]:
    if call.body is None or call.unseen_body:
        return
    if not call.body.strip():
        yield Remark(code="request.empty-body", seen=say("The request has no body."))
        return
    read = strictjson.read(call.body.encode("utf-8", "surrogatepass"))
    if isinstance(read, str):
        yield Remark(code="request.body-not-json", seen=say("The body is no JSON object: {read}.", read=read))
    if call.content_type is not None and "json" not in call.content_type.lower():
        yield Remark(
            code="request.content-type",
            seen=say("The header Content-Type is {content_type}.", content_type=_shown(call.content_type)),
        )


def _transport(call: Called) -> Iterator[Remark]:
    """Judge the time limits, the connection and its trust."""
    if call.max_time is not None and 0 < call.max_time <= BACKEND_TIMEOUT:
        yield Remark(
            code="request.timeout-too-short",
            seen=say("The request gives up after {max_time:g} s.", max_time=call.max_time),
        )
    if call.connect_timeout is not None and 0 < call.connect_timeout <= BACKEND_TIMEOUT:
        yield Remark(
            code="request.connect-timeout",
            seen=say("The connection is given up after {connect_timeout:g} s.", connect_timeout=call.connect_timeout),
        )
    connection = {value.lower() for name, value in call.headers if name == "connection"}
    if "close" in connection:
        yield Remark(code="request.no-keepalive", seen=say("The request says Connection: close."))
    elif call.http10 and "keep-alive" not in connection:
        yield Remark(code="request.no-keepalive", seen=say("HTTP/1.0 is asked for, without Connection: keep-alive."))
    if call.insecure:
        yield Remark(code="request.insecure", seen=say("The server's certificate is not verified."))


def _unseen(call: Called, parameters: _Parameters) -> Iterator[str]:
    if call.method is None:
        yield say("the method, the body and the time limit, which a URL does not show")
    elif call.unseen_body:
        yield say("the body, which comes from elsewhere")
    names = [name for name in NAMES if parameters.said.get(name) and hidden(parameters.said[name])]
    if names:
        yield say("{names}: something stands for the value", names=", ".join(names))


def _corrected(call: Called, parameters: _Parameters, random: int) -> str:
    parts = call.parts
    host = (parts.hostname if parts else None) or "console.tim.qq.com"
    service, command = [*(parts.path if parts else "").split("/")[2:4], "", ""][:2]
    named = {"service": service, "command": command}
    path = "/".join(name if re.fullmatch(r"\w+", name, re.ASCII) else _STAND_INS[kind] for kind, name in named.items())
    drawn = parameters.shown("random") or ""
    query = {
        **{name: parameters.shown(name) or _STAND_INS[name] for name in ("sdkappid", "identifier")},
        "usersig": "***",
        "random": str(random if _number(drawn, 0, RANDOM_MAX) is None else int(drawn)),
        "contenttype": "json",
    }
    pairs = (f"{name}={quote(value, safe='*', errors='surrogatepass')}" for name, value in query.items())
    return f"https://{f'[{host}]' if ':' in host else host}/v4/{path}?{'&'.join(pairs)}"


def _shown(text: str) -> str:
    """Return somebody's text for a remark: quoted and cut."""
    return repr(text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…")
