"""A curl command line is read as curl and the shell read it."""

import re
import shlex
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote_plus

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from msgspec.structs import asdict

from imdoctor.im import curl, shell

CASES: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "a plain call": ("curl https://a", [{"url": "https://a", "method": "GET", "body": "", "content_type": None}]),
    "a body": (
        "curl https://a -d x",
        [{"method": "POST", "body": "x", "content_type": "application/x-www-form-urlencoded"}],
    ),
    "several bodies": ("curl https://a -d x --data-raw @y --data-binary z", [{"body": "x&@y&z", "body_hidden": False}]),
    "JSON": (
        "curl https://a --json '{' --json '}'",
        [{"method": "POST", "body": "{}", "content_type": "application/json"}],
    ),
    "a form": ("curl https://a -F a=b", [{"method": "POST", "content_type": "multipart/form-data"}]),
    "a file for a body": ("curl https://a -d @x", [{"method": "POST", "body": "", "body_hidden": True}]),
    "a file to be encoded": ("curl https://a --data-urlencode x@y", [{"method": "POST", "body_hidden": True}]),
    "an upload": ("curl https://a -T x", [{"method": "PUT", "body_hidden": True}]),
    "encoded": (
        "curl https://a --data-urlencode 'a=b c' --data-urlencode '=&' --data-urlencode '*'",
        [{"body": "a=b+c&%26&%2A"}],
    ),
    "a body as the query": (
        "curl -G 'https://a/?x=1#f' -d y=2 --data-urlencode 'z=*'",
        [{"url": "https://a/?x=1&y=2&z=%2A#f", "method": "GET", "body": ""}],
    ),
    "a query of its own": (
        "curl https://a --url-query x=+ -d y",
        [{"url": "https://a?x=%2B", "body": "y", "method": "POST"}],
    ),
    "a method by name": ("curl https://a -XDELETE -d x", [{"method": "DELETE"}]),
    "the head": ("curl -I https://a", [{"method": "HEAD"}]),
    "headers": (
        "curl https://a -H 'A: b' --header 'C:d:e' -H 'D:' -H 'E;' -H @file",
        [{"headers": (("a", "b"), ("c", "d:e"))}],
    ),
    "a type of one's own": ("curl https://a -d x -H 'content-type: text/json'", [{"content_type": "text/json"}]),
    "short options in one word": ("curl -sSkm2 https://a", [{"insecure": True, "max_time": 2.0}]),
    "a value in the same word": ("curl -XPOST -d{} https://a", [{"method": "POST", "body": "{}"}]),
    "long options": (
        "curl --insecure --max-time 1.5 --connect-timeout 2 --http1.0 https://a",
        [{"insecure": True, "max_time": 1.5, "connect_timeout": 2.0, "http10": True}],
    ),
    "times that are none": ("curl -m x --connect-timeout '' https://a", [{"max_time": None, "connect_timeout": None}]),
    "options that do not matter": (
        "curl -o /dev/null -w '%{http_code}' -A agent -x http://proxy:3128 --retry 3 --compressed -v https://a",
        [{"url": "https://a", "method": "GET"}],
    ),
    "an option that nobody knows": ("curl --brand-new https://a", [{"url": "https://a"}]),
    "a URL by name": ("curl --url https://a", [{"url": "https://a"}]),
    "the end of the options": ("curl -- https://a", [{"url": "https://a"}]),
    "several URLs": (
        "curl https://a https://b -d x",
        [{"url": "https://a", "body": "x"}, {"url": "https://b", "body": "x"}],
    ),
    "several commands in one": (
        "curl -k https://a --next -d x https://b",
        [
            {"url": "https://a", "insecure": True, "method": "GET"},
            {"url": "https://b", "insecure": False, "method": "POST"},
        ],
    ),
    "lines that go on": ("curl \\\n  https://a \\\r\n  -d x", [{"url": "https://a", "body": "x"}]),
    "a prompt and variables before it": ("$ sudo env A=b /usr/bin/curl https://a", [{"url": "https://a"}]),
    "an & outside of quotes": (
        "curl https://a/?x=1&y=2 -d z",
        [{"url": "https://a/?x=1&y=2", "body": "z", "ampersand": True}],
    ),
    "an & within quotes": ("curl 'https://a/?x=1&y=2'", [{"url": "https://a/?x=1&y=2", "ampersand": False}]),
    "a job in the background": ("curl https://a & wait", [{"url": "https://a", "ampersand": False}]),
    "a pipe": ("curl https://a | jq -d x", [{"url": "https://a", "body": ""}]),
    "a redirection": ("curl https://a > -d", [{"url": "https://a", "body": ""}]),
    "a fragment": ("curl https://a/#b", [{"url": "https://a/#b"}]),
    "a host without a scheme": ("curl a", [{"url": "a"}]),
    "a URL alone": (" https://a/b?c=d ", [{"url": "https://a/b?c=d", "method": None, "body": None}]),
    "a URL alone with a quote": ("https://a/?c='", [{"url": "https://a/?c='"}]),
    "a redirection before the URL": ("curl >out 2>/dev/null https://a -d x", [{"url": "https://a", "body": "x"}]),
    "streams put together": ("curl https://a 2>&1 -d x", [{"url": "https://a", "body": "x"}]),
    "the end of a line": ("curl https://a\n-d x", [{"url": "https://a", "body": ""}]),
    "lines of their own": (
        "curl https://a\ncurl -d x https://b",
        [{"url": "https://a"}, {"url": "https://b", "body": "x"}],
    ),
    "a comment": ("# -m 2\ncurl https://a#b # -m 3", [{"url": "https://a#b", "max_time": None}]),
    "a backslash at the end": ("curl https://a -d x \\\n", [{"url": "https://a", "body": "x"}]),
    "a blank after a backslash": ("curl https://a \\ \n -d x", [{"url": "https://a", "body": "x"}]),
    "a prompt on the next line": ("$ curl https://a \\\n> -d x", [{"url": "https://a", "body": "x"}]),
    "after a pipe": ("echo x | curl -d @- https://a", [{"url": "https://a", "body_hidden": True}]),
    "after another command": ("cd /tmp && curl https://a; true", [{"url": "https://a"}]),
    "a prompt that says where": ("[root@web ~]# curl -d x https://a", [{"url": "https://a", "body": "x"}]),
    "a prompt of PowerShell": ("PS C:\\> curl.exe https://a", [{"url": "https://a"}]),
    "another user's": ("sudo -u www env -i HOME=/ curl https://a", [{"url": "https://a"}]),
    "a time from outside": ("timeout -k 1 2.5s curl https://a -m 5", [{"max_time": 2.5}]),
    "minutes from outside": ("timeout 2m curl https://a", [{"max_time": 120.0}]),
    "the lesser of two times": ("timeout 9 curl https://a -m 2", [{"max_time": 2.0}]),
    "times as strtod reads them": (
        "curl https://a -m .5 --connect-timeout 2.",
        [{"max_time": 0.5, "connect_timeout": 2.0}],
    ),
    "a value after =": ("curl --max-time=2.5 --url=https://a?b=c", [{"url": "https://a?b=c", "max_time": 2.5}]),
    "as a browser copies for bash": (
        r"""curl 'https://a' --data-raw $'{"a":"it\'s \u4f60\u0021\n\x41\101\ud83d\ude00"}' --compressed""",
        [{"url": "https://a", "body": '{"a":"it\'s \u4f60!\nAA\U0001f600"}'}],
    ),
    "as a browser copies for cmd.exe": (
        'curl ^"https://a/?b=c^&d=e^" ^\r\n  -H ^"Content-Type: application/json^" ^\r\n  --data-raw ^"^{^\\^"a^\\^":1^}^"',
        [{"url": "https://a/?b=c&d=e", "body": '{"a":1}', "content_type": "application/json", "ampersand": False}],
    ),
    "lines in a body, as a browser copies them for cmd.exe": (
        'curl ^"https://a^" ^\r\n  --data-raw ^"^{^\r\n\r\n^\\^"a^\\^":1^\r\n\r\n^}^"',
        [{"url": "https://a", "body": '{\n"a":1\n}'}],
    ),
    "a body that looks like it": ('curl https://a -d \'{"a": "^"}\'', [{"body": '{"a": "^"}'}]),
    "PowerShell": ('curl.exe `\n  -d "{`"a`":1}" `\r\n  https://a', [{"url": "https://a", "body": '{"a":1}'}]),
    "what another program says": (
        "curl https://a -d \"$(date +'%s')\"",
        [{"url": "https://a", "body": "$(date +'%s')"}],
    ),
    "a block of Markdown": ("```sh\ncurl https://a\n```", [{"url": "https://a"}]),
    "a URL in angle brackets": ("<https://a/b?c=d>", [{"url": "https://a/b?c=d", "method": None}]),
    "a URL in quotes": ("'https://a/b?c=d'\n", [{"url": "https://a/b?c=d"}]),
    "a URL in typographic quotes": ("\u201chttps://a/b?c=d\u201d", [{"url": "https://a/b?c=d"}]),
    "a URL in Chinese": ("https://a/\u7fa4?c=\u7ec4", [{"url": "https://a/\u7fa4?c=\u7ec4"}]),
    "a URL without its scheme": ("console.tim.qq.com/v4/a/b?c=d", [{"url": "console.tim.qq.com/v4/a/b?c=d"}]),
}


