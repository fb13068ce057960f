"""Two reports held against each other: pure. What changed is told apart from what is never the same twice, in the language spoken."""

import string
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from imdoctor.check import Check, Fact
from imdoctor.model import CheckReport, Report, TargetReport
from imdoctor.speech import say, translated
from imdoctor.spread import Samples, judge, samples_of


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What only one report holds. ``what`` is a code, a check, a setting, or the topic itself."""

    topic: str
    what: str
    before: tuple[str, ...]
    after: tuple[str, ...]


class TimeChange(msgspec.Struct, frozen=True, kw_only=True):
    """A time in both reports. ``judged`` is False where one sample on a side does not tell a change from chance."""

    check: str
    name: str
    labels: dict[str, str]
    before: Samples
    after: Samples
    judged: bool


class TargetComparison(msgspec.Struct, frozen=True, kw_only=True):
    """What changed about one target, the diagnosis first, then what was seen, then times and settings."""

    name: str
    endpoint: str
    before: str
    """Its status."""
    after: str
    changes: tuple[Change, ...] = ()
    times: tuple[TimeChange, ...] = ()

    @property
    def same(self) -> bool:
        """Whether nothing changed; what is not judged is no change."""
        return self.before == self.after and not self.changes and not any(time.judged for time in self.times)


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One report: where and when it was made."""

    host: str
    started_at: str
    imdoctor: str


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that two reports differ in."""

    same: bool
    before: Side
    after: Side
    targets: tuple[TargetComparison, ...]
    gone: tuple[str, ...]
    """Targets that the first report alone has."""
    new: tuple[str, ...]
    """Targets that the second report alone has."""


def compare(before: Report, after: Report, checks: Sequence[Check]) -> Comparison:
    """Return what changed from one report to the other, by what the checks declare as facts and gauges."""
    pairs = _pairs(before.targets, after.targets)
    targets = tuple(_target(one, other, checks) for one, other in pairs)
    gone = tuple(_label(item) for item in before.targets if all(item is not one for one, _ in pairs))
    new = tuple(_label(item) for item in after.targets if all(item is not other for _, other in pairs))
    return Comparison(
        same=not gone and not new and all(target.same for target in targets),
        before=_side(before),
        after=_side(after),
        targets=targets,
        gone=gone,
        new=new,
    )


def _label(target: TargetReport) -> str:
    return f"{target.name} ({target.endpoint})"


def _side(report: Report) -> Side:
    return Side(host=report.host.name, started_at=report.started_at, imdoctor=report.imdoctor)


def _pairs(before: Sequence[TargetReport], after: Sequence[TargetReport]) -> list[tuple[TargetReport, TargetReport]]:
    """Match targets by name and endpoint, then by name, then by endpoint; each once."""
    left, right = list(before), list(after)
    found = []
    for key in (lambda it: (it.name, it.endpoint), lambda it: it.name, lambda it: it.endpoint):
        for one in list(left):
            other = next((item for item in right if key(item) == key(one)), None)
            if other is not None:
                left.remove(one)
                right.remove(other)
                found.append((one, other))
    order = {id(item): index for index, item in enumerate(before)}
    return sorted(found, key=lambda pair: order[id(pair[0])])


def _target(before: TargetReport, after: TargetReport, checks: Sequence[Check]) -> TargetComparison:
    causes = tuple(_differences("cause", _causes(before), _causes(after)))
    told = {change.what for change in causes}
    findings = (
        change for change in _differences("finding", _findings(before), _findings(after)) if change.what not in told
    )
    return TargetComparison(
        name=after.name,
        endpoint=after.endpoint,
        before=before.status,
        after=after.status,
        changes=(
            *causes,
            *findings,
            *_differences("check", _statuses(before), _statuses(after)),
            *_facts(before, after, checks),
            *_differences("setting", _settings(before), _settings(after)),
        ),
        times=tuple(_times(before, after, checks)),
    )


def _differences(topic: str, before: Mapping[str, set[str]], after: Mapping[str, set[str]]) -> Iterator[Change]:
    """Yield what the two sides do not have in common, in their own order."""
    for what in dict.fromkeys((*before, *after)):
        one, other = before.get(what, set()), after.get(what, set())
        if one != other:
            yield Change(topic=topic, what=what, before=tuple(sorted(one - other)), after=tuple(sorted(other - one)))


def _causes(target: TargetReport) -> dict[str, set[str]]:
    found = defaultdict[str, set[str]](set)
    for cause in target.diagnosis:
        found[cause.cause].add(say(", ").join(map(translated, (cause.severity, cause.confidence))) + _at(cause.address))
    return found


def _findings(target: TargetReport) -> dict[str, set[str]]:
    found = defaultdict[str, set[str]](set)
    for check in target.checks:
        for finding in check.findings:
            found[finding.code].add(translated(finding.severity) + _at(finding.address))
    return found


def _at(address: str | None) -> str:
    return say(" at {address}", address=address) if address else ""


def _statuses(target: TargetReport) -> dict[str, set[str]]:
    return {check.name: {_status(check)} for check in target.checks}


def _status(check: CheckReport) -> str:
    if check.blocked_by is None:
        return translated(check.status)
    return say("{status} by {check}", status=translated(check.status), check=check.blocked_by)


def _settings(target: TargetReport) -> dict[str, set[str]]:
    return {path: {msgspec.json.encode(value).decode()} for path, value in _leaves(target.settings, "")}


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}" if path else key)
    else:
        yield path, value


def _facts(before: TargetReport, after: TargetReport, checks: Sequence[Check]) -> Iterator[Change]:
    """Yield the facts that differ. What one side has not seen at all is told by its checks' statuses, not by every fact of it."""
    one, other = _seen(before, checks), _seen(after, checks)
    yield from (
        Change(topic=topic, what=topic, before=change.before, after=change.after)
        for topic in dict.fromkeys(topic for topic in (*one, *other) if one.get(topic) and other.get(topic))
        for change in _differences(topic, {topic: one[topic]}, {topic: other[topic]})
    )


