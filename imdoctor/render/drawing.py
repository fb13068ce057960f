"""SVG: how a check went, and how long it took. Everything that a drawing shows is told in words as well.

A drawing is as wide as there is room: its units are stretches of time, not pixels, so it holds no text; what it says stands
in its title and description, for those who do not see it, and in the figure's caption.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from xml.etree import ElementTree as ET

from imdoctor.render.markup import element
from imdoctor.render.past import Stretch
from imdoctor.render.text import STATUSES, duration
from imdoctor.render.times import Call, Series
from imdoctor.speech import say

HEIGHTS = {"fail": 20, "unknown": 15, "warn": 11, "ok": 7}
"""Of 20: the worse, the higher, so that a bar is read without its colour."""
LOWEST = 3
"""Height of what decides nothing: blocked, skipped."""
SCALE = 100
"""Height of a drawing of times, in units of its own."""
HUES = 8
"""Colours there are for phases, in the page's style."""


def moment(at: float, form: str = "%Y-%m-%d %H:%M") -> str:
    """Return a time (Unix seconds) in UTC, to the minute."""
    return datetime.fromtimestamp(at, UTC).strftime(form)


def counted(past: Sequence[Stretch]) -> str:
    """Say how many runs had which outcome, the worst first."""
    count = Counter(point.status for stretch in past for point in stretch.points)
    words = (*HEIGHTS, "blocked", "skipped")
    told = [f"{number} {STATUSES[word]}" for word in words if (number := count[word])]  # type: ignore[index]  # these are statuses
    return say(", ").join(told) or say("no run")


def strip(past: Sequence[Stretch], name: str, key: str) -> ET.Element:
    """Return the bar of a check's outcomes; ``key`` is the drawing's own in the page."""
    drawing = _drawing(
        len(past), 20, say("{name}: outcome over time", name=name), say("Of its runs: {told}.", told=counted(past)), key
    )
    place = 0
    for status, group in groupby(past, lambda stretch: stretch.status):
        run = list(group)
        if status is not None:
            drawing.append(_outcome(status, place, run))
        place += len(run)
    return drawing


def _outcome(status: str, place: int, run: Sequence[Stretch]) -> ET.Element:
    height = HEIGHTS.get(status, LOWEST)
    begin, end = moment(run[0].begin), moment(run[-1].end)
    told = counted(run)
    said = say("{status}, {begin} to {end}: {told}", status=STATUSES[status], begin=begin, end=end, told=told)
    return element(
        "rect",
        element("title", said),
        class_=f"o-{status}",
        x=str(place),
        y=str(20 - height),
        width=str(len(run)),
        height=str(height),
    )


def columns(times: Series, check: str, key: str) -> ET.Element:
    """Return the columns of a series, its parts upon each other, and its limit where that is in sight."""
    top = scale(times)
    named = say("{check}, {title}: time over time", check=check, title=times.title)
    drawing = _drawing(
        len(times.columns), SCALE, named, say("The longest took {time}.", time=duration(times.longest)), key
    )
    floors = [0.0] * len(times.columns)
    for hue, name in enumerate(times.names):
        steps = []
        for place, column in enumerate(times.columns):
            height = (column or {}).get(name, 0.0) / top * SCALE
            if height > 0:
                steps.append(f"M{place + 0.1:g} {SCALE - floors[place]:.2f}h.8v-{height:.2f}h-.8z")
            floors[place] += height
        drawing.append(element("path", element("title", name), class_=f"p{hue % HUES}", d="".join(steps)))
    if times.limit is not None and times.limit <= top:
        drawing.append(_limit(times.limit, top, len(times.columns)))
    return drawing


def _limit(limit: float, top: float, width: int) -> ET.Element:
    height = f"{SCALE - limit / top * SCALE:.2f}"
    line = {"x1": "0", "x2": str(width), "y1": height, "y2": height, "vector_effect": "non-scaling-stroke"}
    return element("line", element("title", say("limit: {time}", time=duration(limit))), class_="limit", **line)


def scale(times: Series) -> float:
    """Return the seconds at the top of a drawing: its longest column, or the limit where that is near."""
    longest = times.longest or 1.0
    return times.limit if times.limit is not None and longest < times.limit < 2 * longest else longest


def bar(call: Call, longest: float, names: Sequence[str], key: str) -> ET.Element:
    """Return one call's phases beside each other, by the scale of the longest (seconds)."""
    told = ", ".join(f"{name} {duration(seconds)}" for name, seconds in call.parts.items())
    drawing = _drawing(SCALE, 6, say("{name} call by phase", name=call.name), say("{sentence}.", sentence=told), key)
    start = 0.0
    for name, seconds in call.parts.items():
        width = seconds / longest * SCALE
        said = element("title", f"{name}: {duration(seconds)}")
        hue = f"p{list(names).index(name) % HUES}"
        drawing.append(element("rect", said, class_=hue, x=f"{start:.3f}", y="0", width=f"{width:.3f}", height="6"))
        start += width
    return drawing


def _drawing(width: int, height: int, title: str, told: str, key: str) -> ET.Element:
    return element(
        "svg",
        element("title", title, id=f"{key}-t"),
        element("desc", told, id=f"{key}-d"),
        viewBox=f"0 0 {width} {height}",
        preserveAspectRatio="none",
        role="img",
        aria_labelledby=f"{key}-t {key}-d",
    )
