"""Two reports held against each other: what is a change, and what is never the same twice."""

import string
from collections.abc import Mapping
from typing import ClassVar, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from imdoctor import registry
from imdoctor.check import Check, Fact, Observation, Spec
from imdoctor.comparison import Change, Comparison, compare
from imdoctor.model import CheckReport, Measurement, ReportedFinding, TargetReport
from imdoctor.render.difference import render
from imdoctor.spread import judge, samples_of
from tests.render.reports import EXPIRED, HEALTHY, check, report, target


class Looking:
    """A check as far as a comparison knows it."""

    name: ClassVar[str] = "look"
    title: ClassVar[str] = "?"
    step: ClassVar[int | None] = None
    findings: ClassVar[Mapping[str, Spec]] = {}
    facts = (
        Fact("addresses", "ways.addresses"),
        Fact("ways", "ways", "{name} by {addresses}"),
        Fact("kind", "", "kind {kind}"),
    )
    gauges = ("left",)

    async def observe(self, ctx: object, /) -> Observation:
        """Be asked by nobody."""
        del ctx
        raise NotImplementedError

    def judge(self, *_: object) -> tuple[()]:
        """Judge nothing."""
        return ()

    def plan(self, *_: object) -> tuple[()]:
        """Send nothing."""
        return ()


CHECKS: tuple[Check, ...] = (Looking(),)


def seen(
    *, status: str = "ok", observation: object = None, times: tuple[Measurement, ...] = (), code: str = ""
) -> CheckReport:
    """Return what the check reports."""
    findings = (ReportedFinding(code=code, severity="warn", message="x"),) if code else ()
    return check("look", status, observation=observation, measurements=times, findings=findings)  # type: ignore[arg-type]  # a status


def compared(before: CheckReport, after: CheckReport) -> Comparison:
    """Compare two runs of the check."""
    one, other = target("prod", before.status, (before,)), target("prod", after.status, (after,))
    return compare(report(one), report(other), CHECKS)


def ways(*addresses: str, name: str = "a", kind: str = "x") -> dict[str, object]:
    """Return an observation."""
    return {"ways": [{"name": name, "addresses": list(addresses)}], "kind": kind, "seconds": 0.1}


OBSERVED: dict[str, tuple[object, object, list[tuple[str, tuple[str, ...], tuple[str, ...]]]]] = {
    "the same": (ways("1", "2"), ways("1", "2"), []),
    "in another order": (ways("1", "2"), ways("2", "1"), []),
    "one more address": (
        ways("1"),
        ways("1", "2"),
        [("addresses", (), ("2",)), ("ways", ("a by 1",), ("a by 1, 2",))],
    ),
    "other addresses": (
        ways("1", "2"),
        ways("3", "2"),
        [("addresses", ("1",), ("3",)), ("ways", ("a by 1, 2",), ("a by 2, 3",))],
    ),
    "not seen on one side": (ways("1"), ways(), []),
    "no observation": (None, ways("1"), []),
    "another shape": ({"ways": "x", "kind": None}, ways("1"), []),
    "another kind": (ways("1"), ways("1", kind="y"), [("kind", ("kind x",), ("kind y",))]),
    "what no fact names": ({**ways("1"), "other": 1}, {**ways("1"), "other": 2}, []),
}


@pytest.mark.parametrize("name", OBSERVED)
def test_facts(name: str) -> None:
    """Facts that both sides saw are compared without regard to order; the rest of an observation is not."""
    before, after, wanted = OBSERVED[name]
    told = compared(seen(observation=before), seen(observation=after))
    assert [(change.topic, change.before, change.after) for change in told.targets[0].changes] == wanted
    assert told.same == (not wanted)


