"""From entry points to checks: the group `imdoctor.checks` holds tuples of checks, the built-in ones among them."""

import msgspec

from imdoctor.check import Check


class Installed(msgspec.Struct, frozen=True):
    """A check and the distribution that it comes from, such as "imdoctor 0.1.0"."""

    check: Check
    origin: str


def installed() -> tuple[Installed, ...]:
    """Return every installed check, the built-in ones first, in their tuples' order."""
    raise NotImplementedError
