"""Trust stores: which certificates a handshake is verified against, and what another store would have said."""

import ssl
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509

if TYPE_CHECKING:
    from cryptography.x509.verification import Store


def tls_context(ca_file: str | Path | None, *, verify: bool) -> ssl.SSLContext:
    """Return a client's context that offers HTTP/1.1, against ``ca_file`` or else the system's store.

    ``create_default_context`` honours SSL_CERT_FILE and SSL_CERT_DIR, as the application's own library does.
    Raises OSError (ssl.SSLError among them) when ``ca_file`` cannot be read or holds no certificate.
    """
    context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    context.set_alpn_protocols(["http/1.1"])
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def reference_store() -> str:
    """Return the path of the store that httpx brings (certifi's), kept up to date apart from the system's."""
    import certifi

    return certifi.where()


def passes(chain: Sequence[str], ca_file: str, host: str) -> bool | None:
    """Tell whether a chain as sent (PEM, the leaf first) verifies for a DNS name against another store; None if it cannot be tried."""
    from cryptography.x509.verification import PolicyBuilder, VerificationError

    try:
        certificates = [x509.load_pem_x509_certificate(pem.encode("ascii")) for pem in chain]
        verifier = PolicyBuilder().store(_store(ca_file)).build_server_verifier(x509.DNSName(host))
    except (OSError, ValueError):
        return None
    try:
        verifier.verify(certificates[0], certificates[1:])
    except VerificationError:
        return False
    return True


@cache
def _store(ca_file: str) -> "Store":
    from cryptography.x509.verification import Store

    return Store(x509.load_pem_x509_certificates(Path(ca_file).read_bytes()))


def holds(ca_file: str, issuer: str) -> bool | None:
    """Tell whether a store holds an authority of this name (RFC 4514); None where the store cannot be read."""
    try:
        return issuer in _subjects(ca_file)
    except (OSError, ValueError):
        return None


@cache
def _subjects(ca_file: str) -> frozenset[str]:
    loaded = x509.load_pem_x509_certificates(Path(ca_file).read_bytes())
    return frozenset(one.subject.rfc4514_string() for one in loaded)