TIMES: dict[str, tuple[list[float], list[float], bool | None]] = {
    "the same": ([0.02, 0.03], [0.02, 0.03], False),
    "more by 5 ms": ([0.010, 0.010], [0.015, 0.015], False),
    "more by 6 ms": ([0.010, 0.010], [0.016, 0.016], True),
    "less by 6 ms": ([0.016, 0.016], [0.010, 0.010], True),
    "more by 20 %": ([0.100, 0.100], [0.120, 0.120], False),
    "more by 21 %": ([0.100, 0.100], [0.121, 0.121], True),
    "within the spread before": ([0.020, 0.100], [0.139, 0.139], False),
    "within the spread after": ([0.020, 0.020], [0.060, 0.140], False),
    "beyond the spread": ([0.020, 0.040], [0.060, 0.080], True),
    "one sample each": ([0.020], [0.060], None),
    "one sample on a side": ([0.020, 0.021], [0.060], None),
    "one sample each, three times as much": ([0.051], [0.153], True),
    "one sample each, nearly three times": ([0.060], [0.170], None),
    "one sample each, less than 100 ms more": ([0.010], [0.109], None),
    "one sample each, little more": ([0.020], [0.022], False),
    "one sample, within the other's spread": ([0.020, 0.400], [0.500], False),
}


@pytest.mark.parametrize("name", TIMES)
def test_times(name: str) -> None:
    """A time has changed by more than the least effect and than the spread; of one sample only where it is large."""
    before, after, wanted = TIMES[name]
    assert judge(samples_of(before), samples_of(after)) is wanted
    assert judge(samples_of(after), samples_of(before)) is wanted


@given(st.lists(st.floats(0, 10), min_size=1), st.lists(st.floats(0, 10), min_size=1))
def test_judging_times_is_fair_to_both_sides(before: list[float], after: list[float]) -> None:
    """Which report comes first decides nothing, and nothing differs from itself."""
    one, other = samples_of(before), samples_of(after)
    assert judge(one, other) is judge(other, one)
    assert judge(one, one) is False


def measured(
    *values: float | None, name: str = "wait", labels: dict[str, str] | None = None
) -> tuple[Measurement, ...]:
    """Return measurements of one thing, each at an address of its own."""
    return tuple(
        Measurement(name, value, "seconds", {**(labels or {}), "address": str(at)}) for at, value in enumerate(values)
    )


MEASURED: dict[str, tuple[tuple[Measurement, ...], tuple[Measurement, ...], list[bool]]] = {
    "changed": (measured(0.01, 0.01), measured(0.1, 0.1), [True]),
    "not to be judged": (measured(0.01), measured(0.05), [False]),
    "not measured": (measured(0.01, 0.01), measured(None, None), []),
    "another label": (measured(0.01, 0.01, labels={"call": "cold"}), measured(0.1, 0.1, labels={"call": "warm"}), []),
    "a gauge": (measured(100.0, 100.0, name="left"), measured(1.0, 1.0, name="left"), []),
    "another unit": ((Measurement("wait", 1.0, "bytes"),) * 2, (Measurement("wait", 2.0, "bytes"),) * 2, []),
}


@pytest.mark.parametrize("name", MEASURED)
def test_measurements(name: str) -> None:
    """Measurements of one name are samples of it; what no work took, and what is no time, is left out."""
    before, after, wanted = MEASURED[name]
    told = compared(seen(times=before), seen(times=after))
    assert [time.judged for time in told.targets[0].times] == wanted
    assert told.same == (True not in wanted)


def differences(before: TargetReport, after: TargetReport) -> list[Change]:
    """Return what changed about a target."""
    return list(compare(report(before), report(after), ()).targets[0].changes)


def test_causes_and_findings() -> None:
    """A cause that came, and one that changed its severity, is told once, and not again as a finding."""
    failed = target("prod", "fail", (check("tls", "fail"),), EXPIRED)
    milder = target("prod", "warn", (check("tls", "warn"),), replace(EXPIRED, severity="warn"))
    assert differences(target("prod", "ok", (check("tls"),)), failed) == [
        Change(topic="cause", what="tls.cert-expired", before=(), after=("fail, certain at 203.0.113.7",)),
        Change(topic="check", what="tls", before=("ok",), after=("fail",)),
    ]
    assert [change.what for change in differences(failed, milder)] == ["tls.cert-expired", "tls"]
    found = compared(seen(), seen(status="warn", code="look.odd")).targets[0].changes
    assert [(change.topic, change.what) for change in found] == [("finding", "look.odd"), ("check", "look")]


