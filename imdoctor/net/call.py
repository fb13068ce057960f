"""One HTTP call over one connection that is already open, through httpx with a transport of our own."""

import msgspec

from imdoctor.net.connect import Connect
from imdoctor.net.handshake import Handshake
from imdoctor.net.ledger import Ledger
from imdoctor.net.proxy import Tunnel


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """How a connection for calls was opened: the address, and what each step said. None: the step was not reached."""

    address: str | None = None
    connects: tuple[Connect, ...] = ()
    tunnel: Tunnel | None = None
    handshake: Handshake | None = None


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call. ``error``: None, "timeout", "reset", "closed" (no byte of an answer), "truncated", "too-large", "bad-http".

    ``request`` is the method and path with ``usersig=***``; ``sent_at`` and ``answered_at`` are the host's clock (Unix seconds)
    at the first byte sent and received. ``headers`` holds those that matter, in lower case.
    ``body`` is the first 200 characters of a body that is no envelope.
    """

    request: str
    kind: str
    """"cold" (a new connection), "warm" (a kept one)."""
    ledger: Ledger = Ledger()
    error: str | None = None
    detail: str | None = None
    status: int | None = None
    http_version: str | None = None
    headers: dict[str, str] = {}
    body_bytes: int | None = None
    body: str | None = None
    sent_at: float | None = None
    answered_at: float | None = None
    reused: bool = False