def _seen(target: TargetReport, checks: Sequence[Check]) -> dict[str, set[str]]:
    """Return a target's facts by topic."""
    observations = {check.name: check.observation for check in target.checks}
    found = defaultdict[str, set[str]](set)
    for check in checks:
        facts: tuple[Fact, ...] = getattr(check, "facts", ())
        for fact in facts:
            found[fact.topic].update(_shown(observations.get(check.name), fact))
    return found


def _shown(observation: Any, fact: Fact) -> Iterator[str]:  # noqa: ANN401 - whatever JSON holds
    for value in _values(observation, [part for part in fact.path.split(".") if part]):
        fields = value if isinstance(value, dict) else {}
        named = [name for _, name, _, _ in string.Formatter().parse(fact.show) if name]
        if value not in (None, {}, "") and all(fields.get(name) not in (None, [], "") for name in named):
            yield translated(fact.show).format(value, **{name: _flat(fields[name]) for name in named})


def _values(value: Any, path: Sequence[str]) -> Iterator[Any]:  # noqa: ANN401 - whatever JSON holds
    """Yield what stands at a path, in every item of the lists on it."""
    if isinstance(value, list):
        for item in value:
            yield from _values(item, path)
    elif not path:
        yield value
    elif isinstance(value, dict):
        yield from _values(value.get(path[0]), path[1:])


def _flat(value: object) -> str:
    """Return a list on one line, sorted: the order of addresses is nothing to compare."""
    return ", ".join(sorted(map(str, value))) if isinstance(value, list) else str(value)


def _times(before: TargetReport, after: TargetReport, checks: Sequence[Check]) -> Iterator[TimeChange]:
    gauges = {(check.name, name) for check in checks for name in getattr(check, "gauges", ())}
    one, other = _samples(before.checks), _samples(after.checks)
    for key in one:
        check, name, labels = key
        judged = judge(one[key], other[key]) if key in other and (check, name) not in gauges else False
        if judged is not False:
            yield TimeChange(
                check=check, name=name, labels=dict(labels), before=one[key], after=other[key], judged=judged is True
            )


def _samples(checks: Iterable[CheckReport]) -> dict[tuple[str, str, tuple[tuple[str, str], ...]], Samples]:
    """Return the times by check, name and labels. Those at several addresses are samples of one: which address is nobody's choice."""
    found = defaultdict[tuple[str, str, tuple[tuple[str, str], ...]], list[float]](list)
    for check in checks:
        for item in check.measurements:
            labels = tuple(pair for pair in item.labels.items() if pair[0] != "address")
            if item.unit == "seconds" and item.value is not None:
                found[check.name, item.name, labels].append(item.value)
    return {key: samples_of(values) for key, values in found.items()}
