"""The report as one page that needs nothing but itself: for a ticket, and as an agent's status page.

No script and no request to anywhere: `POLICY` is what the page asks of a browser, and what a server may ask as well.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType
from xml.etree import ElementTree as ET

from imdoctor.model import RANK, Cause, Report, TargetReport
from imdoctor.render.checks_table import checks_table
from imdoctor.render.history import clock, history, incidents, spent
from imdoctor.render.markup import Part, badge, element, prose, written
from imdoctor.render.past import Past
from imdoctor.render.text import CONFIDENCE, VERDICTS, WORDS, chosen, duration, gist, headline, title_of
from imdoctor.speech import say, spoken

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
"""Content Security Policy: a style within the page, the empty icon that keeps browsers from asking for one, and nothing else."""
NOTHING_KNOWN = Past()


def render(report: Report) -> str:
    """Return the report as a page, with a line end."""
    return page(report)


def page(report: Report, past: Mapping[str, Past] = MappingProxyType({}), *, refresh: int | None = None) -> str:
    """Return a page of a report. ``past`` is what went before, by target; ``refresh`` the seconds after which to load it anew."""
    several = len(report.targets) > 1
    sections = [
        _target(number, target, past.get(target.name, NOTHING_KNOWN), several=several)
        for number, target in enumerate(report.targets, 1)
    ]
    overview = [_overview(report, past)] if several else []
    body = element("body", _header(report), element("main", *overview, *sections))
    return written(element("html", _head(report, refresh), body, lang="zh-CN" if spoken() == "zh" else "en"))


@cache
def _style() -> str:
    return resources.files("imdoctor.render").joinpath("page.css").read_text("utf-8")


def _head(report: Report, refresh: int | None) -> ET.Element:
    style = ET.Element("style")
    style.text = _style()
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("meta", http_equiv="refresh", content=str(refresh)) if refresh else None,
        element("link", rel="icon", href="data:,"),
        element("title", f"{headline(report)} - imdoctor"),
        style,
    )


def _header(report: Report) -> ET.Element:
    host, took = report.host, duration(report.duration_seconds)
    said = headline(report).removeprefix(say("{who}: {told}", who=VERDICTS[report.status], told=""))
    return element(
        "header",
        element("h1", badge(report.status, VERDICTS[report.status]), " ", said),
        element(
            "p",
            say("Seen from {host} ({system}), ", host=host.name, system=host.system),
            element("time", report.started_at, datetime=report.started_at),
            say(", in {took}; imdoctor {release}.", took=took, release=report.imdoctor),
            class_="note",
        ),
    )


def _overview(report: Report, past: Mapping[str, Past]) -> ET.Element:
    """Return the table of targets, the way to each; the worst stand first."""
    numbered = sorted(enumerate(report.targets, 1), key=lambda one: -RANK.get(one[1].status, 0))
    rows = [
        element(
            "tr",
            element("td", badge(target.status, WORDS[target.status])),
            element("th", element("a", title_of(target), href=f"#t{number}"), scope="row"),
            element("td", gist(target), _since(past.get(target.name, NOTHING_KNOWN))),
        )
        for number, target in numbered
    ]
    heads = [element("th", name, scope="col") for name in (say("Status"), say("Target"), say("Verdict"))]
    table = element("table", element("caption", say("Targets")), element("thead", element("tr", *heads)))
    table.append(element("tbody", *rows))
    return element("nav", table, aria_label=say("Targets"))


def _target(number: int, target: TargetReport, past: Past, *, several: bool) -> ET.Element:
    """Return all that there is of a target, under a heading of its own where there are several."""
    level, key = (3, f"t{number}") if several else (2, f"t{number}")
    verdict = f" {say('{who}: {told}', who=title_of(target), told=gist(target))}"
    heading = element("h2", badge(target.status, WORDS[target.status]), verdict) if several else None
    said = chosen(target)
    note = None if said is None else element("p", said, class_="note")
    causes = [_cause(place, cause, level) for place, cause in enumerate(target.diagnosis, 1)]
    parts = [checks_table(target, level), spent(target, level, key), history(target, past, level, key)]
    return element("section", heading, note, _since(past), *causes, *parts, incidents(past, level), id=key)


def _since(past: Past) -> ET.Element | None:
    if past.since is None:
        return None
    said: list[Part] = [say("In this state since "), clock(past.since), say(".")]
    if past.flapping:
        said.append(say(" It comes and goes: its status changes too often for each change to be told."))
    return element("p", *said, class_="note")


def _cause(number: int, cause: Cause, level: int) -> ET.Element:
    """Return one cause: what, why, what to do, and by which evidence."""
    where: list[Part] = [say(" at {address}", address=""), element("code", cause.address)] if cause.address else []
    return element(
        "article",
        element(f"h{level}", f"{number}. {cause.title}", *where),
        element(
            "p",
            badge(cause.severity, WORDS[cause.severity]),
            " ",
            element("code", cause.cause),
            say(", {sentence}.", sentence=CONFIDENCE[cause.confidence]),
        ),
        element("p", *prose(cause.why)),
        *_list(say("What to do"), "ol", cause.remedy, level),
        *_list(say("Seen"), "ul", cause.because, level),
        *_codes(say("Explains: "), cause.explains),
        *_codes(say("Ruled out: "), cause.ruled_out),
        class_=f"cause c-{cause.severity}",
    )


def _list(title: str, tag: str, sentences: list[str], level: int) -> Iterator[ET.Element]:
    """Yield a list under a title, nothing for none."""
    if sentences:
        yield element(f"h{level + 1}", title)
        yield element(tag, *(element("li", *prose(sentence)) for sentence in sentences))


def _codes(title: str, codes: list[str]) -> Iterator[ET.Element]:
    if codes:
        parts: list[Part] = [title]
        for place, code in enumerate(codes):
            parts += [", " if place else None, element("code", code)]
        yield element("p", *parts)
