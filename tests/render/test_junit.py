"""JUnit's XML: valid for those who read it, each status its own element, and nothing in it that XML forbids."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import xmlschema
from hypothesis import given

from imdoctor.model import Status, worst
from imdoctor.render.junit import render
from tests.render.golden_pages import agreed, kept
from tests.render.reports import ANY_TEXT, EXPIRED, FAILED, REPORTS, anything, check, report, target

SCHEMA = xmlschema.XMLSchema(Path(__file__).with_name("junit.xsd"))


def parsed(text: str | bytes) -> ET.Element:
    """Return XML as a tree."""
    return ET.fromstring(text)  # noqa: S314 - it is our own


@pytest.mark.parametrize("name", REPORTS)
def test_page_is_as_agreed(name: str) -> None:
    """Each report reads as its golden page, and no golden page lies about unused."""
    agreed("junit", "xml", name)
    assert kept("junit") == set(REPORTS)


@pytest.mark.parametrize("name", REPORTS)
def test_it_is_valid(name: str) -> None:
    """Each report validates against the schema of what Jenkins and GitLab read."""
    SCHEMA.validate(render(REPORTS[name]))


ELEMENTS: dict[Status, str | None] = {
    "ok": None,
    "warn": None,
    "fail": "failure",
    "unknown": "error",
    "blocked": "skipped",
    "skipped": "skipped",
}


@pytest.mark.parametrize("status", ELEMENTS)
def test_each_status_has_its_element(status: Status) -> None:
    """Failed is a failure, unknown an error, blocked and skipped are skipped, the rest passes; the counts say the same."""
    checks = (check("dns", status, "why"), check("tcp", "ok"))
    shown = parsed(render(report(target("prod", worst([status, "ok"]), checks))))
    case, *_ = shown.iter("testcase")
    results = [child.tag for child in case if child.tag != "system-out"]
    element = ELEMENTS[status]
    assert results == ([element] if element else [])
    suite = shown.find("testsuite")
    assert suite is not None
    counts = [suite.get(name) for name in ("tests", "failures", "errors", "skipped")]
    told = {None: "2000", "failure": "2100", "error": "2010", "skipped": "2001"}[element]
    assert "".join(str(count) for count in counts) == told


def test_the_diagnosis_stands_in_the_body() -> None:
    """GitLab shows the body of a failure alone: cause, evidence and remedy are in it."""
    body = parsed(render(report(FAILED))).findtext(".//failure") or ""
    for part in (EXPIRED.title, EXPIRED.why, *EXPIRED.because, *EXPIRED.remedy):
        assert part in body


def test_a_blocked_check_names_the_cause() -> None:
    """What was not asked says for which check's sake, and by which cause."""
    body = parsed(render(report(FAILED))).findtext(".//skipped") or ""
    assert body == "not asked: tls stands in the way\ntls.cert-expired: The certificate has expired"


def test_a_warning_passes_and_is_told() -> None:
    """A warning is no failure, and stands in the case's output."""
    case = parsed(render(REPORTS["timed"])).find(".//testcase[@name='tls']")
    assert case is not None
    assert "warn, tls.cert-expiring at 203.0.113.7: 12 days are left" in (case.findtext("system-out") or "")


def test_every_attempt_is_told() -> None:
    """What was tried before stands in the case's output."""
    case = parsed(render(report(FAILED))).find(".//testcase[@name='tls']")
    assert case is not None
    assert case.findtext("system-out") == "attempt 1 before this one: fail"


@pytest.mark.parametrize("name", ["none", "several", "unanswered"])
def test_what_is_not_known_is_never_all_green(name: str) -> None:
    """A report whose verdict is not known has an error in it, even where no check says so itself."""
    assert parsed(render(REPORTS[name])).find(".//error") is not None


def test_what_was_not_measured_has_no_time() -> None:
    """A time that was not measured is left out, and never 0; a check that was not asked has none."""
    times = {case.get("name"): case.get("time") for case in parsed(render(REPORTS["healthy"])).iter("testcase")}
    assert times == {
        "client": None,
        "dns": "0.004200",
        "tcp": "0.021300",
        "tls": "0.045200",
        "probe": "0.183400",
        "clock": None,
    }


def test_no_text_names_a_file() -> None:
    """What Jenkins and GitLab would take for the name of a file to attach is not left as it is."""
    texts = "".join(parsed(render(REPORTS["hostile"])).itertext())
    assert "ATTACHMENT" in texts
    assert "[[ATTACHMENT|" not in texts


@given(ANY_TEXT)
def test_any_text_makes_valid_xml(text: str) -> None:
    """Whatever a server says, half a character included, the result is well-formed, valid and can be encoded."""
    shown = render(anything(text)).encode()
    SCHEMA.validate(parsed(shown))
