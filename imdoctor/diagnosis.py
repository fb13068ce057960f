"""From findings to causes: a pure walk over the graph of what explains what.

A node is a finding of severity fail or warn, or a blocked check. An edge runs from what explains to what is explained.
A cause is a node that nothing else explains.
"""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

import msgspec

from imdoctor.catalogue import fill
from imdoctor.check import Finding, Settings, Spec
from imdoctor.model import RANK, Cause, Confidence, Severity


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A finding with its Spec, or (``finding`` is None) a blocked check with the name of the check that blocks it."""

    code: str
    severity: Severity = "fail"
    address: str | None = None
    finding: Finding | None = None
    spec: Spec | None = None
    blocked_by: str | None = None

    @property
    def patterns(self) -> tuple[str, ...]:
        """The codes that this finding may explain: its own word first, else its Spec's."""
        if self.finding is None or self.spec is None:
            return ()
        return self.spec.explains if self.finding.explains is None else self.finding.explains


def nodes(findings: Iterable[Finding], specs: Mapping[str, Spec], blocked: Mapping[str, str]) -> tuple[Node, ...]:
    """Return the graph's nodes. ``blocked`` maps each blocked check to the check that blocks it."""
    found = (
        Node(
            code=finding.code,
            severity=finding.severity or specs[finding.code].severity,
            address=finding.address,
            finding=finding,
            spec=specs[finding.code],
        )
        for finding in findings
    )
    stopped = (Node(code=f"{check}.blocked", blocked_by=by) for check, by in blocked.items())
    return (*(node for node in found if node.severity != "info"), *stopped)


def explains(one: Node, other: Node) -> bool:
    """Tell whether an edge runs from one node to another.

    It holds on the same address, or where one side has none; and a warning explains no failure. A blocked check is
    explained by the failures of the check that blocks it, too.
    """
    if one is other or (one.address and other.address and one.address != other.address):
        return False
    if other.finding is None and one.code.split(".", 1)[0] == other.blocked_by:
        return one.severity == "fail"
    if one.finding is None or (other.finding is not None and RANK[one.severity] < RANK[other.severity]):
        return False
    return any(fnmatchcase(other.code, pattern) for pattern in one.patterns)


def reachable(graph: Sequence[Node]) -> list[set[int]]:
    """Return, for each node, the indices of all nodes that it explains, directly or by way of others."""
    direct = [{j for j, other in enumerate(graph) if explains(one, other)} for one in graph]
    closed = []
    for start in range(len(graph)):
        reached: set[int] = set()
        frontier = set(direct[start])
        while frontier:
            reached |= frontier
            frontier = {j for i in frontier for j in direct[i]} - reached
        closed.append(reached)
    return closed


def roots(graph: Sequence[Node]) -> list[int]:
    """Return the nodes that nothing explains; of those that explain each other, the first and worst stands for all."""
    reach = reachable(graph)

    def is_root(i: int) -> bool:
        above = [j for j in range(len(graph)) if i in reach[j] and j != i]
        peers = [j for j in above if j in reach[i]]
        first = min([i, *peers], key=lambda j: (-RANK[graph[j].severity], j))
        return graph[i].finding is not None and first == i and len(peers) == len(above)

    return [i for i in range(len(graph)) if is_root(i)]


def diagnose(
    findings: Sequence[Finding], specs: Mapping[str, Spec], blocked: Mapping[str, str], settings: Settings
) -> list[Cause]:
    """Return the causes: failures first, among equals what blocks others first, then in the findings' order."""
    graph = nodes(findings, specs, blocked)
    reach = reachable(graph)
    by_code: dict[str, list[int]] = {}
    for i in roots(graph):
        by_code.setdefault(graph[i].code, []).append(i)
    ranked = [(_order(graph, reach, members), _cause(graph, reach, members, settings)) for members in by_code.values()]
    return [cause for _, cause in sorted(ranked, key=lambda pair: pair[0])]


def _order(graph: Sequence[Node], reach: Sequence[set[int]], members: Sequence[int]) -> tuple[int, bool, int]:
    blocks = any(graph[j].finding is None for i in members for j in reach[i])
    return (-max(RANK[graph[i].severity] for i in members), not blocks, members[0])


def _cause(graph: Sequence[Node], reach: Sequence[set[int]], members: Sequence[int], settings: Settings) -> Cause:
    """Make one cause of the findings of one code, wherever they were seen."""
    found = [(graph[i].finding, graph[i].spec) for i in members]
    told = [(finding, spec) for finding, spec in found if finding is not None and spec is not None]
    first, spec = told[0]
    addresses = list(dict.fromkeys(finding.address for finding, _ in told if finding.address))
    where = ", ".join(addresses) or None
    explained = {graph[j].code: None for i in members for j in sorted(reach[i]) if j not in members}
    return Cause(
        cause=first.code,
        severity=max((graph[i].severity for i in members), key=RANK.__getitem__),
        confidence=_surest(finding.confidence or spec.confidence for finding, spec in told),
        address=where if len(addresses) == 1 else None,
        title=fill(spec.title, settings, where, first.data),
        why=fill(spec.why, settings, where, first.data),
        remedy=[fill(step, settings, where, first.data) for step in spec.remedy],
        because=_unique(line for finding, spec in told for line in evidence(finding, spec, settings)),
        explains=[code for code in explained if code != first.code],
        ruled_out=_unique(code for finding, _ in told for code in finding.ruled_out),
    )


def evidence(finding: Finding, spec: Spec, settings: Settings) -> tuple[str, ...]:
    """Return what a finding stands on: its own evidence, or else its message."""
    return finding.because or (fill(spec.message, settings, finding.address, finding.data),)


def _surest(words: Iterable[Confidence]) -> Confidence:
    """Return the strongest confidence among several sightings of one fault."""
    order: tuple[Confidence, ...] = ("certain", "likely", "possible")
    return min(words, key=order.index)


def _unique(items: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(items))