def test_settings() -> None:
    """A setting that differs is told by its path."""
    one, other = (
        replace(HEALTHY, settings={"a": {"b": 1, "c": []}}),
        replace(HEALTHY, settings={"a": {"b": 2, "c": []}}),
    )
    assert differences(one, other) == [Change(topic="setting", what="a.b", before=("1",), after=("2",))]


def test_targets_are_matched_by_name_then_by_endpoint() -> None:
    """A target that was renamed is found by its endpoint; what one report alone has is told."""
    one = [
        target("a", "ok", ()),
        replace(target("b", "ok", ()), endpoint="x:443"),
        replace(target("c", "ok", ()), endpoint="y:443"),
    ]
    other = [
        replace(target("d", "ok", ()), endpoint="x:443"),
        target("a", "ok", ()),
        replace(target("e", "ok", ()), endpoint="z:443"),
    ]
    told = compare(report(*one), report(*other), ())
    assert [item.name for item in told.targets] == ["a", "d"]
    assert (told.gone, told.new, told.same) == (("c (y:443)",), ("e (z:443)",), False)


moments = st.floats(0, 0.005)


@given(st.lists(moments, min_size=4, max_size=4), st.permutations(["1", "2", "3"]), st.floats(0, 1000))
def test_noise_is_no_difference(waits: list[float], order: list[str], duration: float) -> None:
    """Times within the least effect, another order and other durations make no difference, whichever report comes first."""
    one = seen(times=measured(*waits[:2]), observation=ways("1", "2", "3"))
    other = replace(seen(times=measured(*waits[2:]), observation=ways(*order)), duration_seconds=duration)
    assert compared(one, other).same
    assert compared(other, one).same


def test_text() -> None:
    """What differs is told with the worst first, and what is the same in one line."""
    sick = target("prod", "fail", (seen(status="fail", observation=ways("2"), times=measured(0.1, 0.2)),), EXPIRED)
    well = target("prod", "ok", (seen(observation=ways("1"), times=measured(0.01, 0.012)),))
    calm = replace(target("calm", "ok", ()), endpoint="a:443")
    told = compare(report(calm, well), report(calm, sick), CHECKS)
    assert render(told).splitlines() == [
        "DIFFERENT",
        "  before: web-1, 2026-03-01T12:00:00.000Z, imdoctor 0.1.0",
        "  after:  web-1, 2026-03-01T12:00:00.000Z, imdoctor 0.1.0",
        "",
        "prod (console.tim.qq.com:443): ok -> fail",
        "  causes",
        "    + tls.cert-expired: fail, certain at 203.0.113.7",
        "  checks",
        "    look: ok -> fail",
        "  addresses",
        "    - 1",
        "    + 2",
        "  ways",
        "    - a by 1",
        "    + a by 2",
        "  times",
        "    look wait: 11 ms (10 ms to 12 ms in 2 samples) -> 150 ms (100 ms to 200 ms",
        "      in 2 samples)",
        "",
        "calm (a:443): the same",
    ]
    same = compared(seen(times=measured(0.01)), seen(times=measured(0.05)))
    assert render(same) == (
        "The same: causes, findings, what was seen and times do not differ; 1 time of one sample each could not be judged.\n"
    )


def test_what_the_built_in_checks_declare_is_there() -> None:
    """Every path and every field of a built-in check's facts exists in its observation's type."""
    declared = [(item, fact) for item in registry.load().checks for fact in getattr(item, "facts", ())]
    assert {fact.topic for _, fact in declared} >= {"addresses", "chain", "resolvers", "egress", "answer"}
    for item, fact in declared:
        described = msgspec.json.schema(get_type_hints(item.observe)["return"])
        for part in [*fact.path.split("."), *fields_of(fact.show)]:
            assert not part or f'"{part}"' in msgspec.json.encode(described).decode(), (item.name, part)


def fields_of(show: str) -> list[str]:
    """Return the fields that a fact shows."""
    return [name for _, name, _, _ in string.Formatter().parse(show) if name]
