"""The usersig: version 2 (HMAC-SHA256) made, decoded and verified, version 1 (ECDSA) decoded and verified.

The source is Tencent's own ``tls-sig-api`` and ``tls-sig-api-v2`` packages.
"""

import hashlib
import hmac
import re
from typing import Literal

import msgspec

from imdoctor.im import usersig_document, usersig_packing
from imdoctor.im.usersig_document import UserSig
from imdoctor.im.usersig_packing import DOCUMENT_MAX, TEXT_MAX, UserSigFault
from imdoctor.speech import say

__all__ = [
    "DOCUMENT_MAX",
    "IDENTIFIER_MAX_BYTES",
    "TEXT_MAX",
    "UserSig",
    "UserSigFault",
    "decode",
    "key_fault",
    "make",
    "verify",
    "verify_v1",
]

IDENTIFIER_MAX_BYTES = 32
"""The documents' limit on an identifier, in UTF-8. ``decode`` tells what stands there and refuses nothing for it."""


def decode(text: str) -> UserSig | UserSigFault:
    """Return what the usersig says, or what is wrong with it. Never raises, and never inflates more than DOCUMENT_MAX.

    Nothing is forgiven: white space, missing padding and bytes after the end are faults. The signature is not verified.
    """
    document = usersig_packing.unpack(text)
    return document if isinstance(document, UserSigFault) else usersig_document.read(document)


def make(*, key: str, sdkappid: int, identifier: str, time: int, expire: int, userbuf: bytes | None = None) -> str:
    """Return a usersig of version 2.

    ``time`` is Unix seconds, ``expire`` seconds, ``key`` the secret key's text as it stands. Raises ValueError for what
    no usersig can hold: an SDKAppID of more than 32 bits, a date before 1970 or past the year 9999.
    """
    unsigned = UserSig(
        version=2, identifier=identifier, sdkappid=sdkappid, time=time, expire=expire, userbuf=userbuf, sig=b""
    )
    signed = msgspec.structs.replace(unsigned, sig=_hmac(key, unsigned))
    return usersig_packing.pack(usersig_document.write_v2(signed))


def verify(sig: UserSig, *, key: str) -> bool:
    """Tell whether a usersig of version 2 was signed with the key; False for version 1, signed in another way."""
    return sig.version != 1 and hmac.compare_digest(_hmac(key, sig), sig.sig)


def verify_v1(sig: UserSig, *, public_key_pem: bytes) -> bool:
    """Tell whether a usersig of version 1 was signed with the public key's private half; False for version 2.

    Raises ValueError for a PEM that holds no public key on an elliptic curve.
    """
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        public = load_pem_public_key(public_key_pem)
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError(say("this is no PEM file with a public key")) from None
    if not isinstance(public, ec.EllipticCurvePublicKey):
        raise ValueError(say("this public key is not on an elliptic curve"))  # noqa: TRY004 - its caller reads one kind of error
    try:
        public.verify(sig.sig, usersig_document.signed_message(sig), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return sig.version == 1


def key_fault(key: str) -> Literal["whitespace", "private-key-pem", "empty"] | None:
    """Return what is odd about a secret key's text, or None. It is used as it stands: in an HMAC every character counts.

    "private-key-pem" is a version 1 key, which signs no usersig of version 2.
    """
    if not key.strip():
        return "empty"
    if re.search(r"-----BEGIN [A-Z ]*PRIVATE KEY-----", key):
        return "private-key-pem"
    return "whitespace" if key != key.strip() else None


def _hmac(key: str, sig: UserSig) -> bytes:
    # The key is its text, not the bytes that its digits stand for. surrogatepass: an error would hold the key.
    return hmac.digest(key.encode("utf-8", "surrogatepass"), usersig_document.signed_message(sig), hashlib.sha256)