@pytest.mark.parametrize("name", CASES)
def test_command_lines(name: str) -> None:
    """Each command line makes the requests that curl would send."""
    text, wanted = CASES[name]
    calls = curl.read(text)
    assert isinstance(calls, tuple), calls
    assert len(calls) == len(wanted)
    for call, expected in zip(calls, wanted, strict=True):
        seen = asdict(call)
        assert {key: seen[key] for key in expected} == expected


NONE = {
    "nothing": ("", "no URL"),
    "a word": ("hello", "no URL"),
    "a sentence": ("call console.tim.qq.com/v4/a/b now", "no URL"),
    "another program": ("wget https://a", "no URL"),
    "curl alone": ("curl", "has no URL"),
    "curl without a URL": ("curl -X POST -d x", "has no URL"),
    "a quotation that does not end": ("curl 'https://a", "quotation"),
    "typographic quotes": ("curl -d \u201c{}\u201d https://a", "typographic quotes"),
    "a dash of typesetting": ("curl \u2014d x https://a", "typographic quotes"),
    "a sentence about curl": ("# we call it by curl now", "no URL"),
    "what curl says": ("curl: (28) Operation timed out", "no URL"),
    "a package": ("apt-get install curl https://a", "no URL"),
    "a URL without a host": ("https://", "no URL"),
    "a port that is none": ("https://a:x/", "no URL"),
    "a broken address": ("https://[::1/", "no URL"),
}


