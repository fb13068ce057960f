"""The judgement of the resolvers' answer by a public resolver's: a lie, or only another mirror."""

from collections.abc import Iterator

from imdoctor import Finding, say
from imdoctor.net.handshake import X509_EXPIRED, X509_NOT_YET, Handshake
from imdoctor_checks.observations import DnsSeen, Opinion, TcpSeen, TlsSeen
from imdoctor_checks.verdicts.dns import bogus, pinned, used


def judge_opinion(seen: DnsSeen, tls: TlsSeen | None, tcp: TcpSeen | None) -> Iterator[Finding]:
    """Judge an answer all of whose addresses somebody else holds, while a public resolver's lead to the gateway.

    Silence at an address proves nothing: a mirror may be out of reach. A refusal, or an identity that is not the service's,
    at every address does, where the public resolver gives others that answer as the gateway.
    """
    opinion = _opinion(tls, tcp)
    if opinion is None or not used(seen) or pinned(seen) or any(map(bogus, used(seen))):
        return
    right = [look.address for look in opinion.looks if look.gateway]
    strange = {address: _strange(address, tls, tcp) for address in used(seen)}
    if not right or set(right) & set(used(seen)) or not all(strange.values()):
        return
    asked = [server.server for server in seen.servers]
    data = {"right": opinion.answers.server, "wrong": asked, "addresses": used(seen)}
    because = (
        *(say("{who}: {told}", who=address, told=why) for address, why in strange.items()),
        *(_right(address, opinion.answers.server) for address in right),
    )
    yield Finding("dns.hijacked", data=data, because=because, confidence="certain")


def _right(address: str, server: str) -> str:
    return say("{address}, by the word of {server}: answers as the IM gateway", address=address, server=server)


def _opinion(tls: TlsSeen | None, tcp: TcpSeen | None) -> Opinion | None:
    taken = [one.elsewhere for one in (tls, tcp) if one is not None and one.elsewhere is not None]
    return next((one.opinion for one in taken if one.opinion is not None), None)


def _strange(address: str, tls: TlsSeen | None, tcp: TcpSeen | None) -> str | None:
    """Say how an address shows that it is not the gateway's; None where it does not show it."""
    for path in tls.paths if tls is not None else ():
        if path.address == address and path.handshake is not None:
            return _impostor(path.handshake)
    refusals = [one.error for one in tcp.connects if one.address == address] if tcp is not None else []
    return say("refuses the connection") if refusals and set(refusals) == {"ECONNREFUSED"} else None


def _impostor(shake: Handshake) -> str | None:
    if shake.error == "not-tls":
        return say("does not speak TLS")
    if shake.error == "verify" and shake.verify_code not in {X509_NOT_YET, X509_EXPIRED}:
        return say("shows a certificate that is not the service's ({message})", message=shake.verify_message)
    return None
