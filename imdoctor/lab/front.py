"""What stands before the gateway: a certificate and TLS as they should be, or one of their faults."""

import ssl
from collections.abc import Sequence
from pathlib import Path

from imdoctor.im.sites import backup_of
from imdoctor.lab.authority import Authority, Identity
from imdoctor.lab.gateway import Gateway
from imdoctor.lab.loop import ANYWHERE, LabLoop, Place
from imdoctor.lab.raw import RAW, sieve

HOST = "console.tim.qq.com"
BACKUP = backup_of(HOST) or HOST


def serve(
    lab: LabLoop, gateway: Gateway, how: str, *, authority: Authority, folder: Path, place: Place = ANYWHERE
) -> int:
    """Serve a gateway behind a certificate's fault, a word of `imdoctor.lab.raw.RAW`, or "good"; return the port."""
    if how == "sni-filtered":
        beyond = serve(lab, gateway, "good", authority=authority, folder=folder)
        return lab.serve(sieve(lambda hello: BACKUP.encode() in hello, beyond), place=place)
    if how in RAW:
        return lab.serve(RAW[how], place=place)
    chain = chain_of(how, authority)
    file = folder / f"{how}.pem"
    file.write_bytes(chain[0].key_pem() + b"".join(identity.pem() for identity in chain))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    if how.startswith("client-certificate"):
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=authority.root.pem().decode("ascii"))
    if how.endswith("tls1.2"):
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    return lab.serve(gateway.handler(), context=context, place=place)


def chain_of(how: str, authority: Authority) -> Sequence[Identity]:
    """Return the certificates that a server sends, the leaf first."""
    names = (HOST, BACKUP)
    if how == "unknown-root":
        other = Authority("Unknown Root")
        return (other.leaf(*names), other.root)
    if how == "inspected":
        other = Authority("FortiGate CA")
        return (other.leaf(*names), other.root)
    if how == "self-signed":
        return (authority.self_signed(*names),)
    if how == "no-intermediate":
        return (authority.leaf(*names, by_intermediate=True),)
    if how == "long-chain":
        return (authority.leaf(*names, by_intermediate=True), authority.intermediate)
    dates: dict[str, tuple[float, float]] = {"expired": (-400, -35), "not-yet-valid": (10, 400), "expiring": (-80, 10)}
    starts, ends = dates.get(how, (-30, 365))
    subject = ("portal.example.net",) if how == "other-name" else names
    return (authority.leaf(*subject, starts=starts, ends=ends),)
