"""The error codes of the RESTful API: meaning, remedy, and the finding that each leads to."""

import functools
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType
from typing import Literal

import msgspec

from imdoctor.speech import mark

USERSIG_EXPIRED, USERSIG_KICKED = 70001, 70052

_FAMILIES: Mapping[int, str] = MappingProxyType(
    {
        60: mark("REST"),
        70: mark("account and usersig"),
        80: mark("content"),
        90: mark("messages"),
        10: mark("groups"),
        20: mark("messaging"),
        30: mark("friends"),
        40: mark("profile"),
        50: mark("conversation"),
    }
)


class ErrorCode(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One error code. ``meaning`` is the newest official wording known; ``remedy`` is what to do, sentence by sentence.

    ``causes`` are what usually brings it about, the commonest first, and ``confirm`` is how to see that by hand, with
    commands to paste between backticks: both are imdoctor's own.
    ``retry`` is imdoctor's own inference and stands in no document of Tencent's: "transient" may pass by itself,
    "rate" passes after a wait of 60 s or more, "configuration" stays until somebody changes something.
    ``source``: "O" the newest official table, "O-earlier" an earlier one, "legacy" only documents that are out of use,
    "S" the "RESTful API Overview" of 2020-02-20. ``seed_meaning`` is that overview's wording where it differs.
    ``finding`` is the code's finding; for 70001 it holds only if the usersig is expired by this host's clock too.
    """

    code: int
    meaning: str
    causes: tuple[str, ...]
    confirm: tuple[str, ...]
    remedy: tuple[str, ...]
    retry: Literal["transient", "rate", "configuration"]
    source: Literal["S", "O", "O-earlier", "legacy"]
    finding: str
    seed_meaning: str | None = None


def lookup(code: int) -> ErrorCode | None:
    """Return what is known about the code, or None."""
    return _table().get(code)


def all_codes() -> tuple[ErrorCode, ...]:
    """Return every known code, in ascending order."""
    return tuple(_table().values())


def family(code: int) -> str:
    """Return the part of the service that a five-digit code belongs to by its first two digits, or "unknown"."""
    return _FAMILIES.get(code // 1000, mark("unknown"))


def finding_for(code: int, *, expired_here: bool) -> str:
    """Return the code of the finding that an ErrorCode leads to.

    ``expired_here`` tells that the usersig is expired by this host's clock too, which decides what 70001 means.
    Raises ValueError for 0, which is success and leads to none.
    """
    if code == 0:
        raise ValueError("ErrorCode 0 is success: it leads to no finding")
    if code == USERSIG_EXPIRED and not expired_here:
        return "usersig.rejected"
    known = lookup(code)
    return "probe.error-code" if known is None else known.finding


@functools.cache
def _table() -> Mapping[int, ErrorCode]:
    data = resources.files("imdoctor.im").joinpath("errorcodes.json").read_bytes()
    codes = msgspec.json.decode(data, type=tuple[ErrorCode, ...])
    return MappingProxyType({entry.code: entry for entry in codes})
