"""Secrets in a file's bytes: as they stand, encoded, compressed, and one within the other. Pure."""

import base64
import binascii
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from urllib.parse import unquote_to_bytes

from imdoctor.config.secrets import SEARCHED_FROM, Secret, encodings
from imdoctor.im.usersig import UserSig, decode

DEEPEST = 3
"""Encodings and compressions within each other that are undone: a usersig in base64 is two."""
LARGEST = 1 << 20
"""Bytes that one stream is inflated to."""

LOADED, USERSIG, PRIVATE_KEY = "a secret that was loaded", "a usersig", "a private key"

_EITHER = zlib.MAX_WBITS | 32
"""With gzip's header or with zlib's (zlib's manual, inflateInit2)."""

# Base64 by any alphabet, a usersig's too; hexadecimal digits, and those with something between; the beginnings of
# gzip (RFC 1952) and zlib (RFC 1950).
_BASE64 = re.compile(rb"[A-Za-z0-9+/*_-]{12,}")
_HEX = re.compile(rb"[0-9A-Fa-f]{16,}")
_SEPARATED = re.compile(rb"(?:(?:\\x|0x)?[0-9A-Fa-f]{2}[:, -]{0,2}){12,}")
_BETWEEN = re.compile(rb"\\x|0x|[:, -]")
_STREAM = re.compile(rb"(?=\x1f\x8b\x08|[\x08\x18\x28\x38\x48\x58\x68\x78])", re.DOTALL)
# What wraps a long line: white space, and a JSON string's escapes for it.
_WRAPPING = re.compile(rb"\s+|\\[nrt]")
_PRIVATE_KEY = re.compile(rb"-----BEGIN[A-Z ]*PRIVATEKEY-----|-----BEGIN [A-Z ]*PRIVATE KEY-----")

_ALPHABETS = (bytes.maketrans(b"*-_", b"+/="), bytes.maketrans(b"-_", b"+/"))


def needles(secrets: Iterable[Secret]) -> tuple[bytes, ...]:
    """Return what to search for: each secret in its usual encodings, and the signature inside each usersig."""
    found: set[bytes] = set()
    for text in (secret.reveal() for secret in secrets):
        sig = _signature(text)
        forms = {form for one in (text, text.strip(), base64.b64encode(sig).decode()) for form in _forms(one)}
        found |= {form.encode("utf-8", "surrogatepass") for form in forms if len(form) >= SEARCHED_FROM}
        found |= {raw for raw in (sig, _digits(text)) if len(raw) >= SEARCHED_FROM}
        if len(text) >= SEARCHED_FROM:
            found |= {text.encode(wide, "surrogatepass") for wide in ("utf-16-le", "utf-16-be")}
    return tuple(sorted(found | {_WRAPPING.sub(b"", one) for one in found}, key=len, reverse=True))


def _forms(text: str) -> set[str]:
    return encodings(text) | {json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]} if text else set()


def _signature(text: str) -> bytes:
    """Return what signs inside a usersig: with it and the rest, which is no secret, anybody makes the usersig again."""
    sig = decode(text.strip())
    return sig.sig if isinstance(sig, UserSig) else b""


def _digits(text: str) -> bytes:
    """Return the bytes that a key's hexadecimal digits stand for: it is no key, but whoever has them has the key."""
    return bytes.fromhex(text) if re.fullmatch(r"(?:[0-9A-Fa-f]{2})+", text.strip()) else b""


def find(data: bytes, sought: tuple[bytes, ...]) -> str | None:
    """Return what kind of secret stands in a file's bytes, in whatever form; None for none. Never raises."""
    return _find(data, sought, DEEPEST)


def _find(data: bytes, sought: tuple[bytes, ...], depth: int) -> str | None:
    squeezed = _WRAPPING.sub(b"", data)
    if any(needle in data or needle in squeezed for needle in sought):
        return LOADED
    if b'"TLS.sig"' in squeezed:
        return USERSIG
    if _PRIVATE_KEY.search(data) or _PRIVATE_KEY.search(squeezed):
        return PRIVATE_KEY
    if depth == 0:
        return None
    inner = (_find(one, sought, depth - 1) for one in _inside(data, squeezed))
    return next((kind for kind in inner if kind), None)


def _inside(data: bytes, squeezed: bytes) -> Iterator[bytes]:
    """Yield what the bytes may stand for, each once: unpacked in every way that they look like."""
    yielded = set[bytes]()
    for one in (*_streams(data), *_texts(data), *(_texts(squeezed) if squeezed != data else ())):
        if one and one not in yielded:
            yielded.add(one)
            yield one


def _texts(data: bytes) -> Iterator[bytes]:
    if b"%" in data:
        yield unquote_to_bytes(data) if unquote_to_bytes(data) != data else b""
    for run in _HEX.findall(data):
        yield from (bytes.fromhex(run[start : start + (len(run) - start) // 2 * 2].decode()) for start in (0, 1))
    for run in _SEPARATED.findall(data):
        digits = _BETWEEN.sub(b"", run)
        yield bytes.fromhex(digits.decode()) if digits != run else b""
    for run in _BASE64.findall(data):
        yield from _unbase64(run)


def _unbase64(run: bytes) -> Iterator[bytes]:
    """Yield a run's bytes by each alphabet, from each of its first four characters on: what stands before it may be of its alphabet."""
    plain = not re.search(rb"[*_-]", run)
    for text in (run,) if plain else (run.translate(table) for table in _ALPHABETS):
        for start in range(4):
            part = text[start:].partition(b"=")[0]
            part = part[:-1] if len(part) % 4 == 1 else part
            try:
                yield binascii.a2b_base64(part + b"=" * (-len(part) % 4))
            except binascii.Error:
                continue


def _streams(data: bytes) -> Iterator[bytes]:
    """Yield what inflates; the beginning of a stream that was cut off or damaged, too."""
    for found in _STREAM.finditer(data):
        head = data[found.start() : found.start() + 2]
        if head != b"\x1f\x8b" and (len(head) < 2 or int.from_bytes(head) % 31):  # noqa: PLR2004 - the header's own check (RFC 1950, 2.2)
            continue
        yield _inflated(data[found.start() :])


def _inflated(data: bytes) -> bytes:
    """Return what a stream holds up to LARGEST, to its end or to where it is damaged."""
    stream = zlib.decompressobj(_EITHER)
    try:
        return stream.decompress(data, LARGEST)
    except zlib.error:
        return b"".join(_salvaged(data))


def _salvaged(data: bytes) -> Iterator[bytes]:
    """Yield what precedes the damage, by the byte: what comes in one piece with it is lost."""
    stream = zlib.decompressobj(_EITHER)
    try:
        for start in range(min(len(data), LARGEST)):
            yield stream.decompress(data[start : start + 1], LARGEST)
    except zlib.error:
        return
