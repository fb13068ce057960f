"""What the controls off the target's path say: evidence for "this service" or "this network"."""

from collections.abc import Iterator

from imdoctor import say
from imdoctor.net.connect import REFUSALS, Connect
from imdoctor_checks.observations import BackupLook, Elsewhere


def answers(one: Connect | None, gateways: tuple[str, ...] = ()) -> bool:
    """Tell whether somebody answered a connect: a refusal is an answer, but for one of the default gateway's."""
    return one is not None and (one.error is None or (one.error in REFUSALS and one.address not in gateways))


def something_answers(seen: Elsewhere) -> bool:
    """Tell whether the network carries anything at all: the backup domain or a control answers."""
    return any(map(answers, seen.controls)) or (seen.backup is not None and answers(seen.backup.connect))


def unsettled(address: str, seen: Elsewhere | None) -> Iterator[str]:
    """Say what silence at an address leaves open, and what would settle it."""
    if seen is None or not something_answers(seen):
        yield say(
            "not settled: nothing else was seen to answer, so the whole network may be silent; "
            "try another host: `nc -vz HOST 443`"
        )
    if seen is not None and seen.named and (seen.opinion is None or address not in seen.opinion.answers.addresses):
        yield say(
            "not settled: whether {address} is the service's; ask a resolver outside of this network for the name",
            address=address,
        )


def told(seen: Elsewhere | None) -> Iterator[str]:
    """Say what each control met, and what was not asked."""
    if seen is None:
        return
    if seen.backup is not None:
        yield _backup(seen.backup)
    for one in seen.controls:
        told = one.error or say("answers")
        yield say("a control, {address} port {port}: {told}", address=one.address, port=one.port, told=told)
    if seen.opinion is not None:
        answer = seen.opinion.answers
        told = ", ".join(answer.addresses) or answer.a.outcome
        yield say("{server}, asked for the name: {told}", server=answer.server, told=told)
    if seen.barred:
        yield say("no third party was asked (--no-third-party): a public resolver would tell more")


def _backup(seen: BackupLook) -> str:
    if seen.connect is None:
        return say("the backup domain {name}: no address ({error})", name=seen.name, error=seen.error)
    shake = seen.handshake
    if shake is None:
        said = seen.connect.error or say("answers")
    elif shake.error is None:
        said = say("shakes hands")
    else:
        said = say("the handshake ends in {error}", error=shake.verify_message or shake.error)
    return say("the backup domain {name} ({address}): {said}", name=seen.name, address=seen.connect.address, said=said)
