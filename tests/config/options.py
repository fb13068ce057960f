"""Options as checks declare them, one of each shape."""

from typing import Annotated, Literal

import msgspec

from imdoctor.config.model import FilePath, Percentage, Seconds


class Geo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A struct within a struct."""

    mmdb: FilePath | None = None


class DnsOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every shape that the built-in checks use, and some that a plugin may."""

    nameservers: tuple[str, ...] | None = None
    slow: Seconds = 0.2
    share: Percentage = 0.5
    geo: Geo = Geo()
    mode: Literal["quick", "slow"] = "quick"
    count: Annotated[int, msgspec.Meta(ge=1, le=9)] = 1
    ratio: float = 0.5
    either: int | str = 1
    pair: tuple[int, int] = (1, 2)
    limits: dict[str, Seconds] = {}
    most: int = 1

    def __post_init__(self) -> None:
        if self.most > 8:
            raise ValueError("most: 9 is too much: write 8")
        if self.share < 0.02:
            raise ValueError("1% is too little: write 2%")
        if self.mode == "slow" and self.slow == 1:
            raise ValueError("slow and 1s are one too many: write mode: quick")


class NeedyOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key that must be there, and a rule of its own.

    Note: this is no key.

    must: a number,
        which goes on here.
    """

    must: int

    def __post_init__(self) -> None:
        if self.must == 13:
            raise ValueError("13 is not lucky: write 12")


OPTIONS: dict[str, type[msgspec.Struct] | None] = {"dns": DnsOptions, "needy": NeedyOptions, "client": None}
