"""The document inside a usersig: its fields, strictly typed, and the message that its signature covers."""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from imdoctor.im import strictjson
from imdoctor.im.strictjson import Document, kind_of
from imdoctor.im.usersig_packing import UserSigFault
from imdoctor.speech import say

_LATEST = 253_402_300_799  # 9999-12-31T23:59:59Z: what comes later is no date in seconds
_SDKAPPID_MAX = 2**32 - 1
_SIG_BYTES = hashlib.sha256().digest_size


class UserSig(msgspec.Struct, frozen=True, kw_only=True):
    """A usersig's document.

    ``time`` is Unix seconds, ``expire`` a lifetime in seconds, ``userbuf`` whatever the app put there.
    ``sig`` is the signature, which no repr shows. ``account_type`` and ``appid_at_3rd`` stand in version 1 only.
    """

    version: Literal[1, 2]
    identifier: str
    sdkappid: int
    time: int
    expire: int
    userbuf: bytes | None = None
    sig: bytes
    account_type: str | None = None
    appid_at_3rd: str | None = None

    @property
    def issued_at(self) -> int:
        """Unix seconds."""
        return self.time

    @property
    def expires_at(self) -> int:
        """Unix seconds."""
        return self.time + self.expire

    def __repr__(self) -> str:
        return f"UserSig({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Show the fields that are no secret, to rich and to everybody else."""
        return [(name, getattr(self, name)) for name in ("version", "identifier", "sdkappid", "time", "expire")]


def read(text: bytes) -> UserSig | UserSigFault:
    """Return the usersig that a document's JSON describes, or what is wrong with it. Never raises."""
    document = strictjson.read(text)
    if isinstance(document, str):
        return UserSigFault(
            kind="not-json", detail=say("The document inside is no JSON object: {document}.", document=document)
        )
    return _fields(document)


def write_v2(sig: UserSig) -> bytes:
    """Return the document of version 2 in JSON. Raises ValueError for values that ``read`` would refuse."""
    members: dict[str, str | int] = {
        "TLS.ver": "2.0",
        "TLS.identifier": sig.identifier,
        "TLS.sdkappid": sig.sdkappid,
        "TLS.expire": sig.expire,
        "TLS.time": sig.time,
    }
    if sig.userbuf is not None:
        members["TLS.userbuf"] = base64.b64encode(sig.userbuf).decode()
    members["TLS.sig"] = base64.b64encode(sig.sig).decode()
    if problems := "; ".join(_problems_v2(Document(members, frozenset()))):
        raise ValueError(f"no usersig can hold this: {problems}")
    return msgspec.json.encode(members)


def signed_message(sig: UserSig) -> bytes:
    """Return what the signature covers: a line for each field, in the order that the version fixes. Never raises."""
    if sig.version == 1:
        lines = [
            f"TLS.appid_at_3rd:{sig.appid_at_3rd}",
            f"TLS.account_type:{sig.account_type}",
            f"TLS.identifier:{sig.identifier}",
            f"TLS.sdk_appid:{sig.sdkappid}",
            f"TLS.time:{sig.time}",
            f"TLS.expire_after:{sig.expire}",
        ]
    else:
        lines = [
            f"TLS.identifier:{sig.identifier}",
            f"TLS.sdkappid:{sig.sdkappid}",
            f"TLS.time:{sig.time}",
            f"TLS.expire:{sig.expire}",
        ]
    if sig.userbuf is not None:
        lines.append(f"TLS.userbuf:{base64.b64encode(sig.userbuf).decode()}")
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogatepass")


def _fields(document: Document) -> UserSig | UserSigFault:
    """Read the document by its version: TLS.ver marks version 2, TLS.sdk_appid or TLS.version marks version 1."""
    members = document.members
    if "TLS.ver" in members:
        problems = _problems_v2(document)
    elif "TLS.sdk_appid" in members or "TLS.version" in members:
        problems = _problems_v1(document)
    else:
        return UserSigFault(
            kind="fields", detail=say("The document names no version: TLS.ver, or TLS.sdk_appid of version 1.")
        )
    if told := "; ".join(problems):
        return UserSigFault(kind="fields", detail=told[:200])
    return _read_v2(document) if "TLS.ver" in members else _read_v1(document)


def _read_v2(document: Document) -> UserSig:
    members = document.members
    return UserSig(
        version=2,
        identifier=members["TLS.identifier"],
        sdkappid=members["TLS.sdkappid"],
        time=members["TLS.time"],
        expire=members["TLS.expire"],
        userbuf=_userbuf(document),
        sig=base64.b64decode(members["TLS.sig"]),
    )