@pytest.mark.parametrize("name", NONE)
def test_what_is_no_request(name: str) -> None:
    """What makes no request is told so in a few words."""
    text, sentence = NONE[name]
    told = curl.read(text)
    assert isinstance(told, str)
    assert sentence in told


class Heard(BaseHTTPRequestHandler):
    """Notes what a request was, and answers with nothing."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        """Note the request."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        told = (self.command, self.path, body.decode(), self.headers.get("Content-Type"))
        self.server.heard.append(told)  # type: ignore[attr-defined]  # the server below
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def __getattr__(self, name: str) -> object:
        """Answer every method alike, by do_GET, do_POST and so on."""
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Listening(ThreadingHTTPServer):
    """A server on loopback, and what it heard."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Heard)
        self.heard: list[tuple[str, str, str, str | None]] = []


@pytest.fixture
def listening() -> Iterator[Listening]:
    """Give a server that listens."""
    with Listening() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


REAL = (
    "curl URL/a?x=1",
    "curl 'URL/a?x=1&y=%2A' -d '{\"a\": \"b c\"}'",
    "curl -XPOST -H 'Content-Type: application/json' 'URL/a' --data-raw '@x'",
    "curl \\\n  --url URL/a \\\n  -d x -d y --data-binary 'z z'",
    "curl -G 'URL/a?x=1#f' --data-urlencode 'y=a b&*' --data-urlencode '=-' -d z",
    "curl -sSXDELETE URL/a -dx",
    'curl URL/a URL/b -d "$HOME"',
    "curl URL/a -k --next -d x URL/b --next -I URL/c",
    "curl -X POST URL/a -H 'Content-Type:' -d x",
    "curl -o /dev/null -w '%{http_code}' -A agent --retry 0 --compressed -m 5 --connect-timeout 5 --http1.1 URL/a",
    "curl URL/a --data-urlencode 'a=1' --data-ascii 'b=2' -b c=d -e https://e -u f:g -r 0-1",
    "curl URL/a -d ''",
    "curl 2>&1 >/dev/null -d x URL/a # -d y",
    "curl URL/a -d a\ncurl URL/b -d b # and on\n",
    'echo z; FOO=1 timeout -k 1 9.5 curl -d $\'{"a":"it\\\'s \\u4f60\\x21\\041\\n"}\' URL/a | cat; true',
    'curl -d "a \\"b\\" \\$c \\d"$\'\\t\'\\e URL/a',
)


@pytest.mark.needs("program:curl")
@pytest.mark.parametrize("line", REAL)
def test_curl_itself_does_what_is_read(listening: Listening, line: str) -> None:
    """What curl sends when a shell runs the line is what is read from it: method, path, body and type, in turn."""
    text = line.replace("URL", f"http://127.0.0.1:{listening.server_port}")
    calls = curl.read(text.replace("$HOME", "/home"))
    assert isinstance(calls, tuple)
    environ = {"LC_ALL": "C.UTF-8", "HOME": "/home", "PATH": "/usr/local/bin:/usr/bin:/bin", "no_proxy": "*"}
    done = subprocess.run(["bash", "-c", text], env=environ, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    read = []
    for call in calls:
        parts = call.parts
        assert parts
        asked = f"{parts.path}?{parts.query}" if parts.query else parts.path
        read.append((call.method, asked, call.body, call.content_type))
    # Releases differ in the case of an escape's digits.
    assert [(told[0], unquote_plus(told[1]), *told[2:]) for told in listening.heard] == [
        (told[0], unquote_plus(told[1]), *told[2:]) for told in read
    ]


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=1))
def test_words_in_quotes_stay_as_they_are(words: list[str]) -> None:
    """What stands between single quotes is what the shell hands on, whatever it holds."""
    assume(not re.search(r"\^[\"\r\n]|`\s|\\\s|\\\Z", shlex.join(words)))  # the escapes of other shells
    assert [command.words for command in shell.commands(shlex.join(words))] == [tuple(words)]


@example('"' + "$(a)" * 60)  # without end, if a quote were tried in every way
@given(st.text(st.sampled_from("curl -d'\"`$()\\\n&|<>#^;= hx:/")) | st.text())
def test_whatever_the_text(text: str) -> None:
    """No text raises, nor takes for ever: quotes that do not end are told as such."""
    for line in (text, f"curl {text}", f'curl "{text}' * 50, f"$ {text}" * 500):
        assert isinstance(curl.read(line), tuple | str)
