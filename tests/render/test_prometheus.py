"""The report as metrics: goldens, both formats read back by the library's own parsers, bounds, and no figure for what was not measured."""

import shutil
import subprocess
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_plain

from imdoctor import registry
from imdoctor.model import Measurement, Report, ReportedFinding, Unit
from imdoctor.render import FORMATS, Style
from imdoctor.render.figures import LONGEST_VALUE, exposed
from imdoctor.render.prometheus import (
    MOST_ALIKE,
    MOST_CAUSES,
    MOST_FINDINGS,
    MOST_MEASURED,
    PER_CHECK,
    PER_TARGET,
    figures_of,
    render,
)
from tests.lab.corpus import load
from tests.render.reports import EXPIRED, HOST, REPORTS, check, report, target

GOLDEN = Path(__file__).parent / "golden_prometheus"
Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


def series(text: str) -> Series:
    """Return a text's samples by name and labels; asserts that none stands there twice."""
    found: Series = {}
    for family in read_plain(text):
        for sample in family.samples:
            key = sample.name, frozenset(sample.labels.items())
            assert key not in found
            found[key] = sample.value
    return found


def samples_of_openmetrics(text: str) -> list[tuple[tuple[str, frozenset[tuple[str, str]]], float]]:
    """Return the samples of a text in OpenMetrics. Raises ValueError where the format's parser does."""
    families = list(read_openmetrics(text))  # type: ignore[no-untyped-call]  # prometheus_client leaves this one untyped
    return [((s.name, frozenset(s.labels.items())), s.value) for family in families for s in family.samples]


def values(text: str, name: str, **labels: str) -> list[float]:
    """Return the values of the samples that have a name, and these labels among theirs."""
    wanted = set(labels.items())
    return [value for (found, own), value in series(text).items() if found == name and wanted <= own]


def openmetrics(reported: Report) -> str:
    """Return a report's metrics in OpenMetrics."""
    return exposed(figures_of(reported).families.values(), "openmetrics")


@pytest.mark.parametrize("name", REPORTS)
def test_metrics_are_as_agreed(name: str) -> None:
    """Each report reads as its golden text."""
    assert render(REPORTS[name]) == (GOLDEN / f"{name}.prom").read_text("utf-8")


def test_every_golden_text_is_tested() -> None:
    """No golden text lies about unused."""
    assert {path.stem for path in GOLDEN.iterdir()} == set(REPORTS)


def test_format_takes_no_notice_of_the_style() -> None:
    """The format `prometheus` is this rendering."""
    assert FORMATS["prometheus"](REPORTS["one-cause"], Style(colour=True, width=20)) == render(REPORTS["one-cause"])


@pytest.mark.needs("program:promtool")
@pytest.mark.parametrize("name", REPORTS)
def test_promtool_has_nothing_to_say(name: str) -> None:
    """Prometheus' own linter is silent."""
    done = lint(render(REPORTS[name]))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.needs("program:promtool")
def test_promtool_has_nothing_to_say_of_real_runs() -> None:
    """Nor has it of what real worlds measured, all of them in one text, each under a name of its own."""
    reports = [kept.report for kept in load()]
    named = [replace(kept.report.targets[0], name=kept.world) for kept in load()]
    done = lint(render(replace(reports[0], targets=named)))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def lint(text: str) -> "subprocess.CompletedProcess[str]":
    """Run promtool on metrics."""
    command = [shutil.which("promtool") or "promtool", "check", "metrics"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False)


def test_statuses_are_one_hot() -> None:
    """One series of each status is 1, the others are 0: a rule may ask for either."""
    text = render(REPORTS["one-cause"])
    told = {
        status: values(text, "imdoctor_target_status", status=status) for status in ("ok", "warn", "fail", "unknown")
    }
    assert told == {"ok": [0], "warn": [0], "fail": [1], "unknown": [0]}
    assert values(text, "imdoctor_check_status", check="probe", status="blocked") == [1]
    assert sum(values(text, "imdoctor_check_status", check="probe")) == 1