def _read_v1(document: Document) -> UserSig:
    members = document.members
    return UserSig(
        version=1,
        identifier=members["TLS.identifier"],
        sdkappid=int(members["TLS.sdk_appid"]),
        time=int(members["TLS.time"]),
        expire=int(members["TLS.expire_after"]),
        userbuf=_userbuf(document),
        sig=base64.b64decode(members["TLS.sig"]),
        account_type=members["TLS.account_type"],
        appid_at_3rd=members["TLS.appid_at_3rd"],
    )


def _userbuf(document: Document) -> bytes | None:
    return base64.b64decode(document.members["TLS.userbuf"]) if "TLS.userbuf" in document.members else None


def _problems_v2(document: Document) -> Iterator[str]:
    """Yield what is wrong with a document of version 2, where numbers are JSON numbers."""
    members = document.members
    yield from _twice(document)
    if members.get("TLS.ver") != "2.0":
        yield say('TLS.ver is not the string "2.0"')
    yield from _text_problems(members, "TLS.identifier")
    numbers = {name: members.get(name) for name in ("TLS.sdkappid", "TLS.time", "TLS.expire")}
    yield from _number_problems(numbers, say("an integer"))
    yield from _binary_problems(members)
    sig = _bytes(members.get("TLS.sig"))
    if sig is not None and len(sig) != _SIG_BYTES:
        yield say("TLS.sig has {count} bytes where HMAC-SHA256 gives {wanted}", count=len(sig), wanted=_SIG_BYTES)


def _problems_v1(document: Document) -> Iterator[str]:
    """Yield what is wrong with a document of version 1, where all values are strings."""
    members = document.members
    yield from _twice(document)
    yield from _text_problems(members, "TLS.identifier", "TLS.account_type", "TLS.appid_at_3rd")
    numbers = {name: _decimal(members.get(name)) for name in ("TLS.sdk_appid", "TLS.time", "TLS.expire_after")}
    yield from _number_problems(numbers, say("a string of decimal digits"))
    yield from _binary_problems(members)


def _twice(document: Document) -> Iterator[str]:
    if any(name.startswith("TLS.") for name in document.twice):
        yield say("a field stands twice")


def _text_problems(members: Mapping[str, object], *names: str) -> Iterator[str]:
    for name in names:
        value = members.get(name)
        if not isinstance(value, str):
            yield say("{name} is {found} where a string belongs", name=name, found=_found(members, name))
        elif strictjson.has_lone_surrogate(value):
            yield say("{name} holds half a surrogate pair", name=name)


def _number_problems(numbers: Mapping[str, object], wanted: str) -> Iterator[str]:
    """Yield what is wrong with the SDKAppID, the time and the lifetime, in this order."""
    whole = {name: value for name, value in numbers.items() if type(value) is int}  # a bool is an int to isinstance
    yield from (
        say("{name} is missing or not {wanted}", name=name, wanted=wanted) for name in numbers if name not in whole
    )
    if len(whole) < len(numbers):
        return
    (app, sdkappid), (issued, time), (lifetime, expire) = whole.items()
    if not 0 <= sdkappid <= _SDKAPPID_MAX:
        yield say("{app} is not between 0 and {most}", app=app, most=_SDKAPPID_MAX)
    if time < 0 or expire < 0:
        yield say("{issued} or {lifetime} is negative", issued=issued, lifetime=lifetime)
    elif time + expire > _LATEST:
        yield say(
            "{issued} and {lifetime} lead past the year 9999: they count seconds, not milliseconds",
            issued=issued,
            lifetime=lifetime,
        )


def _binary_problems(members: Mapping[str, object]) -> Iterator[str]:
    wanted = ("TLS.sig", "TLS.userbuf") if "TLS.userbuf" in members else ("TLS.sig",)
    yield from (
        say("{name} is not a string in base64", name=name) for name in wanted if _bytes(members.get(name)) is None
    )


def _decimal(value: object) -> int | None:
    """Return the number, where the text is just as the signature needs it: no sign, no zero before it."""
    if not isinstance(value, str) or not re.fullmatch(r"0|[1-9][0-9]{0,14}", value):
        return None
    return int(value)


def _bytes(value: object) -> bytes | None:
    """Return what base64 encodes; None unless encoding it again gives the same text, which a signature covers."""
    if not isinstance(value, str):
        return None
    try:
        plain = base64.b64decode(value, validate=True)
    except ValueError:  # binascii.Error is one, and so is the answer to a text beyond ASCII
        return None
    return plain if base64.b64encode(plain).decode() == value else None


def _found(members: Mapping[str, object], name: str) -> str:
    return kind_of(members[name]) if name in members else say("missing")
