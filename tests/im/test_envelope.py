"""The envelope: what the gateway says is read, and everything else is told apart."""

import json

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from imdoctor.im.envelope import Envelope, EnvelopeFault, parse

UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no defect

GOOD: dict[str, tuple[str, Envelope]] = {
    "the gateway's root": (
        '{"ActionStatus":"FAIL","ErrorCode":60002,"ErrorInfo":"HTTP parse Error"}',
        Envelope(action_status="FAIL", error_code=60002, error_info="HTTP parse Error"),
    ),
    "success with more members": (
        '{"ErrorInfo":"","ActionStatus":"OK","ErrorCode":0,"ResultItem":[{"UserID":"a"}]}',
        Envelope(action_status="OK", error_code=0, error_info=""),
    ),
    "no ActionStatus, as getappinfo has it": (
        '{"ErrorCode":0,"ErrorInfo":"OK","Result":[]}',
        Envelope(action_status=None, error_code=0, error_info="OK"),
    ),
    "a failure without ActionStatus": (
        '{"ErrorCode":70001,"ErrorInfo":"x"}',
        Envelope(action_status=None, error_code=70001, error_info="x"),
    ),
    "white space around": (
        ' \r\n{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":""}\n',
        Envelope(action_status="OK", error_code=0, error_info=""),
    ),
    "Chinese text": (
        '{"ActionStatus":"FAIL","ErrorCode":80001,"ErrorInfo":"脏字过滤"}',
        Envelope(action_status="FAIL", error_code=80001, error_info="脏字过滤"),
    ),
    "a negative code": (
        '{"ActionStatus":"FAIL","ErrorCode":-1,"ErrorInfo":""}',
        Envelope(action_status="FAIL", error_code=-1, error_info=""),
    ),
    "the greatest code": (
        '{"ActionStatus":"FAIL","ErrorCode":4294967295,"ErrorInfo":""}',
        Envelope(action_status="FAIL", error_code=4294967295, error_info=""),
    ),
    "a member that stands twice but is not ours": (
        '{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":"","a":1,"a":2}',
        Envelope(action_status="OK", error_code=0, error_info=""),
    ),
    "the same names deeper down": (
        '{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":"","a":{"ErrorCode":1,"ErrorCode":2}}',
        Envelope(action_status="OK", error_code=0, error_info=""),
    ),
}

BAD: dict[str, tuple[bytes, str, str]] = {
    "no body": (b"", "not-json", "empty"),
    "blank": (b" \n", "not-json", "empty"),
    "a page": (b"<html><body>Log in</body></html>", "not-json", "character 0"),
    "a body cut short": (b'{"ActionStatus":"FAIL","ErrorC', "not-json", "no JSON at character"),
    "something after the object": (b'{"ErrorCode":0} x', "not-json", "Extra data"),
    "an array": (b'[{"ErrorCode":0}]', "not-json", "no JSON object"),
    "a string": (b'"OK"', "not-json", "no JSON object"),
    "null": (b"null", "not-json", "no JSON object"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "not-json", "byte order mark"),
    "no UTF-8": (b'{"ErrorInfo":"\xd6\xd0"}', "not-json", "not UTF-8 at byte 14"),
    "UTF-16": ('{"ErrorCode":0}'.encode("utf-16"), "not-json", "not UTF-8"),
    "UTF-16 without a mark": ('{"ErrorCode":0}'.encode("utf-16-le"), "not-json", "no JSON at character 1"),
    "not a number": (b'{"ActionStatus":"OK","ErrorCode":NaN,"ErrorInfo":""}', "not-json", "not finite"),
    "an infinite number": (
        b'{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":"","a":-Infinity}',
        "not-json",
        "not finite",
    ),
    "a number without end": (b'{"ErrorCode":' + b"1" * 5000 + b"}", "not-json", "too many digits"),
    "arrays without end": (b"[" * 200_000, "not-json", "nested too deeply"),
    "objects without end": (b'{"a":' * 200_000, "not-json", "nested too deeply"),
    "an empty object": (b"{}", "not-envelope", "no ActionStatus"),
    "another API's object": (b'{"code":0,"message":"ok"}', "not-envelope", "no ActionStatus"),
    "names in another case": (b'{"errorcode":0,"errorinfo":"","actionstatus":"OK"}', "not-envelope", "no ActionStatus"),
    "the fields deeper down only": (b'{"a":{"ErrorCode":0}}', "not-envelope", "no ActionStatus"),
    "no ErrorCode": (b'{"ActionStatus":"OK","ErrorInfo":""}', "bad-fields", "ErrorCode is missing"),
    "no ErrorInfo, success": (b'{"ActionStatus":"OK","ErrorCode":0}', "bad-fields", "ErrorInfo is missing"),
    "no ErrorInfo, failure": (b'{"ActionStatus":"FAIL","ErrorCode":60002}', "bad-fields", "ErrorInfo is missing"),
    "ActionStatus alone": (b'{"ActionStatus":"OK"}', "bad-fields", "ErrorCode is missing; ErrorInfo is missing"),
    "a code in quotes": (b'{"ActionStatus":"OK","ErrorCode":"0","ErrorInfo":""}', "bad-fields", "but a string"),
    "a code that is false": (b'{"ActionStatus":"OK","ErrorCode":false,"ErrorInfo":""}', "bad-fields", "but a boolean"),
    "a code with a fraction": (b'{"ActionStatus":"OK","ErrorCode":0.0,"ErrorInfo":""}', "bad-fields", "but a fraction"),
    "a null code": (b'{"ActionStatus":"OK","ErrorCode":null,"ErrorInfo":""}', "bad-fields", "but null"),
    "a code of 33 bits": (b'{"ActionStatus":"FAIL","ErrorCode":4294967296,"ErrorInfo":""}', "bad-fields", "32 bits"),
    "a code far below": (b'{"ActionStatus":"FAIL","ErrorCode":-2147483649,"ErrorInfo":""}', "bad-fields", "32 bits"),
    "an info that is null": (b'{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":null}', "bad-fields", "but null"),
    "an info that is a list": (b'{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":[]}', "bad-fields", "but an array"),
    "half a pair in the info": (b'{"ErrorCode":0,"ErrorInfo":"\\ud800"}', "bad-fields", "half a surrogate pair"),
    "a status in lower case": (b'{"ActionStatus":"ok","ErrorCode":0,"ErrorInfo":""}', "bad-fields", "but 'ok'"),
    "a status of its own": (b'{"ActionStatus":"\\ud800","ErrorCode":0,"ErrorInfo":""}', "bad-fields", "but '\\ud800'"),
    "a null status": (b'{"ActionStatus":null,"ErrorCode":0,"ErrorInfo":""}', "bad-fields", "but null"),
    "a status that is a list": (b'{"ActionStatus":[],"ErrorCode":0,"ErrorInfo":""}', "bad-fields", "but an array"),
    "a status that is an object": (
        b'{"ActionStatus":{"a":[]},"ErrorCode":0,"ErrorInfo":""}',
        "bad-fields",
        "an object",
    ),
    "OK with a code": (
        b'{"ActionStatus":"OK","ErrorCode":1,"ErrorInfo":""}',
        "bad-fields",
        "OK contradicts ErrorCode 1",
    ),
    "FAIL without one": (
        b'{"ActionStatus":"FAIL","ErrorCode":0,"ErrorInfo":""}',
        "bad-fields",
        "FAIL contradicts ErrorCode 0",
    ),
    "a field that stands twice": (
        b'{"ActionStatus":"FAIL","ErrorCode":60002,"ErrorInfo":"","ErrorCode":60002}',
        "bad-fields",
        "ErrorCode stands twice",
    ),
}