def test_each_cause_stands_there_and_the_first_by_itself() -> None:
    """A rule can fire for every cause, or for the one to mend first."""
    text = render(REPORTS["two-causes"])
    assert values(text, "imdoctor_cause", code="tls.cert-expired", address="203.0.113.7", confidence="certain") == [1]
    assert values(text, "imdoctor_cause", code="client.timeout-too-short", severity="warn") == [1]
    assert values(text, "imdoctor_first_cause") == values(text, "imdoctor_first_cause", code="tls.cert-expired") == [1]


def test_what_was_not_measured_is_absent() -> None:
    """No 0 stands for a time that nobody took: not for a measurement, and not for a check that was not asked."""
    text = render(REPORTS["one-cause"])
    assert values(text, "imdoctor_tls_handshake_seconds") == [0.0121]
    assert "resumed" not in text
    assert values(text, "imdoctor_check_duration_seconds", check="probe") == []
    assert values(render(REPORTS["healthy"]), "imdoctor_check_duration_seconds", check="clock") == []


def test_times_are_as_prometheus_has_them() -> None:
    """Moments are Unix seconds."""
    began = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC).timestamp()
    assert values(render(REPORTS["healthy"]), "imdoctor_last_run_timestamp_seconds", target="prod") == [began]


UNITS: dict[str, tuple[Unit, str]] = {
    "seconds": ("seconds", "imdoctor_x_a_b_seconds"),
    "bytes": ("bytes", "imdoctor_x_a_b_bytes"),
    "a ratio": ("ratio", "imdoctor_x_a_b_ratio"),
    "a moment": ("timestamp", "imdoctor_x_a_b_timestamp_seconds"),
    "a count": ("count", "imdoctor_x_a_b"),
    "labels that tell": ("info", "imdoctor_x_a_b_info"),
}


@pytest.mark.parametrize("name", UNITS)
def test_a_measurement_is_named_by_its_check_itself_and_its_unit(name: str) -> None:
    """A check of anybody's is measured under a name by the rules; what only tells something is 1."""
    unit, family = UNITS[name]
    text = render(
        report(target("p", "ok", (check("x", measurements=(Measurement("a b", 3.0, unit, {"Who is": "me"}),)),)))
    )
    assert values(text, family, target="p", who_is="me") == [1.0 if unit == "info" else 3.0]


def test_of_several_measured_alike_the_middle_one_counts() -> None:
    """A value that was measured stands for several of one kind, and no average of them."""
    times = tuple(Measurement("wait", value, "seconds") for value in (0.3, 0.1, 0.2, 0.9))
    text = render(report(target("p", "ok", (check("probe", measurements=times),))))
    assert values(text, "imdoctor_probe_wait_seconds") == [0.2]


CLASHES = {
    "a name of imdoctor's own": ("target", "status", "count"),
    "another's by other words": ("a", "b c", "count"),
    "an ending that OpenMetrics keeps": ("a b", "c total", "count"),
}


@pytest.mark.parametrize("name", CLASHES)
def test_no_two_share_a_name(name: str) -> None:
    """A measurement whose name is taken is left out, which is counted."""
    own, measured, unit = CLASHES[name]
    first = check("a b", measurements=(Measurement("c", 1.0, "count"),))
    second = check(own, measurements=(Measurement(measured, 7.0, unit),))  # type: ignore[arg-type]  # the words of Unit
    text = render(report(target("p", "ok", (first, second))))
    assert 7.0 not in series(text).values()
    assert values(text, "imdoctor_left_out") == [1]


def crowded(**counts: int) -> str:
    """Return the metrics of a target that has too much of everything, or of what is told."""
    many = {"causes": 40, "codes": 60, "names": 60, "labels": 40, "checks": 12, **counts}
    causes = [replace(EXPIRED, cause=f"x.{number}", address=f"192.0.2.{number}") for number in range(many["causes"])]
    findings = tuple(
        ReportedFinding(code=f"c0.{number}", severity="info", address=str(number), message="m")
        for number in range(many["codes"])
    )
    measured = tuple(
        Measurement(f"m{number}", 1.0, "seconds", {"address": f"192.0.2.{label}"})
        for number in range(many["names"])
        for label in range(many["labels"])
    )
    checks = [check(f"c{number}", seconds=1.0) for number in range(many["checks"])]
    checks[0] = check("c0", seconds=1.0, findings=findings, measurements=measured)
    return render(report(target("p", "fail", tuple(checks), *causes)))


