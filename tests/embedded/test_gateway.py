"""The lab's gateway as a plain HTTP client sees it: the API as documented, and every fault as it is named."""

import contextlib
import gzip
import http.client
import json
import socket
import time
import urllib.parse
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from imdoctor.im import errorcodes, usersig
from imdoctor.lab.gateway import BOMB, Answering, App, Gateway
from imdoctor.lab.loop import LabLoop

KEY = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
NOW = 1_700_000_000
CHECK = "/v4/im_open_login_svc/account_check"
GROUPS = "/v4/group_open_http_svc/get_appid_group_list"
BODY = '{"CheckItem": [{"UserID": "administrator"}]}'


@contextlib.contextmanager
def client(**how: Any) -> Iterator[http.client.HTTPConnection]:
    """Serve a gateway whose clock stands still; yield a client that has not connected yet."""
    gateway = Gateway(App(key=KEY), Answering(**how), wall=lambda: NOW)
    with LabLoop() as lab, contextlib.closing(_client(lab.serve(gateway.handler()))) as made:
        yield made


def _client(port: int, timeout: float = 5.0) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)


def signed(*, key: str = KEY, app: int = 1400000000, identifier: str = "administrator", age: int = 60) -> str:
    """Return a usersig that lives for an hour from ``age`` seconds before the gateway's now."""
    return usersig.make(key=key, sdkappid=app, identifier=identifier, time=NOW - age, expire=3600)


def query(sig: str, **changed: str | None) -> str:
    """Return the parameters of a call; None leaves one out."""
    whole = {"sdkappid": "1400000000", "identifier": "administrator", "usersig": sig, "random": "7"} | changed
    return urllib.parse.urlencode({name: value for name, value in whole.items() if value is not None})


def post(made: http.client.HTTPConnection, path: str, parameters: str, body: str = BODY) -> dict[str, Any]:
    """Make a call; return its envelope."""
    made.request("POST", f"{path}?{parameters}", body=body)
    answer = made.getresponse()
    assert answer.status == 200
    envelope: dict[str, Any] = json.loads(answer.read())
    return envelope


def get(made: http.client.HTTPConnection) -> http.client.HTTPResponse:
    """Ask for the root; return the answer, its body still unread."""
    made.request("GET", "/")
    return made.getresponse()


def test_the_root() -> None:
    """GET / earns the documented envelope, with the gateway's headers, on a connection that is kept."""
    with client() as made:
        answer = get(made)
        assert json.loads(answer.read()) == {
            "ActionStatus": "FAIL",
            "ErrorCode": 60002,
            "ErrorInfo": "HTTP parse Error",
        }
        assert (answer.status, answer.headers["Server"], answer.headers["Connection"]) == (
            200,
            "imdoctor-lab",
            "keep-alive",
        )
        assert parsedate_to_datetime(answer.headers["Date"]).timestamp() == NOW
        first = made.sock
        get(made).read()
        assert made.sock is first


def test_account_check() -> None:
    """account_check tells of each user that it is asked about."""
    with client() as made:
        body = '{"CheckItem": [{"UserID": "administrator"}, {"UserID": "b"}]}'
        envelope = post(made, CHECK, query(signed()), body)
    assert (envelope["ActionStatus"], envelope["ErrorCode"]) == ("OK", 0)
    assert [item["UserID"] for item in envelope["ResultItem"]] == ["administrator", "b"]
    assert {item["AccountStatus"] for item in envelope["ResultItem"]} == {"Imported"}


def test_group_list() -> None:
    """get_appid_group_list answers in the documented shape."""
    with client() as made:
        envelope = post(made, GROUPS, query(signed()), '{"Limit": 1}')
    assert (envelope["ErrorCode"], envelope["TotalCount"]) == (0, len(envelope["GroupIdList"]))
    assert envelope["GroupIdList"][0]["GroupId"].startswith("@TGS#")


@pytest.mark.parametrize(
    ("code", "parameters", "path", "body"),
    [
        pytest.param(60012, query(signed(), sdkappid=None), CHECK, BODY, id="no sdkappid"),
        pytest.param(70020, query(signed(), sdkappid="1400000001"), CHECK, BODY, id="an app that is not here"),
        pytest.param(70002, query(""), CHECK, BODY, id="an empty usersig"),
        pytest.param(70002, query(signed(), usersig=None), CHECK, BODY, id="no usersig"),
        pytest.param(70003, query(signed()[:40]), CHECK, BODY, id="half a usersig"),
        pytest.param(70003, query("no usersig"), CHECK, BODY, id="something else"),
        pytest.param(70013, query(signed(identifier="other")), CHECK, BODY, id="somebody else's"),
        pytest.param(70013, query(signed(), identifier="Administrator"), CHECK, BODY, id="identifiers have a case"),
        pytest.param(70014, query(signed(app=1400000001)), CHECK, BODY, id="another app's"),
        pytest.param(70009, query(signed(key="0" * 64)), CHECK, BODY, id="another key"),
        pytest.param(0, query(signed(age=3599)), CHECK, BODY, id="the last second"),
        pytest.param(70001, query(signed(age=3600)), CHECK, BODY, id="expired in this second"),
        pytest.param(0, query(signed(age=0)), CHECK, BODY, id="made in this second"),
        pytest.param(70001, query(signed(age=-1)), CHECK, BODY, id="made in the next one"),
        pytest.param(
            60010, query(signed(identifier="b"), identifier="b"), CHECK, BODY, id="valid, and nobody's administrator"
        ),
        pytest.param(60003, query(signed()), CHECK, "", id="no body"),
        pytest.param(60003, query(signed()), CHECK, "{", id="half a body"),
        pytest.param(60003, query(signed()), CHECK, "[]", id="no object"),
        pytest.param(60003, query(signed()), CHECK, '{"CheckItem": [1]}', id="no account"),
        pytest.param(60003, query(signed()), GROUPS, "[]", id="no object, for the other command"),
        pytest.param(60009, query(signed()), "/v4/openim/sendmsg", "{}", id="a command that is not here"),
    ],
)
def test_who_may_call(code: int, parameters: str, path: str, body: str) -> None:
    """A caller without the right, or with the wrong body, is refused by the documented code."""
    with client() as made:
        envelope = post(made, path, parameters, body)
    assert (envelope["ErrorCode"], envelope["ActionStatus"]) == (code, "FAIL" if code else "OK")


