"""Certificates of a chain as sent, as data."""

import functools
import hashlib
import ssl

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """One certificate of the chain as sent. Times are Unix seconds. What could not be read is empty."""

    subject: str
    issuer: str
    names: tuple[str, ...] = ()
    """The subject's alternative names: DNS names and IP addresses."""
    not_before: float | None = None
    not_after: float | None = None
    self_signed: bool = False
    """Subject and issuer are the same name."""
    authority: bool = False
    """Its basic constraints make it a CA."""
    key: str = ""
    """Such as "RSA 2048" or "EC secp256r1"."""
    signature: str = ""
    """The hash of the signature, such as "sha256"."""
    sha256: str
    """The fingerprint, in hex."""
    pem: str


@functools.lru_cache(maxsize=64)
def parse(der: bytes) -> Certificate:
    """Return a certificate as data; one that cannot be read at all keeps its fingerprint and PEM.

    The same few certificates come again in every handshake, and reading one takes longer than shaking hands.
    """
    pem = ssl.DER_cert_to_PEM_cert(der)
    digest = hashlib.sha256(der).hexdigest()
    try:
        known = x509.load_der_x509_certificate(der)
        return Certificate(
            subject=known.subject.rfc4514_string(),
            issuer=known.issuer.rfc4514_string(),
            names=_names(known),
            not_before=known.not_valid_before_utc.timestamp(),
            not_after=known.not_valid_after_utc.timestamp(),
            self_signed=known.subject == known.issuer,
            authority=_is_authority(known),
            key=_key(known),
            signature=known.signature_hash_algorithm.name if known.signature_hash_algorithm else "",
            sha256=digest,
            pem=pem,
        )
    except (ValueError, TypeError) as error:
        return Certificate(subject=f"unreadable: {error}"[:200], issuer="", sha256=digest, pem=pem)


def _names(known: x509.Certificate) -> tuple[str, ...]:
    try:
        extension = known.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension):
        return ()
    addresses = (str(address) for address in extension.get_values_for_type(x509.IPAddress))
    return (*extension.get_values_for_type(x509.DNSName), *addresses)


def _is_authority(known: x509.Certificate) -> bool:
    try:
        return known.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, x509.DuplicateExtension):
        return False


def _key(known: x509.Certificate) -> str:
    key = known.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {key.curve.name}"
    return type(key).__name__
