"""Trust stores: which certificates a handshake is verified against."""

import ssl
from pathlib import Path


def tls_context(ca_file: str | Path | None, *, verify: bool) -> ssl.SSLContext:
    """Return a client's context that offers HTTP/1.1, against ``ca_file`` or else the system's store.

    ``create_default_context`` honours SSL_CERT_FILE and SSL_CERT_DIR, as the application's own library does.
    Raises OSError (ssl.SSLError among them) when ``ca_file`` cannot be read or holds no certificate.
    """
    context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    context.set_alpn_protocols(["http/1.1"])
    # A server of TLS 1.0 or 1.1 is to be seen and named, so the floor is our own, not the distribution's.
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
