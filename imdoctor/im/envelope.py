"""The envelope of every answer: ActionStatus, ErrorCode and ErrorInfo, strictly parsed."""

from collections.abc import Iterator
from typing import Literal

import msgspec

from imdoctor.im import strictjson
from imdoctor.im.strictjson import Document, kind_of
from imdoctor.speech import say

FIELDS = ("ActionStatus", "ErrorCode", "ErrorInfo")

# No document bounds ErrorCode. More than 32 bits, signed or not, is no code of any table.
_CODE_MIN, _CODE_MAX = -(2**31), 2**32 - 1


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a call.

    ``action_status`` is "OK", "FAIL", or None where a service such as getappinfo leaves it out.
    ``error_code`` decides: 0 is success. ``error_info`` is the server's text as it came.
    """

    action_status: str | None
    error_code: int
    error_info: str


class EnvelopeFault(msgspec.Struct, frozen=True, kw_only=True):
    """Why a body is no envelope. ``detail`` is at most 200 characters and holds next to nothing of the body.

    not-json: no JSON object. not-envelope: an object with none of the three fields. bad-fields: some of
    the fields, but one is missing, of the wrong type, there twice, or at odds with another.
    """

    kind: Literal["not-json", "not-envelope", "bad-fields"]
    detail: str


def parse(body: bytes) -> Envelope | EnvelopeFault:
    """Return the envelope of an answer's body, or what is wrong with it. Never raises."""
    document = strictjson.read(body)
    if isinstance(document, str):
        return EnvelopeFault(kind="not-json", detail=say("The body is no JSON object: {document}.", document=document))
    members = document.members
    if not any(name in members for name in FIELDS):
        return EnvelopeFault(
            kind="not-envelope", detail=say("The JSON object has no ActionStatus, ErrorCode or ErrorInfo.")
        )
    if problems := "; ".join(_problems(document)):
        return EnvelopeFault(kind="bad-fields", detail=problems[:200])
    return Envelope(
        action_status=members.get("ActionStatus"),
        error_code=members["ErrorCode"],
        error_info=members["ErrorInfo"],
    )


def _problems(document: Document) -> Iterator[str]:
    """Yield what is wrong with the three fields, in their order, and whether they contradict each other."""
    members = document.members
    status, code = members.get("ActionStatus"), members.get("ErrorCode")
    yield from (say("{name} stands twice", name=name) for name in FIELDS if name in document.twice)
    if "ActionStatus" in members and status not in ("OK", "FAIL"):
        yield say("ActionStatus is neither OK nor FAIL but {status}", status=_shown(status))
    yield from _code_problems(document)
    yield from _info_problems(document)
    if type(code) is int and (status, code == 0) in (("OK", False), ("FAIL", True)):
        yield say("ActionStatus {status} contradicts ErrorCode {code}", status=status, code=code)


def _code_problems(document: Document) -> Iterator[str]:
    if "ErrorCode" not in document.members:
        yield say("ErrorCode is missing")
        return
    code = document.members["ErrorCode"]
    if type(code) is not int:  # a bool is an int to isinstance
        yield say("ErrorCode is not an integer but {code}", code=kind_of(code))
    elif not _CODE_MIN <= code <= _CODE_MAX:
        yield say("ErrorCode has more than 32 bits")


def _info_problems(document: Document) -> Iterator[str]:
    if "ErrorInfo" not in document.members:
        yield say("ErrorInfo is missing")
        return
    info = document.members["ErrorInfo"]
    if not isinstance(info, str):
        yield say("ErrorInfo is not a string but {info}", info=kind_of(info))
    elif strictjson.has_lone_surrogate(info):
        yield say("ErrorInfo holds half a surrogate pair")


def _shown(value: object) -> str:
    return ascii(value[:20]) if isinstance(value, str) else kind_of(value)
