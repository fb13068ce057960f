"""What it costs that a resolver leaves elsewhere: a time, nothing that can be measured, or why it is not known."""

import statistics
from collections.abc import Sequence

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
        return f"there was no time left to see what answers at {cost.own}"
    if found.gateway is None:
        return f"nothing answers at {cost.own} ({found.error})"
    return None if found.gateway else f"{cost.own} does not answer as the IM gateway ({found.error or found.subject})"


def _pairs(cost: MirrorCost) -> list[tuple[float, float]]:
    both = zip(cost.given_seconds, cost.own_seconds, strict=True)
    return [(given, own) for given, own in both if given is not None and own is not None]


def cost_told(seen: DnsSeen, egress: EgressSeen, server: str, cost: MirrorCost | None) -> str:
    """Say what it costs, with the spread; or why that is not known."""
    if cost is None:
        return _no_cost(seen, egress, server)
    if (reason := _not_ours(seen, cost)) is not None:
        return f"what it costs is not known: {reason}"
    pairs = _pairs(cost)
    if len(pairs) < LEAST_PAIRS:
        if len(cost.own_seconds) == len(pairs):
            return f"what it costs is not known: {NO_TIME} to connect to {cost.given} and {cost.own} often enough"
        return f"what it costs is not known: {cost.given} or {cost.own} could not be connected to often enough"
    given, own = (sorted(side) for side in zip(*pairs, strict=True))
    spread = f"{cost.given} {_span(given)}, {cost.own} {_span(own)}, {len(pairs)} connects each in turn"
    costs = price(cost)
    if costs is None:
        return f"no measurable cost: {spread}"
    differences = [one - other for one, other in pairs]
    return f"it costs {milliseconds(costs)} a connection ({milliseconds(min(differences))} to {milliseconds(max(differences))}): {spread}"


def _no_cost(seen: DnsSeen, egress: EgressSeen, server: str) -> str:
    answer = egress.subnet
    given = next((item.addresses for item in seen.servers if item.server == server), ())
    if answer is not None and answer.scope and set(answer.addresses) & set(given):
        return f"no measurable cost: {answer.subnet} is given the same addresses, by {answer.server}"
    return f"what it costs is not known: {_incomparable(answer)}"


def _incomparable(answer: SubnetAnswer | None) -> str:
    """Say why there is nothing to compare with."""
    if answer is None:
        return "no public resolver was asked for this host's own prefix"
    if answer.error == NO_TIME:
        return f"{NO_TIME} to ask {answer.server} for {answer.subnet}"
    if answer.error:
        return f"{answer.server} was asked for {answer.subnet}: {answer.error}"
    if not answer.scope:
        return f"what {answer.server} gives {answer.subnet} is for every network alike (scope 0, RFC 7871)"
    if answer.addresses and all(map(bogus, answer.addresses)):
        return f"{answer.server} gives {answer.subnet} what cannot be the service's ({', '.join(answer.addresses)})"
    return "there are no two addresses to compare"


def _span(seconds: Sequence[float]) -> str:
    return f"{milliseconds(statistics.median(seconds))} ({milliseconds(seconds[0])} to {milliseconds(seconds[-1])})"