def test_the_worst_case_is_bounded() -> None:
    """A target has no more series than is documented, whatever was found and measured; what is left out is counted."""
    text = crowded()
    assert len(series(text)) - len(values(text, "imdoctor_build_info")) == PER_TARGET + PER_CHECK * 12
    assert values(text, "imdoctor_left_out") == [40 - MOST_CAUSES + 60 - MOST_FINDINGS + 60 * 40 - MOST_MEASURED]


LIMITS = {"one more than fits": (MOST_ALIKE + 1, 1), "just as many as fit": (MOST_ALIKE, 0)}


@pytest.mark.parametrize("name", LIMITS)
def test_series_of_one_measurement_are_bounded(name: str) -> None:
    """One measurement's labels take no more than their share, the first of them."""
    labels, left = LIMITS[name]
    text = crowded(causes=0, codes=0, names=1, labels=labels)
    assert len(values(text, "imdoctor_c0_m0_seconds")) == MOST_ALIKE
    assert values(text, "imdoctor_left_out") == [left]


def test_every_built_in_check_fits() -> None:
    """No real world has been seen that would be cut."""
    for kept in load():
        assert set(values(render(kept.report), "imdoctor_left_out")) <= {0}
    assert registry.load().checks


def test_labels_are_cut() -> None:
    """A label is no message: what is longer than the limit is cut."""
    address = "a" * (LONGEST_VALUE + 1)
    text = render(report(target("p", "fail", (), replace(EXPIRED, address=address))))
    assert values(text, "imdoctor_first_cause", address="a" * (LONGEST_VALUE - 1) + "…") == [1]


def test_no_message_is_a_label() -> None:
    """Words that differ from run to run make no series of their own."""
    text = render(REPORTS["two-causes"])
    assert not any("expired on 2026" in label for _, labels in series(text) for _, label in labels)


def test_half_a_character_is_escaped() -> None:
    """What no UTF-8 can hold, and what would end a line, stands there as an escape."""
    text = render(report(target("p", "fail", (), replace(EXPIRED, address="a\udc80\n\r\u2028b"))))
    assert values(text, "imdoctor_first_cause", address="a\\udc80\\n\\r\\u2028b") == [1]


TEXTS = st.text(max_size=30) | st.sampled_from(
    ['"', "\\", "\n", '\\"', "{}", "le", "target", "a_total", "__name__", "1", "é"]
)
MEASURED = st.builds(
    Measurement,
    TEXTS,
    st.none() | st.floats(),
    st.sampled_from(["seconds", "bytes", "count", "ratio", "timestamp", "info"]),
    st.dictionaries(TEXTS, TEXTS, max_size=4),
)
CHECKS = st.builds(
    lambda name, several: check(name, measurements=tuple(several)), TEXTS, st.lists(MEASURED, max_size=6)
)
FOUND = st.builds(lambda code, address: replace(EXPIRED, cause=code, address=address), TEXTS, st.none() | TEXTS)
TARGETS = st.builds(
    lambda name, checks, causes: target(name, "fail", tuple(checks), *causes),
    TEXTS,
    st.lists(CHECKS, max_size=4),
    st.lists(FOUND, max_size=3),
)


@given(st.lists(TARGETS, max_size=3, unique_by=lambda one: one.name))
def test_any_report_is_read_back(targets: list[object]) -> None:
    """Whatever checks and servers say, both formats are read back by the library's parsers, and no series stands there twice."""
    reported = report(*targets)  # type: ignore[arg-type]  # what TARGETS makes
    assert series(render(reported))
    seen = Counter(key for key, _ in samples_of_openmetrics(openmetrics(reported)))
    assert set(seen.values()) == {1}


@pytest.mark.parametrize("name", REPORTS)
def test_openmetrics_says_the_same(name: str) -> None:
    """Both formats hold the same samples."""
    assert dict(samples_of_openmetrics(openmetrics(REPORTS[name]))) == series(render(REPORTS[name]))


def test_the_host_is_no_label() -> None:
    """Which host this is, the scrape says: its name stands in no label."""
    assert HOST.name not in render(REPORTS["healthy"])
