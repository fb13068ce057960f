"""What the documents say against a request: a table with a row on each side of every rule."""

import re
import shlex

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.pretty import pretty_repr

from imdoctor.im import curl
from imdoctor.im.called import Called
from imdoctor.im.lint import lint
from imdoctor.im.lint_rules import RULES
from imdoctor.im.request import api_request
from tests.im.test_usersig import SDKAPPID, TIME, golden

SIG = golden()
NOW = TIME + 1.0
GOOD = f"https://console.tim.qq.com/v4/a/b?sdkappid=1400000000&identifier=xiaojun&usersig={SIG}&random=4711&contenttype=json"


def post(url: str = GOOD, *more: str, body: str = "{}") -> str:
    """Return the curl command line of a call as it should be, with changes."""
    return shlex.join(["curl", url, "-H", "Content-Type: application/json", "-d", body, *more])


def url(**changes: str | None) -> str:
    """Return the URL with other parameters; None takes one out."""
    base, _, query = GOOD.partition("?")
    pairs = dict(piece.split("=", 1) for piece in query.split("&")) | changes
    return f"{base}?{'&'.join(f'{name}={value}' for name, value in pairs.items() if value is not None)}"


CASES: dict[str, tuple[str, list[str]]] = {
    "a call as it should be": (post(), []),
    "a URL as it should be": (GOOD, []),
    "plain HTTP": (post(GOOD.replace("https", "http")), ["request.not-https"]),
    "no scheme": (post(GOOD.removeprefix("https://")), ["request.not-https"]),
    "another scheme": (GOOD.replace("https", "ftp"), ["request.not-https"]),
    "a scheme in capitals": (GOOD.replace("https", "HTTPS"), []),
    "GET by curl's default": (f"curl '{GOOD}'", ["request.method", "request.empty-body"]),
    "GET by name": (post(GOOD, "-X", "GET"), ["request.method"]),
    "post in small letters": (post(GOOD, "-X", "post"), ["request.method"]),
    "POST by name": (post(GOOD, "-X", "POST"), []),
    "version 3": (GOOD.replace("v4", "v3"), ["request.version"]),
    "version 4 in a capital": (GOOD.replace("v4", "V4"), ["request.version"]),
    "no version": (GOOD.replace("/v4", ""), ["request.path"]),
    "a path too long": (GOOD.replace("/a/b", "/a/b/c"), ["request.path"]),
    "a path that ends in a slash": (GOOD.replace("/a/b", "/a/b/"), ["request.path"]),
    "no path": (GOOD.replace("/v4/a/b", ""), ["request.path"]),
    "a name in another case": (GOOD.replace("sdkappid", "sdkAppId"), ["request.parameter-case"]),
    "a name with a line": (GOOD.replace("contenttype", "content_type"), ["request.parameter-case"]),
    "no SDKAppID": (url(sdkappid=None), ["request.no-sdkappid"]),
    "an empty SDKAppID": (url(sdkappid=""), ["request.no-sdkappid"]),
    "no identifier": (url(identifier=None), ["request.no-identifier"]),
    "no usersig": (url(usersig=None), ["request.no-usersig"]),
    "an empty usersig": (url(usersig=""), ["request.no-usersig"]),
    "a blank for a usersig": (url(usersig="%20"), ["request.no-usersig"]),
    "no random": (url(random=None), ["request.no-random"]),
    "no contenttype": (url(contenttype=None), ["request.no-contenttype"]),
    "one that stands twice": (f"{GOOD}&random=2147483647", ["request.duplicate-parameter"]),
    "one that stands twice in two cases": (
        f"{GOOD}&Random=2147483647",
        ["request.parameter-case", "request.duplicate-parameter"],
    ),
    "one that is unknown": (f"{GOOD}&callback=x", ["request.unknown-parameter"]),
    "a fragment": (f"{GOOD}#x", ["request.fragment"]),
    "an empty fragment": (f"{GOOD}#", []),
    "an SDKAppID in letters": (url(sdkappid="abc"), ["request.sdkappid", "request.usersig-other-app"]),
    "an SDKAppID of 0": (url(sdkappid="0"), ["request.sdkappid", "request.usersig-other-app"]),
    "an SDKAppID of 33 bits": (url(sdkappid="4294967296"), ["request.sdkappid", "request.usersig-other-app"]),
    "an identifier of 32 bytes": (url(identifier="a" * 32), ["request.usersig-other-identifier"]),
    "an identifier of 33 bytes": (url(identifier="a" * 33), ["request.identifier", "request.usersig-other-identifier"]),
    "another contenttype": (url(contenttype="JSON"), ["request.contenttype"]),
    "random at its least": (url(random="0"), ["request.random-constant"]),
    "random at its most": (url(random="4294967295"), []),
    "random beyond its most": (url(random="4294967296"), ["request.random"]),
    "random below its least": (url(random="-1"), ["request.random"]),
    "a random that is no number": (url(random="0.5"), ["request.random"]),
    "a random of one digit": (url(random="99999999"), ["request.random-constant"]),
    "a random that counts": (url(random="12345678"), ["request.random-constant"]),
    "a random that nearly counts": (url(random="12345679"), []),
    "encoded twice": (url(usersig=f"{SIG[:-1]}%252A"), ["request.usersig-double-encoded"]),
    "encoded once": (url(usersig=SIG.replace("-", "%2D").replace("*", "%2A").replace("_", "%5F")), []),
    "base64's own +": (url(usersig=f"{SIG[:20]}+{SIG[21:]}"), ["request.usersig-alphabet"]),
    "base64's own =": (url(usersig=f"{SIG[:-1]}="), ["request.usersig-alphabet"]),
    "a blank where a + was": (url(usersig=f"{SIG[:20]}%20{SIG[21:]}"), ["request.usersig-alphabet"]),
    "cut off": (url(usersig=SIG[:-6]), ["request.usersig-truncated"]),
    "no usersig at all": (url(usersig="abcd"), ["request.usersig-malformed"]),
    "characters of no base64": (url(usersig="ab.d"), ["request.usersig-malformed"]),
    "another app's": (url(sdkappid="1400000001"), ["request.usersig-other-app"]),
    "another account's": (url(identifier="Xiaojun"), ["request.usersig-other-identifier"]),
    "another site's domain": (
        GOOD.replace("console.tim.qq.com", "adminapisgp.im.qcloud.com"),
        ["request.site-mismatch"],
    ),
    "the backup domain": (GOOD.replace("console.tim.qq.com", "adminapi.my-imcloud.com"), []),
    "a domain in capitals": (GOOD.replace("console.tim.qq.com", "Console.tim.QQ.com"), []),
    "an unknown domain": (GOOD.replace("console.tim.qq.com", "im.example.com"), ["request.unknown-domain"]),
    "a former domain": (
        GOOD.replace("console.tim.qq.com", "adminapiind.im.qcloud.com"),
        ["request.site-mismatch", "request.former-domain"],
    ),
    "an address": (GOOD.replace("console.tim.qq.com", "203.0.113.7"), ["request.address"]),
    "an IPv6 address": (GOOD.replace("console.tim.qq.com", "[2001:db8::1]"), ["request.address"]),
    "another port": (GOOD.replace("qq.com", "qq.com:8443"), ["request.port"]),
    "the port itself": (GOOD.replace("qq.com", "qq.com:443"), []),
    "an empty body": (post(body=""), ["request.empty-body"]),
    "a POST without a body": (f"curl -X POST '{GOOD}'", ["request.empty-body"]),
    "a body that is no JSON": (post(body="{'a': 1}"), ["request.body-not-json"]),
    "a body that is no object": (post(body="[]"), ["request.body-not-json"]),
    "a form for a body": (
        f"curl '{GOOD}' -F a=b",
        ["request.body-not-json", "request.content-type"],
    ),
    "a body in curl's own type": (f"curl '{GOOD}' -d '{{}}'", ["request.content-type"]),
    "a body by --json": (f"curl '{GOOD}' --json '{{}}'", []),
    "a body from a file": (f"curl '{GOOD}' --json @body.json", []),
    "a body from a variable": (f"curl '{GOOD}' --json \"$BODY\"", []),
    "a variable in the body": (f"curl '{GOOD}' --json '{{\"a\": $A}}'", []),
    "everything as variables": (
        "curl --json '{}' \"https://console.tim.qq.com/v4/a/b?sdkappid=$APP&identifier=${ID}&usersig=***&random=$R&contenttype=json\"",
        [],
    ),
    "3 seconds": (post(GOOD, "-m", "3"), ["request.timeout-too-short"]),
    "3 seconds in one word": (post(GOOD, "-sm3.0"), ["request.timeout-too-short"]),
    "more than 3 seconds": (post(GOOD, "--max-time", "3.1"), []),
    "no limit": (post(GOOD, "-m", "0"), []),
    "3 seconds to connect": (post(GOOD, "--connect-timeout", "3"), ["request.connect-timeout"]),
    "more than 3 seconds to connect": (post(GOOD, "--connect-timeout", "4"), []),
    "HTTP/1.0": (post(GOOD, "--http1.0"), ["request.no-keepalive"]),
    "HTTP/1.0 in short": (post(GOOD, "-0"), ["request.no-keepalive"]),
    "HTTP/1.0 kept alive": (post(GOOD, "-0", "-H", "Connection: Keep-Alive"), []),
    "Connection: close": (post(GOOD, "-H", "Connection: close"), ["request.no-keepalive"]),
    "an unverified certificate": (post(GOOD, "-k"), ["request.insecure"]),
    "an & outside of quotes": (f"curl --json '{{}}' {GOOD}", ["request.unquoted-ampersand"]),
    "the options after it": (f"curl {GOOD} --json '{{}}'", ["request.unquoted-ampersand"]),
    "a command after it": (f"{post()} && echo done", []),
}


