"""`imdoctor lint` as whole processes: from an argument, a file and standard input; exit codes; and no usersig anywhere."""

import json
import shlex
import time
from pathlib import Path

import pytest

from imdoctor.im.lint_rules import RULES
from imdoctor.im.usersig import make
from tests.cli.process import KEY, Done, here, imdoctor

SIG = make(key=KEY, sdkappid=1400000000, identifier="administrator", time=int(time.time()) - 60, expire=86400)
QUERY = f"sdkappid=1400000000&identifier=administrator&usersig={SIG}&random=4711&contenttype=json"
GOOD = f"https://console.tim.qq.com/v4/im_open_login_svc/account_check?{QUERY}"
CLEAN = shlex.join(["curl", "-X", "POST", GOOD, "--json", '{"CheckItem": []}'])
WARNED = f"{CLEAN} -m 3"
WRONG = CLEAN.replace("https", "http").replace("&contenttype=json", "")


def silent(done: Done) -> Done:
    """See to it that the usersig is nowhere."""
    assert SIG not in done.out + done.err
    return done


CODES: dict[str, tuple[str, tuple[str, ...], int]] = {
    "clean": (CLEAN, (), 0),
    "clean, strictly": (CLEAN, ("--fail-on=warn",), 0),
    "warnings": (WARNED, (), 0),
    "warnings, strictly": (WARNED, ("--fail-on=warn",), 1),
    "failures": (WRONG, (), 2),
    "failures, strictly": (WRONG, ("--fail-on=warn",), 2),
    "the worst of several": (f"{CLEAN} http://a", (), 2),
}


@pytest.mark.parametrize("name", CODES)
def test_exit_codes(tmp_path: Path, name: str) -> None:
    """The exit code is the worst remark's, in both formats."""
    text, arguments, code = CODES[name]
    for extra in ((), ("--format=json",)):
        done = silent(imdoctor(tmp_path, "lint", "-", *arguments, *extra, stdin=text))
        assert (done.code, done.err) == (code, "")


def test_what_is_told(tmp_path: Path) -> None:
    """For people: what was seen, what is right and who says so, what to do, and the URL as it should be."""
    out = " ".join(silent(imdoctor(tmp_path, "lint", "-", stdin=WRONG)).out.split())
    assert out.startswith("FAILED: 2 FAIL, 0 WARN, 0 info FAIL request.not-https: The URL's scheme is 'http'.")
    assert (
        'Right: The API is called by HTTPS only. (the "RESTful API Overview" of 2020-02-20) Do: Write https://.' in out
    )
    assert f"The URL as it should be: {GOOD.replace(SIG, '***')}" in out
    assert out.endswith("More: `imdoctor explain request.not-https`.")


def test_a_clean_request_is_said_to_be_so(tmp_path: Path) -> None:
    """Nothing against it is what the first line says."""
    assert silent(imdoctor(tmp_path, "lint", "-", stdin=CLEAN)).out.startswith("NOTHING AGAINST IT: 0 FAIL")


def test_json(tmp_path: Path) -> None:
    """For programs: each remark with its rule."""
    told = json.loads(silent(imdoctor(tmp_path, "lint", "-", "--format=json", stdin=WRONG)).out)
    (request,) = told["requests"]
    assert (told["exit_code"], request["status"], request["unseen"]) == (2, "fail", [])
    assert request["corrected"] == GOOD.replace(SIG, "***")
    first, second = request["remarks"]
    assert second["code"] == "request.no-contenttype"
    rule = RULES["request.not-https"]
    assert first == {
        "code": "request.not-https",
        "seen": "The URL's scheme is 'http'.",
        "severity": "fail",
        "says": rule.says,
        "source": rule.source,
        "instead": rule.instead,
    }


def test_an_argument_and_a_file(tmp_path: Path) -> None:
    """A request comes by an argument, which is warned of when it holds a usersig, or by a file, which is not."""
    (tmp_path / "call").write_text(CLEAN)
    done = silent(imdoctor(tmp_path, "lint", CLEAN))
    assert done.code == 0
    assert "seen by every user of this host" in done.err
    assert silent(imdoctor(tmp_path, "lint", CLEAN.replace(SIG, "$SIG"))).err == ""
    done = silent(imdoctor(tmp_path, "lint", "--file=call"))
    assert (done.code, done.err) == (0, "")


def test_a_usersig_in_the_wrong_place_is_not_shown(tmp_path: Path) -> None:
    """A usersig in a path, a name, another parameter or a header's place is not repeated."""
    for text in (
        GOOD.replace("/v4/", f"/{SIG}/"),
        GOOD.replace("identifier=", f"{SIG}="),
        GOOD.replace("administrator", SIG),
        GOOD.replace("4711", SIG),
        GOOD.replace("usersig=", "sig="),
        GOOD.replace("usersig=", "x="),
        f"curl -X {SIG} {GOOD}",
        f"curl 'https://{SIG}/v4/a/b'",
    ):
        done = imdoctor(tmp_path, "lint", "-", stdin=text)
        assert done.code == 2
        for part in range(0, len(SIG) - 40, 20):
            assert SIG[part : part + 40] not in done.out + done.err


BAD: dict[str, tuple[tuple[str, ...], str]] = {
    "nothing": ((), "name one request"),
    "two": (("https://a", "--file=b"), "name one request"),
    "no request": (("hello",), "this is no request: it is no URL and no curl command line"),
    "a secret that is no request": ((KEY,), "this is no request"),
    "no such file": (("--file=gone",), "gone does not exist"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_request(tmp_path: Path, name: str) -> None:
    """What is no request at all is a usage error."""
    arguments, sentence = BAD[name]
    done = here(tmp_path, "lint", *arguments)
    assert (done.code, done.out) == (64, "")
    assert sentence in " ".join(done.err.split())
    assert KEY not in done.err
