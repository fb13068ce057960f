"""One TLS handshake over memory BIOs: who answered, with which chain, verified or why not. One handshake says both."""

import socket
import ssl

import msgspec


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """One certificate of the chain as sent. Times are Unix seconds."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: float
    not_after: float
    self_signed: bool
    key: str
    """Such as "RSA 2048" or "EC secp256r1"."""
    signature: str
    """The hash of the signature, such as "sha256"."""
    sha256: str
    """The fingerprint, in hex."""
    pem: str


class Handshake(msgspec.Struct, frozen=True, kw_only=True):
    """One handshake. ``error`` is None where it succeeded.

    ``error``: "timeout", "reset", "closed" (end of stream), "not-tls", "verify", "alert" (``alert`` names it), "protocol-version",
    "no-shared-cipher", or another reason of OpenSSL's in its own words.
    """

    server_name: str | None
    seconds: float | None = None
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

    session: ssl.SSLSession | None

    async def read(self, size: int, *, timeout: float) -> bytes:
        """Return up to ``size`` decrypted bytes, b"" at the end of stream. Raises TimeoutError and OSError."""
        raise NotImplementedError

    async def write(self, data: bytes, *, timeout: float) -> None:
        """Send all of ``data``. Raises TimeoutError and OSError."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the socket at once, without waiting for the peer's close_notify."""
        raise NotImplementedError


async def handshake(
    sock: socket.socket,
    *,
    context: ssl.SSLContext,
    server_name: str,
    timeout: float,
    session: ssl.SSLSession | None = None,
) -> tuple[Handshake, TlsStream | None]:
    """Shake hands over a connected socket. On failure the socket is closed; on success it belongs to the stream."""
    raise NotImplementedError