@pytest.mark.parametrize(("body", "envelope"), GOOD.values(), ids=GOOD)
def test_an_envelope_is_read(body: str, envelope: Envelope) -> None:
    """A well-formed envelope gives its three fields, whatever stands beside them."""
    assert parse(body.encode()) == envelope


@pytest.mark.parametrize(("body", "kind", "detail"), BAD.values(), ids=BAD)
def test_what_is_no_envelope_says_why(body: bytes, kind: str, detail: str) -> None:
    """Each way of not being an envelope has its kind and a short reason."""
    fault = parse(body)
    assert isinstance(fault, EnvelopeFault)
    assert fault.kind == kind
    assert detail in fault.detail
    assert len(fault.detail) <= 200


def test_a_reason_does_not_repeat_the_body() -> None:
    """A long hostile value leaves at most a few characters in the reason."""
    fault = parse(json.dumps({"ActionStatus": "x" * 100_000, "ErrorCode": "y" * 100_000, "ErrorInfo": 1}).encode())
    assert isinstance(fault, EnvelopeFault)
    assert "x" * 21 not in fault.detail
    assert "y" not in fault.detail.replace("array", "")


def test_a_hundred_thousand_members_are_read() -> None:
    """Many members, one of them twice, cost no more than reading them."""
    members = ",".join(f'"m{number}":0' for number in range(100_000))
    assert isinstance(parse(f'{{"ErrorCode":0,"ErrorInfo":"","m1":1,{members}}}'.encode()), Envelope)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
NAMES = st.sampled_from(["ActionStatus", "ErrorCode", "ErrorInfo", "Result"])


@UNTIMED
@given(st.binary())
@example(b'{"ErrorCode":1e400,"ErrorInfo":""}')
def test_no_bytes_raise(body: bytes) -> None:
    """Any bytes give an envelope or a fault whose reason can be printed."""
    found = parse(body)
    assert isinstance(found, Envelope | EnvelopeFault)
    if isinstance(found, EnvelopeFault):
        assert found.detail.encode()


@UNTIMED
@given(st.dictionaries(NAMES, JSON | st.sampled_from(["OK", "FAIL", 0, 60002, ""])))
def test_only_strict_fields_make_an_envelope(members: dict[str, object]) -> None:
    """What parses as an envelope has fields of the right type that agree with each other."""
    found = parse(json.dumps(members).encode())
    if isinstance(found, EnvelopeFault):
        assert found.detail.encode()
        return
    assert type(found.error_code) is int
    assert found.error_code == members["ErrorCode"]
    assert found.error_info == members["ErrorInfo"]
    assert found.action_status in ("OK", "FAIL", None)
    assert found.action_status is None or (found.action_status == "OK") == (found.error_code == 0)


@UNTIMED
@given(st.sampled_from(["OK", None]) | st.just("FAIL"), st.integers(1, 2**32 - 1), st.text())
def test_an_envelope_survives_the_trip(status: str | None, code: int, info: str) -> None:
    """What a server writes is what is read."""
    sent = Envelope(action_status=status, error_code=0 if status == "OK" else code, error_info=info)
    members = {"ErrorCode": sent.error_code, "ErrorInfo": info} | ({} if status is None else {"ActionStatus": status})
    assert parse(json.dumps(members).encode()) == sent