def codes(call: Called, now: float = NOW) -> list[str]:
    """Return the codes of what is said against a request."""
    return [remark.code for remark in lint(call, now=now, random=7).remarks]


def read(text: str) -> tuple[Called, ...]:
    """Return the requests of a text that must make some."""
    calls = curl.read(text)
    assert isinstance(calls, tuple), calls
    return calls


@pytest.mark.parametrize("name", CASES)
def test_each_rule(name: str) -> None:
    """What breaks a rule is told by its code, and what keeps to it is not."""
    text, wanted = CASES[name]
    (call,) = read(text)
    assert codes(call) == wanted


@pytest.mark.parametrize(
    ("now", "wanted"),
    [
        (TIME, []),
        (TIME - 1, ["request.usersig-not-yet-valid"]),
        (TIME + 15551999, []),
        (TIME + 15552000, ["request.usersig-expired"]),
    ],
)
def test_the_usersigs_time(now: float, wanted: list[str]) -> None:
    """A usersig counts from its time on, and until its end."""
    assert codes(read(GOOD)[0], now) == wanted


def test_every_rule_has_a_row() -> None:
    """No rule stands there that no row breaks, and no remark lacks its rule."""
    broken = {code for _, wanted in CASES.values() for code in wanted}
    assert broken | {"request.usersig-not-yet-valid", "request.usersig-expired"} == set(RULES)


