"""Certificates that the embedded lab has no use for: RSA, weak, a long chain, another authority's. Made once for all worlds."""

from functools import cache

from cryptography.hazmat.primitives.asymmetric import rsa

from imdoctor.lab.authority import Authority, Identity
from imdoctor.lab.front import BACKUP, HOST, chain_of

PUBLIC_EXPONENT = 65537


@cache
def authority(name: str) -> Authority:
    """Return the authority of a name."""
    return Authority(name)


@cache
def chain(front: str) -> tuple[Identity, ...]:
    """Return the certificates that a front sends, the leaf first; an unknown word is the embedded lab's to know."""
    root = authority("Lab Root")
    if front.startswith("rsa"):
        key = rsa.generate_private_key(PUBLIC_EXPONENT, int(front.removeprefix("rsa")))
        return (root.leaf(HOST, BACKUP, key=key),)
    if front.startswith("by:"):
        other = authority(front.removeprefix("by:"))
        return (other.leaf(HOST, BACKUP), other.root)
    return tuple(chain_of(front, root))


def pem(front: str) -> bytes:
    """Return a front's key and certificates as one file."""
    sent = chain(front)
    return sent[0].key_pem() + b"".join(identity.pem() for identity in sent)
