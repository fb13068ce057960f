"""One TLS handshake over memory BIOs: who answered, with which chain, verified or why not. One handshake says both."""

import asyncio
import contextlib
import functools
import ipaddress
import re
import socket
import ssl
import time
import weakref
from collections.abc import Awaitable
from typing import Any

import msgspec
from msgspec import structs

from imdoctor.net.certificate import Certificate, parse
from imdoctor.net.machine import errno_name

RECORD = 16 * 1024 + 512
"""Bytes to read at once: a full TLS record with its overhead (RFC 8446 §5.2)."""
CONTENT_TYPES = range(20, 25)
"""First byte of a TLS record (RFC 8446 §5.1)."""
HANDSHAKE = 22
"""Content type (RFC 8446 §5.1)."""
NEW_SESSION_TICKET, CERTIFICATE_REQUEST = 4, 13
"""Handshake message types (RFC 8446 §4)."""
X509_NOT_YET, X509_EXPIRED = 9, 10
"""X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED: the right certificate, at a wrong time."""
NOT_TLS = {
    "WRONG_VERSION_NUMBER",
    "HTTP_REQUEST",
    "HTTPS_PROXY_REQUEST",
    "RECORD_LAYER_FAILURE",
    "PACKET_LENGTH_TOO_LONG",
}
VERSION = {"UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "WRONG_SSL_VERSION", "NO_PROTOCOLS_AVAILABLE"}
NO_CIPHER = {"SSLV3_ALERT_HANDSHAKE_FAILURE", "NO_SHARED_CIPHER", "NO_CIPHERS_AVAILABLE"}


class Handshake(msgspec.Struct, frozen=True, kw_only=True):
    """One handshake. ``error`` is None where it succeeded.

    ``error``: "timeout", "reset", "closed" (end of stream), "not-tls", "verify", "alert" (``alert`` names it), "protocol-version",
    "no-shared-cipher", or another reason of OpenSSL's in its own words.
    """

    server_name: str | None
    seconds: float | None = None
    waited: float | None = None
    """Seconds until it failed."""
    error: str | None = None
    alert: str | None = None
    version: str | None = None
    cipher: str | None = None
    alpn: str | None = None
    resumed: bool = False
    verify_code: int | None = None
    """X509_V_ERR_… of OpenSSL; 0 where the chain verified; None where nothing was verified."""
    verify_message: str | None = None
    chain: tuple[Certificate, ...] = ()
    client_certificate_requested: bool = False
    first_bytes: str | None = None
    """What answered instead of TLS, printable, at most 64 characters."""
    late: bool = False


class TlsStream:
    """An established TLS connection over a non-blocking socket."""

    def __init__(
        self, sock: socket.socket, tls: ssl.SSLObject, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, heard: set[int]
    ) -> None:
        self.sock, self._heard = sock, heard
        self.received = 0
        self._tls, self._incoming, self._outgoing = tls, incoming, outgoing
        self._first: bytes = b""

    @property
    def session(self) -> ssl.SSLSession | None:
        """A copy of the session to resume; with TLS 1.3 it arrives after the handshake, with the first bytes read."""
        return self._tls.session

    async def read(self, size: int, *, timeout: float | None) -> bytes:
        """Return up to ``size`` decrypted bytes, b"" at the end of stream. Raises TimeoutError, OSError and ssl.SSLError.

        A timeout of None is for a caller who has set one.
        """
        if timeout is not None:
            async with asyncio.timeout(timeout):
                return await self.read(size, timeout=None)
        data: bytes = await self._pump(lambda: self._read(size))
        return data

    async def write(self, data: bytes, *, timeout: float | None) -> None:
        """Send all of ``data``. Raises TimeoutError and OSError."""
        if timeout is not None:
            async with asyncio.timeout(timeout):
                return await self.write(data, timeout=None)
        self._tls.write(data)
        return await self._flush()

    async def ticket(self, *, timeout: float) -> ssl.SSLSession | None:
        """Wait for the ticket that TLS 1.3 sends after the handshake; return the session to resume, if there is one."""
        with contextlib.suppress(TimeoutError, OSError):
            async with asyncio.timeout(timeout):
                while self._wants_more() and NEW_SESSION_TICKET not in self._heard:
                    data = await asyncio.get_running_loop().sock_recv(self.sock, RECORD)
                    if not data:
                        break
                    self._incoming.write(data)
        return self.session

    def _wants_more(self) -> bool:
        """Take in what has come, and tell whether all of it was the handshake's own business."""
        try:
            self._tls.read(1)
        except ssl.SSLWantReadError:
            return True
        return False

    async def shake(self) -> None:
        """Do the handshake. Raises OSError and ssl.SSLError."""
        try:
            await self._pump(self._tls.do_handshake)
        except ssl.SSLError:
            # The alert that tells the peer why is still to be sent; whether it arrives is no matter.
            with contextlib.suppress(OSError):
                await self._flush()
            raise

    def close(self) -> None:
        """Close the socket at once, without waiting for the peer's close_notify."""
        self.sock.close()

    def _read(self, size: int) -> bytes:
        try:
            return self._tls.read(size)
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    async def _pump(self, step: Any) -> Any:  # noqa: ANN401 - the step's own result
        """Take one step of the TLS engine, feeding it from the socket for as long as it wants more."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                await self._flush()
                data = await loop.sock_recv(self.sock, RECORD)
                self.received += len(data)
                self._first = self._first or data[:64]
                if data:
                    self._incoming.write(data)
                else:
                    self._incoming.write_eof()
            else:
                await self._flush()
                return result

    async def _flush(self) -> None:
        if self._outgoing.pending:
            await asyncio.get_running_loop().sock_sendall(self.sock, self._outgoing.read())

    def first_bytes(self) -> bytes:
        """Return the first bytes that the peer sent."""
        return self._first

    def describe(self) -> dict[str, Any]:
        """Return what was agreed upon."""
        cipher = self._tls.cipher()
        return {
            "version": self._tls.version(),
            "cipher": cipher[0] if cipher else None,
            "alpn": self._tls.selected_alpn_protocol(),
            "resumed": bool(self._tls.session_reused),
        }

    def chain(self) -> tuple[bytes, ...]:
        """Return the chain as sent, in DER, also after a failed verification.

        ``get_unverified_chain`` is public from Python 3.13 and stands behind ``_sslobj`` before.
        """
        getter = getattr(self._tls, "get_unverified_chain", None)
        if getter is not None:
            return tuple(getter() or ())
        inner = getattr(self._tls, "_sslobj", None)
        sent = inner.get_unverified_chain() if inner is not None else None
        return tuple(ssl.PEM_cert_to_DER_cert(item.public_bytes(1)) for item in sent or ())


async def handshake(
    sock: socket.socket,
    *,
    context: ssl.SSLContext,
    server_name: str,
    timeout: float,
    session: ssl.SSLSession | None = None,
) -> tuple[Handshake, TlsStream | None]:
    """Shake hands over a connected socket. On failure the socket is closed; on success it belongs to the stream."""
    watch, incoming, outgoing = _message_watch(context), ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname=server_name, session=session)
    heard = watch.over(tls)
    stream = TlsStream(sock, tls, incoming, outgoing, heard)
    started = time.monotonic_ns()
    try:
        failure = await _outcome(stream.shake(), timeout)
    except asyncio.CancelledError:
        sock.close()
        raise
    seconds = (time.monotonic_ns() - started) / 1e9
    requested = CERTIFICATE_REQUEST in heard
    seen = Handshake(
        server_name=None if _is_address(server_name) else server_name, client_certificate_requested=requested
    )
    # Parsing certificates takes milliseconds: it comes after the time was taken.
    chain = tuple(parse(der) for der in stream.chain())
    if failure is None:
        verified = 0 if context.verify_mode == ssl.CERT_REQUIRED else None
        return structs.replace(seen, seconds=seconds, chain=chain, verify_code=verified, **stream.describe()), stream
    stream.close()
    told = _classify(failure, stream.first_bytes(), requested=requested)
    return structs.replace(seen, waited=seconds, chain=chain, **told), None


async def _outcome(step: Awaitable[None], timeout: float) -> Exception | None:
    """Await a step and return the error of TLS, socket or time that ended it."""
    try:
        async with asyncio.timeout(timeout):
            await step
    except (OSError, TimeoutError) as error:  # ssl.SSLError is an OSError
        return error
    return None


def _classify(failure: Exception, first: bytes, *, requested: bool) -> dict[str, Any]:
    """Turn an error into the words of Handshake. This and `_by_reason` are the one place that knows OpenSSL's."""
    if isinstance(failure, TimeoutError):
        return {"error": "timeout"}
    if isinstance(failure, ssl.SSLCertVerificationError):
        return {"error": "verify", "verify_code": failure.verify_code, "verify_message": failure.verify_message}
    if isinstance(failure, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return {"error": "closed"}
    if isinstance(failure, ssl.SSLError):
        return _by_reason(failure.reason or str(failure), first, requested=requested)
    name = errno_name(failure) if isinstance(failure, OSError) else str(failure)
    return {"error": "reset" if name in {"ECONNRESET", "EPIPE"} else name}


def _by_reason(reason: str, first: bytes, *, requested: bool) -> dict[str, Any]:
    if reason in NOT_TLS or (first and first[0] not in CONTENT_TYPES):
        return {"error": "not-tls", "first_bytes": _printable(first)}
    if reason in VERSION:
        error = "protocol-version"
    elif reason in NO_CIPHER and not requested:
        error = "no-shared-cipher"
    else:
        error = "alert" if "ALERT" in reason else reason
    return {"error": error, "alert": _alert(reason)}


def _alert(reason: str) -> str | None:
    """Return the alert's name as RFC 8446 §6 writes it, from OpenSSL's reason such as TLSV1_ALERT_INTERNAL_ERROR."""
    found = re.search(r"ALERT_(\w+)$", reason)
    return found[1].lower() if found else None


def _printable(data: bytes) -> str:
    return "".join(chr(byte) if 32 <= byte < 127 else "." for byte in data)  # noqa: PLR2004 - printable ASCII


@functools.lru_cache(maxsize=256)
def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class MessageWatch:
    """Hears the messages of a context's handshakes, and remembers which of them held a CertificateRequest or a ticket."""

    def __init__(self) -> None:
        self._heard: weakref.WeakKeyDictionary[Any, set[int]] = weakref.WeakKeyDictionary()

    def over(self, tls: ssl.SSLObject) -> set[int]:
        """Return a set that fills with the types of such messages in this handshake."""
        return self._heard.setdefault(tls, set())

    def __call__(self, tls: Any, direction: str, version: int, content: int, message: int, data: bytes) -> None:  # noqa: ANN401 - as ssl calls it
        """Hear one message."""
        del version, data
        wanted = message in {NEW_SESSION_TICKET, CERTIFICATE_REQUEST} and content == HANDSHAKE and direction == "read"
        if wanted and tls in self._heard:
            self._heard[tls].add(message)


def _message_watch(context: ssl.SSLContext) -> MessageWatch:
    """Return a context's watch, set before a handshake's SSLObject is made: the only way to see a CertificateRequest.

    ``_msg_callback`` is private. It is set below ``ssl``'s own wrapper, which makes five enumerations of each message's numbers,
    thirty messages to a handshake.
    """
    slot = ssl.SSLContext.__base__.__dict__["_msg_callback"]
    watch = slot.__get__(context)
    if not isinstance(watch, MessageWatch):
        watch = MessageWatch()
        slot.__set__(context, watch)
    return watch
