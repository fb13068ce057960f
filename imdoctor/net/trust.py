"""Trust stores: which certificates a handshake is verified against, and what another store would have said."""

import binascii
import functools
import os
import re
import ssl
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

BODIES = re.compile("-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\\s]+)-----END CERTIFICATE-----")


def tls_context(ca_file: str | Path | None, *, verify: bool, only_tls12: bool = False) -> ssl.SSLContext:
    """Return a client's context that offers HTTP/1.1, against ``ca_file`` or else the system's store.

    ``create_default_context`` honours SSL_CERT_FILE and SSL_CERT_DIR, as the application's own library does.
    Raises OSError (ssl.SSLError among them) when ``ca_file`` cannot be read or holds no certificate.
    """
    context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    context.set_alpn_protocols(["http/1.1"])
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if only_tls12:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


def store_files(ca_file: str | Path | None) -> tuple[str, ...]:
    """Return the files and folders that ``tls_context`` reads, whether they are there or not."""
    if ca_file:
        return (str(ca_file),)
    known = _default_places()
    return (
        os.environ.get(known.openssl_cafile_env, known.openssl_cafile),
        os.environ.get(known.openssl_capath_env, known.openssl_capath),
    )


@functools.cache
def _default_places() -> ssl.DefaultVerifyPaths:
    """Return OpenSSL's own places, which were built into it; telling which of them are there takes longer."""
    return ssl.get_default_verify_paths()


def reference_store() -> str:
    """Return the path of the store that httpx brings (certifi's), kept up to date apart from the system's."""
    import certifi

    return certifi.where()


def passes(chain: Sequence[str], ca_file: str, host: str) -> bool | None:
    """Tell whether a chain as sent (PEM, the leaf first) verifies for a DNS name against another store; None if it cannot be tried."""
    try:
        with _quietly():
            return _verifies(chain, x509.load_pem_x509_certificates(Path(ca_file).read_bytes()), host, None)
    except (OSError, ValueError):
        return None


def passes_at(chain: Sequence[str], roots: Sequence[bytes], host: str, at: float) -> bool | None:
    """Tell whether a chain verifies against roots (DER) as of another time (Unix seconds); None if it cannot be tried."""
    try:
        with _quietly():
            return _verifies(chain, [x509.load_der_x509_certificate(root) for root in roots], host, at)
    except ValueError:
        return None


@contextmanager
def _quietly() -> Iterator[None]:
    """Read certificates without a word about the oddities of some old roots, serial numbers of zero and the like."""
    from cryptography.utils import CryptographyDeprecationWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        yield


def _verifies(chain: Sequence[str], roots: Sequence[x509.Certificate], host: str, at: float | None) -> bool:
    """Verify a chain. Raises ValueError where a certificate or the name cannot be read, or there is no root."""
    from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

    certificates = [x509.load_pem_x509_certificate(pem.encode("ascii")) for pem in chain]
    policy = PolicyBuilder().store(Store(list(roots)))
    if at is not None:
        policy = policy.time(datetime.fromtimestamp(at, UTC).replace(tzinfo=None))
    verifier = policy.build_server_verifier(x509.DNSName(host))
    try:
        verifier.verify(certificates[0], certificates[1:])
    except VerificationError:
        return False
    return True


def holds(ca_file: str, last: str) -> bool | None:
    """Tell whether a store holds an authority named as the issuer of a certificate (PEM); None where that cannot be read.

    The issuer's name is looked for as it is encoded: parsing some 150 certificates would take longer than the handshake.
    """
    try:
        issuer = x509.load_pem_x509_certificate(last.encode("ascii")).issuer.public_bytes()
        store = Path(ca_file).read_text("utf-8", "replace")
    except (OSError, ValueError):
        return None
    return any(issuer in binascii.a2b_base64(body) for body in BODIES.findall(store))
