"""Time, kept in phases: monotonic nanoseconds underneath, seconds in the data, None for what was not measured."""

import msgspec


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """The phases of one call, in seconds. They add up to ``total``, the rest being ``other``.

    ``wait`` runs from the last byte sent to the first byte received. ``late`` tells that the event loop was late meanwhile.
    """

    resolve: float | None = None
    connect: float | None = None
    handshake: float | None = None
    send: float | None = None
    wait: float | None = None
    receive: float | None = None
    other: float | None = None
    total: float | None = None
    late: bool = False
