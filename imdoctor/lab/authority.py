"""A certificate authority made for one run, and the certificates that scenarios ask of it."""

import ipaddress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = timedelta(days=1)
Key = ec.EllipticCurvePrivateKey | RSAPrivateKey


@dataclass(frozen=True)
class Identity:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: Key

    def pem(self) -> bytes:
        """Return the certificate as PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def key_pem(self) -> bytes:
        """Return the private key as PEM; it opens nothing but this run's lab."""
        none = serialization.NoEncryption()
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, none)


def _name(text: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "imdoctor lab"), x509.NameAttribute(NameOID.COMMON_NAME, text)]
    )


def _make(
    name: str,
    *,
    issuer: Identity | None,
    names: tuple[str, ...],
    starts: datetime,
    ends: datetime,
    authority: bool,
    key: Key | None = None,
) -> Identity:
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = _name(name)
    signer = issuer or Identity(certificate=None, key=key)  # type: ignore[arg-type]  # a self-signed one signs itself
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(starts)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key()), critical=False)
        .add_extension(_usage(authority=authority), critical=True)
    )
    if names:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([_alternative(item) for item in names]), critical=False
        )
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return Identity(builder.sign(signer.key, hashes.SHA256()), key)


def _alternative(name: str) -> x509.GeneralName:
    """Return a name, or an address, as a certificate holds it."""
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


@dataclass(frozen=True)
class Authority:
    """A root, and an intermediate where it is asked for. Nothing is made before it is needed."""

    name: str = "Lab Root"
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @cached_property
    def root(self) -> Identity:
        """The root, valid from long ago."""
        return _make(
            self.name, issuer=None, names=(), starts=self.now - 3650 * DAY, ends=self.now + 3650 * DAY, authority=True
        )

    @cached_property
    def intermediate(self) -> Identity:
        """An authority below the root."""
        name = f"{self.name} Intermediate"
        return _make(
            name, issuer=self.root, names=(), starts=self.now - 3000 * DAY, ends=self.now + 3000 * DAY, authority=True
        )

    def leaf(
        self,
        *names: str,
        starts: float = -30,
        ends: float = 365,
        by_intermediate: bool = False,
        key: Key | None = None,
    ) -> Identity:
        """Issue a server's certificate for these names, from and to so many days from now; its key is elliptic, or the one given."""
        issuer = self.intermediate if by_intermediate else self.root
        dates = {"starts": self.now + starts * DAY, "ends": self.now + ends * DAY}
        return _make(names[0], issuer=issuer, names=names, authority=False, key=key, **dates)

    def self_signed(self, *names: str) -> Identity:
        """Make a server's certificate that is signed by itself."""
        return _make(
            names[0], issuer=None, names=names, starts=self.now - DAY, ends=self.now + 365 * DAY, authority=False
        )
