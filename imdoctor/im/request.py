"""Requests of the RESTful API, built exactly as the "RESTful API Overview" documents them."""

import re
import secrets
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from imdoctor.speech import say

RANDOM_MAX = 4_294_967_295
"""``random`` is an unsigned 32-bit number."""

_NAME = re.compile(r"[A-Za-z0-9_]+")
_HEADERS = (
    ("Content-Type", "application/json"),
    ("Accept", "application/json"),
    # HTTP/1.0 in between needs to be asked; the documents' step 5 is about persistent connections.
    ("Connection", "keep-alive"),
)


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One request: ``path`` with its query is what is sent, ``shown`` is the same with ``usersig=***``.

    ``headers`` lack Host and Content-Length, which the connection adds.
    """

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = _HEADERS
    body: bytes = b""
    shown: str

    def __repr__(self) -> str:
        return f"Request({self.method} {self.shown})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Show as little to rich as to everybody else."""
        return [("method", self.method), ("shown", self.shown)]


def api_request(
    *,
    service: str,
    command: str,
    sdkappid: int,
    identifier: str,
    usersig: str,
    body: Mapping[str, Any] | None,
    random: int,
) -> Request:
    """Return the call of one command, signed in. A body of None is sent as ``{}``: it is never empty.

    Raises ValueError for a ``random`` that is no unsigned 32-bit number, and for names that no service or command has.
    """
    return _post(
        _api_path(service, command),
        (("sdkappid", str(sdkappid)), ("identifier", identifier), ("usersig", usersig)),
        body=body,
        random=random,
    )


def draw_random() -> int:
    """Return a number for ``random``, drawn anew for each call."""
    return secrets.randbelow(RANDOM_MAX + 1)


def anonymous_root(*, padding: int = 0) -> Request:
    """Return the request for the domain's root: step 3 of the troubleshooting list. It carries no credential.

    ``padding`` makes it so many bytes longer, by a header that means nothing.
    """
    padded = (("X-Padding", "x" * padding),) if padding else ()
    return Request(method="GET", path="/", headers=(*_HEADERS[1:], *padded), shown="/")


def anonymous_api() -> Request:
    """Return a call of the API without sdkappid, identifier and usersig: its refusal is an envelope all the same."""
    return _post(_api_path("im_open_login_svc", "account_check"), (), body=None, random=draw_random())


def account_check_body(identifier: str) -> dict[str, Any]:
    """Return the body of ``im_open_login_svc/account_check`` for one account: the default probe, which changes nothing."""
    return {"CheckItem": [{"UserID": identifier}]}


def _post(path: str, caller: tuple[tuple[str, str], ...], *, body: Mapping[str, Any] | None, random: int) -> Request:
    if not 0 <= random <= RANDOM_MAX:
        raise ValueError(say("random is {random}: it must be between 0 and {most}", random=random, most=RANDOM_MAX))
    query = (*caller, ("random", str(random)), ("contenttype", "json"))
    masked = (pair if pair[0] != "usersig" else ("usersig", "***") for pair in query)
    return Request(
        method="POST",
        path=f"{path}?{_encoded(query)}",
        body=msgspec.json.encode(dict(body or {})),
        shown=f"{path}?{_encoded(masked)}",
    )


def _api_path(service: str, command: str) -> str:
    for what, name in (("service", service), ("command", command)):
        if not _NAME.fullmatch(name):
            raise ValueError(
                say("{name!r} is no {what} name: only letters, digits and _ make one", name=name[:80], what=what)
            )
    return f"/v4/{service}/{command}"


def _encoded(pairs: Iterable[tuple[str, str]]) -> str:
    # RFC 3986 lets "*" stand in a query as it is, so a usersig looks the same in the URL as in its file.
    # With surrogatepass no error arises here: its message's object would be the usersig.
    return "&".join(f"{name}={quote(value, safe='*', errors='surrogatepass')}" for name, value in pairs)
