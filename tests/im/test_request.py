"""Requests: the documented form to the letter, and no credential where it has no business."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.pretty import pretty_repr

from imdoctor.im.request import (
    RANDOM_MAX,
    Request,
    account_check_body,
    anonymous_api,
    anonymous_root,
    api_request,
    draw_random,
)

UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no defect

USERSIG = "eJwtzEELgjAYxvHvsnPY*q1p0DWlF3BdKMgrxNZ6WUcm20Q-"


def request_with(
    *,
    service: str = "im_open_login_svc",
    command: str = "account_check",
    identifier: str = "administrator",
    usersig: str = USERSIG,
    body: Mapping[str, Any] | None = None,
    random: int = 99999999,
) -> Request:
    """Return a call in which one thing is out of the ordinary."""
    return api_request(
        service=service,
        command=command,
        sdkappid=1400000000,
        identifier=identifier,
        usersig=usersig,
        body=body,
        random=random,
    )


def test_a_call_has_the_documented_form() -> None:
    """Method, version, order, case and content type are the documents'."""
    request = request_with(body={"Limit": 2, "Name": "群"})
    assert request.method == "POST"
    assert request.path == (
        "/v4/im_open_login_svc/account_check?sdkappid=1400000000&identifier=administrator"
        f"&usersig={USERSIG}&random=99999999&contenttype=json"
    )
    assert ("Content-Type", "application/json") in request.headers
    assert json.loads(request.body.decode("utf-8")) == {"Limit": 2, "Name": "群"}


@pytest.mark.parametrize("body", [None, {}], ids=["nothing to say", "an empty object"])
def test_a_body_is_never_empty(body: Mapping[str, Any] | None) -> None:
    """Where there is nothing to say, an empty JSON object is sent."""
    assert request_with(body=body).body == b"{}"


@UNTIMED
@given(identifier=st.text(), usersig=st.text(), random=st.integers(0, RANDOM_MAX))
def test_values_are_percent_encoded_once(identifier: str, usersig: str, random: int) -> None:
    """Whatever the values hold, decoding the query once gives them back, in their order."""
    request = request_with(identifier=identifier, usersig=usersig, random=random)
    query = parse_qsl(urlsplit(request.path).query, keep_blank_values=True, errors="surrogatepass")
    assert request.path.isascii()
    assert query == [
        ("sdkappid", "1400000000"),
        ("identifier", identifier),
        ("usersig", usersig),
        ("random", str(random)),
        ("contenttype", "json"),
    ]


@pytest.mark.parametrize(
    ("identifier", "encoded"),
    {
        "a space": ("a b", "a%20b"),
        "a plus": ("a+b", "a%2Bb"),
        "an ampersand": ("a&b=c", "a%26b%3Dc"),
        "a percent": ("%2A", "%252A"),
    }.values(),
)
def test_reserved_characters_do_not_leak_into_the_query(identifier: str, encoded: str) -> None:
    """A character with a meaning in a URL is sent as its code, and a space never as a plus."""
    assert f"&identifier={encoded}&usersig=" in request_with(identifier=identifier).path


@pytest.mark.parametrize("random", [0, RANDOM_MAX], ids=["least", "greatest"])
def test_random_is_any_unsigned_32_bit_number(random: int) -> None:
    """Both ends of the range are sent as they are."""
    assert f"&random={random}&" in request_with(random=random).path


@pytest.mark.parametrize("random", [-1, RANDOM_MAX + 1], ids=["negative", "33 bits"])
def test_another_random_is_refused(random: int) -> None:
    """A number outside of the range is a mistake that the message explains."""
    with pytest.raises(ValueError, match=f"random is {random}: it must be between 0 and 4294967295"):
        request_with(random=random)


@pytest.mark.parametrize("name", ["", "a/b", "a b", "../x", "a?b", "ä", "a\n"])
def test_an_odd_name_is_refused(name: str) -> None:
    """A service or command name that would change the path is refused and shown."""
    with pytest.raises(ValueError, match="is no service name"):
        request_with(service=name)
    with pytest.raises(ValueError, match="is no command name"):
        request_with(command=name)


@pytest.mark.parametrize(
    ("service", "command"),
    [("group_open_http_svc", "get_appid_group_list"), ("ConfigSvc", "GetIPList"), ("openconfigsvr", "getappinfo")],
)
def test_documented_names_are_accepted(service: str, command: str) -> None:
    """The names of the documented probes pass, in their own case."""
    assert request_with(service=service, command=command).path.startswith(f"/v4/{service}/{command}?")


def test_random_is_drawn_anew() -> None:
    """Draws stay in the range and differ."""
    drawn = {draw_random() for _ in range(100)}
    assert all(0 <= number <= RANDOM_MAX for number in drawn)
    assert len(drawn) > 90


def test_what_is_shown_holds_no_usersig() -> None:
    """Neither the shown path nor any repr tells the usersig, and the rest of the path stays readable."""
    request = request_with()
    assert request.shown == request.path.replace(USERSIG, "***")
    for text in (repr(request), str(request), f"{[request]}", pretty_repr(request)):
        assert USERSIG not in text
        assert "usersig=***" in text


def test_a_refusal_holds_no_usersig() -> None:
    """The message for a bad call does not tell the usersig either."""
    with pytest.raises(ValueError, match="random") as caught:
        request_with(random=-1)
    assert USERSIG not in repr(caught.value)


def test_the_anonymous_root_is_a_bare_get() -> None:
    """Step 3 of the troubleshooting list opens the domain, nothing more."""
    request = anonymous_root()
    assert (request.method, request.path, request.shown, request.body) == ("GET", "/", "/", b"")
    assert "Content-Type" not in dict(request.headers)


def test_the_anonymous_call_names_nobody() -> None:
    """The call without sdkappid carries only a random number, drawn anew, and the content type."""
    first, second = anonymous_api(), anonymous_api()
    assert first.method == "POST"
    assert first.body == b"{}"
    assert urlsplit(first.path).path == "/v4/im_open_login_svc/account_check"
    assert [name for name, _ in parse_qsl(urlsplit(first.path).query)] == ["random", "contenttype"]
    assert first.path != second.path
    assert first.shown == first.path


def test_the_default_probe_asks_for_one_account() -> None:
    """The body is the documents' own for account_check."""
    assert account_check_body("管理") == {"CheckItem": [{"UserID": "管理"}]}
