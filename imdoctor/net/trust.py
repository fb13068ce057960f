"""Trust stores: which certificates a handshake is verified against, and what another store would have said."""

import binascii
import re
import ssl
import warnings
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509

BODIES = re.compile("-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\\s]+)-----END CERTIFICATE-----")


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
    from cryptography.utils import CryptographyDeprecationWarning
    from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

    with warnings.catch_warnings():
        # Some old roots in the stores have serial numbers of zero and the like: no matter here.
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        try:
            store = Store(x509.load_pem_x509_certificates(Path(ca_file).read_bytes()))
            certificates = [x509.load_pem_x509_certificate(pem.encode("ascii")) for pem in chain]
            verifier = PolicyBuilder().store(store).build_server_verifier(x509.DNSName(host))
        except (OSError, ValueError):
            return None
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
