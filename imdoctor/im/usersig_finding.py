"""The usersig in a text: alone, or as a parameter of a request's URL or of a `curl` command line."""

import re
from urllib.parse import unquote

import msgspec

_PARAMETER = r"(?:^|[?&'\"\s]){}=([^&#\s'\"<>]*)"


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """A usersig, and what the request that carries it says of itself; None where it says nothing."""

    usersig: str
    identifier: str | None = None
    sdkappid: int | None = None

    def __repr__(self) -> str:
        return f"Claims(identifier={self.identifier!r}, sdkappid={self.sdkappid!r})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        """Show no more to rich than to everybody else."""
        return [("identifier", self.identifier), ("sdkappid", self.sdkappid)]


def claims(text: str) -> Claims:
    """Return the usersig that a text holds, percent-decoded once where it is a parameter (RFC 3986 §2.1). Never raises.

    Parameters are known by name whatever its case: a wrong case is `imdoctor lint`'s business.
    """
    usersig = _parameter(text, "usersig")
    if usersig is None:
        return Claims(usersig=text)
    number = _parameter(text, "sdkappid") or ""
    known = int(number) if re.fullmatch(r"[0-9]{1,10}", number) else None
    return Claims(usersig=usersig, identifier=_parameter(text, "identifier"), sdkappid=known)


def _parameter(text: str, name: str) -> str | None:
    found = re.search(_PARAMETER.format(name), text, re.IGNORECASE)
    return None if found is None else unquote(found[1])