@pytest.mark.parametrize("code", [item.code for item in errorcodes.all_codes()] + [61234])
def test_every_error_code_on_demand(code: int) -> None:
    """A call that is in order earns the code of the fault; GET / does not."""
    with client(error_code=code) as made:
        envelope = post(made, CHECK, query(signed()))
        assert (envelope["ActionStatus"], envelope["ErrorCode"]) == ("FAIL", code)
        assert json.loads(get(made).read())["ErrorCode"] == 60002


def test_a_bad_credential_comes_before_the_fault() -> None:
    """Who has no right learns that, and not the fault behind it."""
    with client(error_code=60008) as made:
        assert post(made, CHECK, query(signed(key="0" * 64)))["ErrorCode"] == 70009


def test_status_header_and_body() -> None:
    """A fault's status, headers and body take the place of the API's."""
    with client(status=302, headers={"Location": "https://portal.example.net/"}, body="<html>") as made:
        answer = get(made)
        assert (answer.status, answer.headers["Location"], answer.read()) == (
            302,
            "https://portal.example.net/",
            b"<html>",
        )


@pytest.mark.parametrize(("shift", "date"), [(0.0, NOW), (-3600.0, NOW - 3600), (None, None)])
def test_the_servers_clock(shift: float | None, date: int | None) -> None:
    """The Date header is the server's clock, shifted as told, or left out."""
    with client(date_shift=shift) as made:
        told = get(made).headers["Date"]
    assert (int(parsedate_to_datetime(told).timestamp()) if told else None) == date


def test_a_shifted_server_judges_by_its_own_clock() -> None:
    """A usersig that is valid here is expired for a server whose clock is ahead."""
    with client(date_shift=7200.0) as made:
        assert post(made, CHECK, query(signed()))["ErrorCode"] == 70001


def test_truncated() -> None:
    """A truncated answer ends before its Content-Length."""
    with client(truncated=True) as made, pytest.raises(http.client.IncompleteRead):
        get(made).read()


def test_closed_without_an_answer() -> None:
    """The connection ends before a byte of the answer."""
    with client(close_unanswered=True) as made, pytest.raises(http.client.RemoteDisconnected):
        get(made)


def test_garbage() -> None:
    """Bytes that are no HTTP are no HTTP."""
    with client(garbage=True) as made, pytest.raises(http.client.BadStatusLine):
        get(made)


def test_endless_header() -> None:
    """A header without end is more than a client takes."""
    with client(endless_header=True) as made, pytest.raises(http.client.HTTPException, match="100 headers"):
        get(made)


def test_silent() -> None:
    """A silent gateway takes the request and says nothing, not even the end."""
    with client(silent=True) as made:
        made.timeout = 0.2
        with pytest.raises(TimeoutError):
            get(made)


def test_slow() -> None:
    """A delay comes before the first byte: a client with less patience gets nothing, one with more the answer."""
    with client(delay=0.5) as made:
        made.timeout = 0.1
        with pytest.raises(TimeoutError):
            get(made)
        made.close()
        made.timeout = 5.0
        assert get(made).status == 200


def test_dripping() -> None:
    """A drip sends the header at once and the body byte by byte: the first is there long before the second."""
    with client(rest=30.0) as made:
        made.timeout = 0.2
        answer = get(made)
        assert answer.read(1) == b"{"
        with pytest.raises(TimeoutError):
            answer.read(1)


def test_closing_after_every_answer() -> None:
    """The answer says that it is the last one of its connection, and it is."""
    with client(close_always=True) as made:
        answer = get(made)
        assert (answer.headers["Connection"], answer.will_close) == ("close", True)
        assert json.loads(answer.read())["ErrorCode"] == 60002
        assert made.sock is None


def test_huge_body() -> None:
    """A huge body is as huge as it was asked to be."""
    with client(body_bytes=3_000_000) as made:
        assert len(get(made).read()) == 3_000_000


def test_bomb() -> None:
    """A bomb is small on the wire and 50 MB when it is unpacked."""
    with client(bomb=True) as made:
        answer = get(made)
        packed = answer.read()
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(packed) < 100_000
    assert len(gzip.decompress(packed)) == BOMB


def test_a_fault_in_every_second_connection() -> None:
    """A fault that comes and goes shows in every second connection."""
    with client(status=502, close_always=True, only_every=2) as made:
        seen = []
        for _ in range(4):
            answer = get(made)
            answer.read()
            seen.append(answer.status)
            made.close()
    assert seen == [200, 502, 200, 502]


def test_bytes_that_are_no_request(caplog: pytest.LogCaptureFixture) -> None:
    """A client that speaks no HTTP is hung up on without a word, and the next one is answered."""
    with client() as made:
        with socket.create_connection((made.host, made.port), timeout=5.0) as rude:
            rude.sendall(b"\x16\x03\x01 hello\r\n\r\n")
            assert rude.recv(100) == b""
        assert get(made).status == 200
    assert caplog.text == ""


def test_the_clock_is_the_hosts_unless_told() -> None:
    """Without a clock of its own a gateway goes by the real one."""
    assert Gateway(App(key=KEY), Answering()).wall is time.time
