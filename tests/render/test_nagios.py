"""A monitoring plugin's output, read as the guidelines say that a monitoring system reads it."""

import re
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from imdoctor.model import Bounds, Measurement, exit_code
from imdoctor.render.nagios import render
from tests.render.golden_pages import agreed, kept
from tests.render.reports import ANY_TEXT, EXPIRED, FAILED, HEALTHY, REPORTS, anything, check, report, target

NUMBER = r"-?[0-9]+(?:\.[0-9]+)?"
RANGE = rf"(?:(?:{NUMBER}|~)?:)?(?:{NUMBER})?"
DATUM = re.compile(rf"'([^'=|]+)'=({NUMBER})(s|B|)((?:;{RANGE}){{0,2}}(?:;(?:{NUMBER})?){{0,2}})(?: |$)")
"""`'label'=value[UOM];[warn];[crit];[min];[max]` (guidelines, section 2.6)."""


@dataclass(frozen=True)
class Read:
    """A plugin's output as a monitoring system reads it."""

    line: str
    numbers: dict[str, str]
    long: list[str]


def read(page: str) -> Read:
    """Read a plugin's output; asserts that all of the performance data is well-formed and that no label stands there twice."""
    assert page.endswith("\n")
    first, *long = page.removesuffix("\n").split("\n")
    line, _, data = first.partition(" | ")
    found = DATUM.findall(data)
    assert sum(len(match[0]) for match in DATUM.finditer(data)) == len(data)
    labels = [label for label, *_ in found]
    assert len(set(labels)) == len(labels)
    assert "|" not in line + "".join(long)
    return Read(line, {label: value + unit + rest for label, value, unit, rest in found}, long)


@pytest.mark.parametrize("name", REPORTS)
def test_page_is_as_agreed(name: str) -> None:
    """Each report reads as its golden page, and no golden page lies about unused."""
    agreed("nagios", "txt", name)
    assert kept("nagios") == set(REPORTS)


@pytest.mark.parametrize("name", REPORTS)
def test_the_output_is_well_formed(name: str) -> None:
    """The first line holds the state and the numbers, and no bar stands anywhere else."""
    assert re.match(r"IMDOCTOR (OK|WARNING|CRITICAL|UNKNOWN) - ", read(render(REPORTS[name])).line)


@pytest.mark.parametrize(
    ("name", "strict", "state"),
    [
        ("healthy", True, "OK"),
        ("timed", False, "OK"),
        ("timed", True, "WARNING"),
        ("one-cause", False, "CRITICAL"),
        ("unknown", True, "UNKNOWN"),
        ("none", False, "UNKNOWN"),
    ],
)
def test_the_state_is_the_exit_codes(name: str, state: str, *, strict: bool) -> None:
    """The state's word is the one that a monitoring system gives to the exit code."""
    one = REPORTS[name]
    one = replace(one, exit_code=exit_code(one.status, fail_on_warn=strict))
    assert read(render(one)).line.startswith(f"IMDOCTOR {state} - ")


def test_the_line_names_the_worst_cause() -> None:
    """The line ends with the code of the first cause among the worst."""
    mild = replace(EXPIRED, cause="tls.cert-expiring", severity="warn")
    line = read(render(report(target("a", "warn", (), mild), FAILED))).line
    assert line.endswith(" (tls.cert-expired)")


def test_cause_and_remedy_follow() -> None:
    """After the first line come cause, evidence and remedy; what stands for a pipe is told."""
    long = read(render(report(FAILED))).long
    assert "   What to do:" in long
    assert any(step.replace("|", "\u00a6") in line for line in long for step in EXPIRED.remedy)
    assert long[-1] == "(\u00a6 stands for the shell's pipe)"
    assert "stands for" not in render(report(HEALTHY))


def numbers(*items: Measurement) -> dict[str, str]:
    """Return the performance data of measurements."""
    return read(render(report(target("prod", "ok", (check("tcp", measurements=items),))))).numbers


def test_numbers_have_their_units() -> None:
    """Seconds and bytes have a unit, others none; a share lies between 0 and 1; what was not measured is left out."""
    assert numbers(
        Measurement("connect", 0.0000015, "seconds", {"address": "::1"}),
        Measurement("connect", None, "seconds", {"address": "::2"}),
        Measurement("size", 73.0, "bytes"),
        Measurement("tries", 5.0, "count"),
        Measurement("lost", 0.2, "ratio"),
        Measurement("at", 1795464212.5, "timestamp"),
        Measurement("nothing", float("nan"), "seconds"),
    ) == {
        "tcp connect ::1": "0.0000015s",
        "tcp size": "73B;;;0",
        "tcp tries": "5;;;0",
        "tcp lost": "0.2;;;0;1",
        "tcp at": "1795464212.5",
    }


RANGES: dict[str, tuple[Bounds, str]] = {
    "at the most": ((0.0, 1.0), "1"),
    "at the most, below 0 as well": ((None, 30.0), "~:30"),
    "at the least": ((1814400.0, None), "1814400:"),
    "at the least 0": ((0.0, None), "0:"),
    "at the least, below 0": ((-30.0, None), "-30:"),
    "between": ((0.5, 2.0), "0.5:2"),
}


@pytest.mark.parametrize("name", RANGES)
def test_thresholds_are_ranges(name: str) -> None:
    """What is still good stands there as a range, for warnings and for failures."""
    bounds, written = RANGES[name]
    assert numbers(Measurement("a", 1.0, "seconds", warn=bounds)) == {"tcp a": f"1s;{written}"}
    assert numbers(Measurement("a", 1.0, "seconds", fail=bounds)) == {"tcp a": f"1s;;{written}"}


def test_labels_are_told_apart() -> None:
    """A second number of one name is numbered, whether the first was measured or not; several targets stand before theirs."""
    twice = [Measurement("a", value, "seconds", {"call": "warm"}) for value in (1.0, None, 3.0)]
    assert list(numbers(*twice)) == ["tcp a warm", "tcp a warm 3"]
    checks = (check("tcp", measurements=(twice[0],)),)
    both = read(render(report(target("x", "ok", checks), target("y", "ok", checks)))).numbers
    assert list(both) == ["x tcp a warm", "y tcp a warm"]


@given(ANY_TEXT)
def test_any_text_keeps_to_the_form(text: str) -> None:
    """Whatever a server says, the output stays well-formed."""
    one = anything(text)
    labelled = replace(
        one.targets[0], checks=[check(text, measurements=(Measurement("a", 1.0, "seconds", {text: text}),))]
    )
    assert len(read(render(replace(one, targets=[labelled]))).numbers) == 1


@given(st.floats(-1e12, 1e12))
def test_any_number_is_written_out(value: float) -> None:
    """A number is written in figures, without an exponent, and is what was measured."""
    (datum,) = numbers(Measurement("a", value, "seconds")).values()
    assert float(datum.removesuffix("s")) == pytest.approx(value, abs=1e-9)
