"""The report as JUnit's XML: a suite for each target, a case for each check.

The structure is the one that Jenkins' xUnit plugin describes in its junit-10.xsd; GitLab reads the same, and of a failure
the element's body alone. Every text is free of what XML 1.0 forbids (section 2.2), since `clean` writes it out.
"""

from collections.abc import Iterable, Iterator
from xml.etree import ElementTree as ET

from imdoctor.model import CheckReport, Report, TargetReport
from imdoctor.render.causes import behind, plain
from imdoctor.render.text import STATUSES, VERDICTS, chosen, found, headline, verdict_on
from imdoctor.render.wrap import clean
from imdoctor.speech import say

KINDS = {"fail": "failure", "unknown": "error", "blocked": "skipped", "skipped": "skipped"}
"""The element that a status becomes; a case without any has passed."""
COUNTED = {"failures": "failure", "errors": "error", "skipped": "skipped"}


def render(report: Report) -> str:
    """Return the report as XML, with a line end."""
    root = ET.Element("testsuites", name="imdoctor", time=_seconds(report.duration_seconds))
    root.extend([_suite(target, report) for target in report.targets])
    if not report.targets:  # a report without any case would be read as good
        suite = ET.SubElement(root, "testsuite", _described("imdoctor", report))
        suite.append(_verdict(headline(report), "imdoctor"))
    for suite in root:
        _count(suite, suite, ("failures", "errors", "skipped"))
    _count(root, root, ("failures", "errors"))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(target: TargetReport, report: Report) -> ET.Element:
    suite = ET.Element("testsuite", _described(target.name, report))
    properties = ET.SubElement(suite, "properties")
    for name, value in (
        ("endpoint", target.endpoint),
        ("verdict", VERDICTS[target.status]),
        ("site", chosen(target)),
    ):
        if value:
            ET.SubElement(properties, "property", name=name, value=clean(value))
    suite.extend([_case(check, target) for check in target.checks])
    if target.status == "unknown" and all(check.status != "unknown" for check in target.checks):
        suite.append(_verdict(verdict_on(target), target.name))
    return suite


def _described(name: str, report: Report) -> dict[str, str]:
    """Return what a suite says of itself. Checks run side by side, so its time is the run's and not their sum."""
    return {
        "name": clean(name),
        "time": _seconds(report.duration_seconds),
        "timestamp": report.started_at,
        "hostname": clean(report.host.name),
    }


def _case(check: CheckReport, target: TargetReport) -> ET.Element:
    case = ET.Element("testcase", classname=f"imdoctor.{clean(target.name)}", name=clean(check.name))
    if check.duration_seconds is not None and check.status not in {"blocked", "skipped"}:
        case.set("time", _seconds(check.duration_seconds))
    if kind := KINDS.get(check.status):
        result = ET.SubElement(case, kind, message=clean(check.summary or check.status))
        if kind == "skipped":
            result.text = _lines(_reason(check, target))
        else:
            code = next((item.code for item in check.findings if item.severity == "fail"), check.status)
            result.set("type", clean(code))
            result.text = _lines(_told(check, target))
    if output := list(_output(check)):
        ET.SubElement(case, "system-out").text = _lines(output)
    return case


def _told(check: CheckReport, target: TargetReport) -> Iterator[str]:
    """Yield what a check met, then the causes of it: all of it, since GitLab shows nothing else."""
    yield clean(check.summary or check.status)
    yield from (found(item) for item in check.findings if item.severity != "info" and item.message != check.summary)
    yield from filter(None, [chosen(target)])
    for number, cause in enumerate(behind(check, target), 1):
        yield ""
        yield from plain(number, cause)


def _reason(check: CheckReport, target: TargetReport) -> Iterator[str]:
    """Yield why a check was not asked, and the causes of that by name: they are told where they were met."""
    yield clean(check.summary or check.status)
    yield from (clean(say("{who}: {told}", who=cause.cause, told=cause.title)) for cause in behind(check, target))


def _output(check: CheckReport) -> Iterator[str]:
    """Yield what else is worth knowing: of a check that passed its summary and warnings, of every one its earlier tries."""
    if check.status not in KINDS:
        yield from filter(None, [clean(check.summary)])
        yield from (found(item) for item in check.findings)
    for number, attempt in enumerate(check.attempts, 1):
        yield say("attempt {number} before this one: {status}", number=number, status=STATUSES[attempt.status])
        yield from (f"  {found(item)}" for item in attempt.findings)


def _verdict(text: str, name: str) -> ET.Element:
    """Return a case for what no check's own case shows: that the verdict is not known."""
    case = ET.Element("testcase", classname=f"imdoctor.{clean(name)}", name="verdict")
    result = ET.SubElement(case, "error", message=clean(text), type="unknown")
    result.text = clean(text)
    return case


def _count(into: ET.Element, within: ET.Element, names: Iterable[str]) -> None:
    cases = list(within.iter("testcase"))
    into.set("tests", str(len(cases)))
    for name in names:
        into.set(name, str(sum(case.find(COUNTED[name]) is not None for case in cases)))


def _lines(lines: Iterable[str]) -> str:
    """Return lines as one text. Jenkins and GitLab read `[[ATTACHMENT|` as the name of a file: a server's word shall name none."""
    return "\n".join(lines).replace("[[ATTACHMENT|", "[[ATTACHMENT |")


def _seconds(seconds: float) -> str:
    return f"{seconds:.6f}"
