"""What a page draws: where a call's time went, how each check went before, and the incidents."""

from collections.abc import Iterator, Sequence
from xml.etree import ElementTree as ET

from imdoctor.model import TargetReport
from imdoctor.render.drawing import HUES, bar, columns, counted, moment, strip
from imdoctor.render.markup import Part, badge, element
from imdoctor.render.past import Past, Point, Stretch, points_of, stretches
from imdoctor.render.text import WORDS, duration
from imdoctor.render.times import Call, Series, calls, series
from imdoctor.speech import mark, retold, say, translated

UNITS = ((mark("{number} days"), 86400), (mark("{number} h"), 3600), (mark("{number} min"), 60))
"""Units of a length of time, with their seconds."""
MOST_TROUBLES = 20
"""Incidents that a page shows: the newest."""


def clock(at: float | None) -> Part:
    """Return a time (Unix seconds) for people and for programs; a dash for none."""
    if at is None:
        return "-"
    return element("time", f"{moment(at)} UTC", datetime=moment(at, "%Y-%m-%dT%H:%M:%SZ"))


def lasted(seconds: float) -> str:
    """Return a length of time in the largest unit of which there are two or more."""
    for unit, size in UNITS:
        if seconds >= 2 * size:
            return translated(unit).format(number=f"{seconds / size:.0f}")
    return say("{number:.0f} s", number=seconds)


def spent(target: TargetReport, level: int, key: str) -> ET.Element | None:
    """Return where the time of the calls went, phase by phase; None where no call was measured to its end."""
    figures = [
        _spent(check.name, made, f"{key}p{number}")
        for number, check in enumerate(target.checks)
        if (made := calls(check.measurements))
    ]
    return (
        element("div", element(f"h{level}", say("Where the time went")), *figures, class_="spent") if figures else None
    )


def _spent(check: str, made: Sequence[Call], key: str) -> ET.Element:
    names = list(dict.fromkeys(name for call in made for name in call.parts))
    longest = max(call.total for call in made) or 1.0
    figure = element("figure", element("figcaption", say("Calls of {check}, by phase", check=check)))
    for number, call in enumerate(made):
        parts = [_swatch(names.index(name), f"{name} {duration(seconds)}") for name, seconds in call.parts.items()]
        figure.append(element("p", element("strong", call.name), f" {duration(call.total)}"))
        figure.append(bar(call, longest, names, f"{key}c{number}"))
        figure.append(element("ul", *parts, class_="legend"))
    return figure


def _swatch(hue: int, said: str) -> ET.Element:
    """Return a line of a legend. The colour says nothing that the words and their order do not."""
    return element("li", element("span", class_=f"swatch q{hue % HUES}", aria_hidden="true"), said)


def history(target: TargetReport, past: Past, level: int, key: str) -> ET.Element | None:
    """Return how each check went before; None where no run is known."""
    if not past.runs:
        return None
    runs = sorted(
        past.runs, key=lambda run: run.at
    )  # a clock that was set back has runs that began before earlier ones
    begin, end = runs[0].at, runs[-1].at
    verdicts = [(run.at, Point(status=run.status)) for run in runs]
    figures = [_figure(say("verdict"), stretches(verdicts, begin, end), level, f"{key}v")]
    figures += [
        _figure(check.name, stretches(points, begin, end), level, f"{key}h{number}")
        for number, check in enumerate(target.checks)
        if (points := points_of(runs, check.name))
    ]
    span: list[Part] = [say("{number} runs, from ", number=len(runs)), clock(begin), say(" to "), clock(end), say(".")]
    legend = say("The higher and the redder a bar, the worse; a gap is a time without a run.")
    title = element(f"h{level}", say("History"))
    return element(
        "div", title, element("p", *span, f" {legend}", class_="note"), element("div", *figures, class_="grid")
    )


def _figure(check: str, past: Sequence[Stretch], level: int, key: str) -> ET.Element:
    """Return a check's past: the bar of its outcomes, then its times."""
    caption = element("figcaption", element(f"h{level + 1}", check), element("p", counted(past)))
    figure = element("figure", caption, strip(past, check, key))
    for number, times in enumerate(series(past)):
        for part in _times(check, times, f"{key}s{number}"):
            figure.append(part)
    return figure


def _times(check: str, times: Series, key: str) -> Iterator[ET.Element]:
    limit = say(", limit {time}", time=duration(times.limit)) if times.limit is not None else ""
    yield element(
        "p", say("{what}: {time} at the longest{limit}", what=times.title, time=duration(times.longest), limit=limit)
    )
    yield columns(times, check, key)
    if len(times.names) > 1:
        yield element("ul", *(_swatch(hue, name) for hue, name in enumerate(times.names)), class_="legend")


def incidents(past: Past, level: int) -> ET.Element | None:
    """Return the table of incidents; None where none is known."""
    if not past.troubles:
        return None
    heads = [element("th", name, scope="col") for name in (say("Status"), say("Began"), say("Lasted"), say("Causes"))]
    rows = [
        element(
            "tr",
            element("td", badge(one.status, WORDS[one.status])),
            element("td", clock(one.began)),
            element("td", say("still on") if one.ended is None else lasted(one.ended - one.began)),
            element("td", say("; ").join(map(retold, one.causes)) or "-"),
        )
        for one in past.troubles[:MOST_TROUBLES]
    ]
    table = element("table", element("thead", element("tr", *heads)), element("tbody", *rows))
    return element("div", element(f"h{level}", say("Incidents")), table, class_="incidents")
