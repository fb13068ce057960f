"""How a usersig is packed: base64(zlib(document)), in an alphabet with ``*`` for ``+``, ``-`` for ``/``, ``_`` for ``=``."""

import base64
import binascii
import re
import zlib
from typing import Literal

import msgspec

from imdoctor.speech import say

TEXT_MAX = 64 * 1024
"""Characters of the longest text that is looked at; a real usersig has some hundred."""

DOCUMENT_MAX = 64 * 1024
"""Bytes that a usersig may inflate to."""

_ALPHABET = re.compile(r"[A-Za-z0-9*-]*_*")
_TO_BASE64 = str.maketrans("*-_", "+/=")
_FROM_BASE64 = str.maketrans("+/=", "*-_")
# "%2A" and, encoded once more, "%252A": likewise for the other characters that base64 needs.
_PERCENT = re.compile(r"%(?:25)*(?:2A|2B|2D|2F|3D|5F)", re.IGNORECASE)

FaultKind = Literal[
    "empty",
    "whitespace",
    "double-encoded",
    "charset",
    "truncated",
    "not-base64",
    "not-zlib",
    "too-large",
    "not-json",
    "fields",
]


class UserSigFault(msgspec.Struct, frozen=True, kw_only=True):
    """Why a text is no usersig. ``detail`` holds names of fields, counts and positions, and no character of the text."""

    kind: FaultKind
    detail: str


def pack(document: bytes) -> str:
    """Return the usersig's text for a document. Raises ValueError for one that ``unpack`` would refuse for its size."""
    text = base64.b64encode(zlib.compress(document)).decode().translate(_FROM_BASE64)
    if len(document) > DOCUMENT_MAX or len(text) > TEXT_MAX:
        raise ValueError(f"a usersig of {len(document)} bytes is too large")
    return text


def unpack(text: str) -> bytes | UserSigFault:
    """Return the document inside the text, or what is wrong. Never raises, and never inflates past DOCUMENT_MAX."""
    if fault := _text_fault(text):
        return fault
    packed = _unbase64(text)
    return packed if isinstance(packed, UserSigFault) else _inflate(packed)


def _text_fault(text: str) -> UserSigFault | None:
    """Look at the text's characters, before anything is decoded."""
    if not text.strip():
        return UserSigFault(kind="empty", detail=say("The usersig is empty."))
    if len(text) > TEXT_MAX:
        return UserSigFault(
            kind="too-large", detail=say("The usersig has {count} characters; some hundred are usual.", count=len(text))
        )
    if white := re.search(r"\s", text):
        return UserSigFault(
            kind="whitespace",
            detail=say("White space stands in the usersig, first after {start} characters.", start=white.start()),
        )
    if _PERCENT.search(text):
        return UserSigFault(
            kind="double-encoded", detail=say("The usersig is percent-encoded already; the URL needs it encoded once.")
        )
    return _alphabet_fault(text)


def _alphabet_fault(text: str) -> UserSigFault | None:
    if _ALPHABET.fullmatch(text):
        return None
    if re.fullmatch(r"[A-Za-z0-9+/*-]*[=_]*", text):
        detail = say("The usersig uses base64's standard alphabet; its own has * for +, - for / and _ for =.")
    elif re.fullmatch(r"[A-Za-z0-9*_-]*", text):
        detail = say(
            "A _ stands before the usersig's end: is this URL-safe base64? In its own alphabet _ stands for = only."
        )
    else:
        detail = say("The usersig holds characters besides letters, digits, * - and _.")
    return UserSigFault(kind="charset", detail=detail)


def _unbase64(text: str) -> bytes | UserSigFault:
    if len(text) % 4:
        return _short(text)
    try:
        packed = binascii.a2b_base64(text.translate(_TO_BASE64))
    except binascii.Error:
        packed = b""
    # The decoder forgives, and its strict mode does so differently from release to release.
    if base64.b64encode(packed).decode().translate(_FROM_BASE64) != text:
        return UserSigFault(kind="not-base64", detail=say("The usersig is no base64: its end or its padding is wrong."))
    return packed


def _short(text: str) -> UserSigFault:
    """Tell a usersig that lacks its end from a text that never was one, by whether its start inflates."""
    start = text.rstrip("_")
    begun = _inflate(binascii.a2b_base64(start[: len(start) // 4 * 4].translate(_TO_BASE64)))
    if isinstance(begun, UserSigFault) and begun.kind != "truncated":
        return begun
    return UserSigFault(
        kind="truncated",
        detail=say("The usersig has {count} characters, which is no multiple of 4: some are missing.", count=len(text)),
    )


def _inflate(packed: bytes) -> bytes | UserSigFault:
    stream = zlib.decompressobj()
    try:
        # One byte more than allowed tells "just fits" from "goes on".
        inflated = stream.decompress(packed, DOCUMENT_MAX + 1)
    except zlib.error:
        return UserSigFault(kind="not-zlib", detail=say("The usersig is damaged: what it encodes is no zlib stream."))
    if len(inflated) > DOCUMENT_MAX:
        return UserSigFault(
            kind="too-large", detail=say("The usersig inflates to more than {most} bytes.", most=DOCUMENT_MAX)
        )
    if not stream.eof:
        return UserSigFault(kind="truncated", detail=say("The usersig's end is missing: its zlib stream stops midway."))
    if stream.unused_data:
        return UserSigFault(
            kind="not-zlib",
            detail=say("{count} bytes follow the end of the usersig's zlib stream.", count=len(stream.unused_data)),
        )
    return inflated