def test_what_a_text_does_not_show_is_said() -> None:
    """A URL shows neither method nor body; a variable shows no value."""
    assert lint(read(GOOD)[0], now=NOW, random=7).unseen[0].startswith("the method, the body and the time limit")
    (call,) = read(f"curl '{GOOD.replace(SIG, '$SIG')}' -d @body")
    assert lint(call, now=NOW, random=7).unseen == (
        "the body, which comes from elsewhere",
        "usersig: something stands for the value",
    )


def test_our_own_requests_are_clean() -> None:
    """What imdoctor itself sends has nothing against it."""
    ours = api_request(
        service="a", command="b", sdkappid=SDKAPPID, identifier="xiaojun", usersig=SIG, body=None, random=4711
    )
    assert codes(read(f"https://console.tim.qq.com{ours.path}")[0]) == []


def test_the_corrected_url() -> None:
    """The corrected URL has what was right, a drawn random, stand-ins for what is missing, and no usersig."""
    wrong = "http://console.tim.qq.com/v3/a/b?sdkAppId=1400000000&usersig=eJx&random=x&callback=y#z"
    assert lint(read(wrong)[0], now=NOW, random=7).corrected == (
        "https://console.tim.qq.com/v4/a/b?sdkappid=1400000000&identifier=ADMIN&usersig=***&random=7&contenttype=json"
    )


@pytest.mark.parametrize("name", [name for name, (_, wanted) in CASES.items() if "address" not in name and wanted])
def test_the_corrected_url_is_clean(name: str) -> None:
    """Nothing that the URL alone decides speaks against a corrected URL, except for its domain and its values."""
    (call,) = read(CASES[name][0])
    (again,) = read(lint(call, now=NOW, random=4711).corrected)
    left = set(codes(again)) - {"request.random-constant", "request.sdkappid", "request.identifier"}
    assert not left - {"request.site-mismatch", "request.unknown-domain", "request.former-domain"}


# What people paste, and what breaks parsers.
PIECES = st.sampled_from(
    (
        *(
            "curl ",
            "-X ",
            "POST ",
            "-d ",
            "-G ",
            "--data-urlencode ",
            "--next ",
            "-m ",
            "3",
            "'",
            '"',
            "\\",
            "\n",
            " ",
            "$",
            "{}",
            "@",
        ),
        *(
            "https://",
            "[",
            "]",
            ":",
            "/v4/",
            "?",
            "&",
            "=",
            "#",
            "%",
            "%25",
            "usersig",
            "sdkappid",
            SIG,
            GOOD,
            "管",
            "\udcff",
        ),
    )
)


@given(st.lists(PIECES | st.text(max_size=4), max_size=20).map("".join))
@example("curl 'https://[::1'")
@example("https://a:99999/v4/a/b?sdkappid=1")
@example("curl https://a:0/")
@example("a/v4/?=")
@example(f"curl {GOOD} -d \udcff --data-urlencode \udcff")
def test_no_text_breaks_it_or_gets_its_usersig_shown(text: str) -> None:
    """Any text makes requests or none, any request is judged, and no remark or repr shows a usersig."""
    calls = curl.read(text)
    for call in calls if isinstance(calls, tuple) else ():
        found = lint(call, now=NOW, random=7)
        told = "".join(remark.seen for remark in found.remarks) + repr(call) + pretty_repr(call)
        assert SIG[:41] not in told
        assert SIG not in re.sub(r"(sdkappid|identifier)=[^&]*|//[^?]*", "", found.corrected)
