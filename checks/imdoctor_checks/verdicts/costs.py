"""What it costs that a resolver leaves elsewhere: a time, nothing that can be measured, or why it is not known."""

import statistics
from collections.abc import Sequence

from imdoctor import say
from imdoctor.net.egress import NO_TIME
from imdoctor.net.subnet import SubnetAnswer
from imdoctor_checks.observations import DnsSeen, EgressSeen, MirrorCost
from imdoctor_checks.verdicts.dns import bogus
from imdoctor_checks.verdicts.picture import milliseconds

LEAST_PAIRS = 3
LEAST_COST = 0.001
"""Seconds; less is nothing that a call would notice."""
LEAST_RATIO = 0.1
"""Of the nearer address's own time."""


def price(cost: MirrorCost) -> float | None:
    """Return the seconds that a connection takes longer than it need, by the middle of the pairs; None for what may be nothing.

    It can when every connect to the one address took longer than every one to the other, and by enough to be noticed.
    """
    pairs = _pairs(cost)
    if len(pairs) < LEAST_PAIRS:
        return None
    slowest, middle = max(own for _, own in pairs), statistics.median(given - own for given, own in pairs)
    enough = max(LEAST_COST, LEAST_RATIO * statistics.median(own for _, own in pairs))
    return middle if min(given for given, _ in pairs) > slowest and middle > enough else None


def priced(seen: DnsSeen, cost: MirrorCost) -> float | None:
    """Return the price where the nearer address is the service's: a third party may name any, and what is near is no gain by itself."""
    return price(cost) if _not_ours(seen, cost) is None else None


def _not_ours(seen: DnsSeen, cost: MirrorCost) -> str | None:
    """Say why the address for the host's own prefix is not taken for the service's; None where it is seen to be."""
    found = next((one for one in seen.looks if one.address == cost.own), None)
    if found is None:
        return say("there was no time left to see what answers at {address}", address=cost.own)
    if found.gateway is None:
        return say("nothing answers at {address} ({error})", address=cost.own, error=found.error)
    if found.gateway:
        return None
    error = found.error or found.subject
    return say("{address} does not answer as the IM gateway ({error})", address=cost.own, error=error)


def _pairs(cost: MirrorCost) -> list[tuple[float, float]]:
    both = zip(cost.given_seconds, cost.own_seconds, strict=True)
    return [(given, own) for given, own in both if given is not None and own is not None]


def cost_told(seen: DnsSeen, egress: EgressSeen, server: str, cost: MirrorCost | None) -> tuple[str, str]:
    """Say what it costs, and by which spread; or that it is not known, and why."""
    if cost is None:
        return _no_cost(seen, egress, server)
    if (reason := _not_ours(seen, cost)) is not None:
        return say("what it costs is not known"), reason
    pairs = _pairs(cost)
    if len(pairs) < LEAST_PAIRS:
        return say("what it costs is not known"), _too_few(cost, pairs)
    given, own = (sorted(side) for side in zip(*pairs, strict=True))
    spread = say(
        "{given} {given_span}, {own} {own_span}, {pairs} connects each in turn",
        given=cost.given,
        given_span=_span(given),
        own=cost.own,
        own_span=_span(own),
        pairs=len(pairs),
    )
    costs = price(cost)
    if costs is None:
        return say("no measurable cost"), spread
    differences = [one - other for one, other in pairs]
    least, most = milliseconds(min(differences)), milliseconds(max(differences))
    head = say("it costs {costs} a connection ({least} to {most})", costs=milliseconds(costs), least=least, most=most)
    return head, spread


def _too_few(cost: MirrorCost, pairs: Sequence[tuple[float, float]]) -> str:
    if len(cost.own_seconds) == len(pairs):
        return say(
            "there was no time left to connect to {given} and {own} often enough", given=cost.given, own=cost.own
        )
    return say("{given} or {own} could not be connected to often enough", given=cost.given, own=cost.own)


def _no_cost(seen: DnsSeen, egress: EgressSeen, server: str) -> tuple[str, str]:
    answer = egress.subnet
    given = next((item.addresses for item in seen.servers if item.server == server), ())
    if answer is not None and answer.scope and set(answer.addresses) & set(given):
        same = say("{subnet} is given the same addresses, by {server}", subnet=answer.subnet, server=answer.server)
        return say("no measurable cost"), same
    return say("what it costs is not known"), _incomparable(answer)


def _incomparable(answer: SubnetAnswer | None) -> str:
    """Say why there is nothing to compare with."""
    if answer is None:
        return say("no public resolver was asked for this host's own prefix")
    about = {"server": answer.server, "subnet": answer.subnet, "error": answer.error}
    if answer.error == NO_TIME:
        return say("there was no time left to ask {server} for {subnet}", **about)
    if answer.error:
        return say("{server} was asked for {subnet}: {error}", **about)
    if not answer.scope:
        return say("what {server} gives {subnet} is for every network alike (scope 0, RFC 7871)", **about)
    if answer.addresses and all(map(bogus, answer.addresses)):
        given = ", ".join(answer.addresses)
        return say("{server} gives {subnet} what cannot be the service's ({given})", **about, given=given)
    return say("there are no two addresses to compare")


def _span(seconds: Sequence[float]) -> str:
    middle, least, most = map(milliseconds, (statistics.median(seconds), seconds[0], seconds[-1]))
    return say("{middle} ({least} to {most})", middle=middle, least=least, most=most)
