"""The page: everything is on it, in an order that makes sense, and whatever a server said is text."""

import re
from html.parser import HTMLParser
from importlib import resources
from itertools import pairwise

import pytest
from hypothesis import example, given
from msgspec.structs import replace

from imdoctor.render.html import POLICY, page, render
from imdoctor.render.markup import element, written
from imdoctor.render.past import Past
from imdoctor.render.wrap import clean
from tests.render.golden_pages import FOLDER, kept
from tests.render.pasts import PAST, WATCHED
from tests.render.reports import ANY_TEXT, EXPIRED, FAILED, HEALTHY, HOSTILE, REPORTS, anything, report

STYLE = resources.files("imdoctor.render").joinpath("page.css").read_text("utf-8")
GOLDEN = {name: render(one) for name, one in REPORTS.items()} | {"watched": page(WATCHED, {"prod": PAST}, refresh=60)}
VOID = {"meta", "link"}
ADDRESSES = {"data:,", "#t1", "#t2", "#t3"}


class Read(HTMLParser):
    """A page as a browser reads it: its elements, its text by element, its headings; asserts that it is well nested."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.texts: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element and its attributes."""
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close an element, the one that was opened last."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note a text."""
        if self.open:
            self.texts.append((self.open[-1], data))

    def handle_comment(self, data: str) -> None:
        """There are no comments."""
        raise AssertionError(data)

    @property
    def text(self) -> str:
        """All that a reader sees."""
        return " ".join("".join(text for tag, text in self.texts if tag != "style").split())

    @property
    def headings(self) -> list[int]:
        """The levels of the headings, in order."""
        return [int(tag[1]) for tag, _ in self.texts if re.fullmatch(r"h[1-6]", tag)]


def without_style(text: str) -> str:
    """Return a page without its style, which has a file of its own."""
    return text.replace(STYLE.replace("\r\n", "\n"), "")


@pytest.mark.parametrize("name", GOLDEN)
def test_page_is_as_agreed(name: str) -> None:
    """Each report reads as its golden page, and no golden page lies about unused."""
    assert without_style(GOLDEN[name]) == (FOLDER / "html" / f"{name}.html").read_text("utf-8")
    assert kept("html") == set(GOLDEN)


@pytest.mark.parametrize("name", GOLDEN)
def test_the_page_needs_nothing_else(name: str) -> None:
    """There is no script, no handler of events, and no address but those within the page and the empty icon."""
    read = Read(GOLDEN[name])
    assert not read.tags & {"script", "img", "iframe", "object", "embed", "form", "input", "base", "audio", "video"}
    assert not [attribute for attribute, _ in read.attributes if attribute.startswith("on")]
    assert {value for attribute, value in read.attributes if attribute in {"href", "src", "action"}} <= ADDRESSES
    assert not re.search(r"url\(|@import|expression\(", STYLE)
    assert ("content", POLICY) in read.attributes


@pytest.mark.parametrize("name", GOLDEN)
def test_the_page_is_in_order(name: str) -> None:
    """One heading of the first level, none that skips a level, and no name that two elements have."""
    read = Read(GOLDEN[name])
    levels = read.headings
    assert levels[0] == 1
    assert levels.count(1) == GOLDEN[name].count("<h1") == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert len(read.ids) == len(set(read.ids))
    labelled = [one for attribute, value in read.attributes if attribute == "aria-labelledby" for one in value.split()]
    assert set(labelled) <= set(read.ids)
    targets = {value[1:] for attribute, value in read.attributes if attribute == "href" and value.startswith("#")}
    assert targets <= set(read.ids)


def test_a_report_is_all_there() -> None:
    """The verdict, the cause with evidence and remedy, each check, and what it found and measured."""
    read = Read(render(report(FAILED)))
    for part in (EXPIRED.title, EXPIRED.why, *EXPIRED.because, "probe.blocked", "clock.skewed", "tried before: fail"):
        assert part in read.text
    for step in EXPIRED.remedy:
        assert step.replace("`", "") in read.text
    assert "address 203.0.113.7: handshake 12.1 ms" in read.text
    assert "info, dns.private-resolver: 183.60.83.19" in read.text
    assert ("h1", "FAILED") not in read.texts
    assert ("strong", "FAILED") in read.texts


def test_a_call_is_drawn_by_phase() -> None:
    """The report of a call shows each phase with its time, in words as well."""
    read = Read(render(REPORTS["timed"]))
    for part in ("cold 95.2 ms", "resolve 3.1 ms", "handshake 45.2 ms", "other 900 us"):
        assert part in read.text
    assert read.text.count("warm call by phase") == 2


def test_a_past_is_shown() -> None:
    """A status page shows since when, each check's past in words, and the incidents; another target's is left alone."""
    read = Read(page(WATCHED, {"prod": PAST}))
    for part in (
        "In this state since 2026-02-28 13:40 UTC. It comes and goes",
        "110 runs, from 2026-02-28 12:00 UTC to 2026-02-28 13:59 UTC.",
        "verdict20 fail, 10 warn, 80 ok",
        "probe90 ok, 20 blocked",
        "lookup: 240 ms at the longest, limit 200 ms",
        "cold call: 378 ms at the longest",
        "fail, 2026-02-28 13:39 to 2026-02-28 14:00: 20 fail",
        "still on",
        "60 min",
    ):
        assert part in read.text, part
    assert read.text.count("History") == 1
    assert clean(HOSTILE) in read.text


def test_a_page_is_loaded_anew_when_asked() -> None:
    """Without a word the page stays as it is."""
    assert 'http-equiv="refresh" content="60"' in page(WATCHED, refresh=60)
    assert "refresh" not in page(WATCHED)


def test_an_unknown_past_is_none() -> None:
    """An agent that has just begun shows the report alone."""
    plain = page(report(HEALTHY))
    assert plain == page(report(HEALTHY), {"prod": Past()})
    assert plain == page(report(HEALTHY), {"other": PAST})


@given(ANY_TEXT)
@example("`0`")
def test_any_text_stays_text(text: str) -> None:
    """Whatever a server says brings no attribute, and no element but the code between backticks, and is read as it was said."""
    one, plain = anything(text), Read(render(anything("`a`")))
    read = Read(render(one))
    assert read.tags <= plain.tags
    assert len(read.attributes) == len(plain.attributes)
    assert clean(text).replace("`", "") in read.text.replace("`", "")
    render(one).encode()


@given(ANY_TEXT)
def test_any_past_stays_text(text: str) -> None:
    """The past's texts are as harmless: causes of incidents, names and labels of measurements."""
    told = replace(PAST, troubles=(replace(PAST.troubles[0], causes=(text,)),))
    assert clean(text) in Read(page(WATCHED, {"prod": told})).text


def test_parts_stand_in_order() -> None:
    """Text before, between and after elements keeps its place and its spaces."""
    made = element("p", "a ", element("b", "c"), " d ", None, element("i"), "e\n\x00", data_x_="1", left_out=None)
    assert written(made) == '<!doctype html>\n<p data-x="1">a <b>c</b> d <i></i>e \\x00</p>\n'


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour (WCAG 2.1)."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours (WCAG 2.1)."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


SCHEMES = dict(zip(("light", "dark"), re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL), strict=True))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_text_can_be_read(scheme: str) -> None:
    """In both schemes each colour of text has a contrast of 4.5 or more to what is behind it (WCAG 2.1, 1.4.3)."""
    colours = dict(re.findall(r"--(\w+): (#\w{6});", SCHEMES[scheme]))
    for name in ("text", "quiet", "link", "ok", "warn", "fail", "unknown", "blocked", "skipped"):
        for behind in ("ground", "card"):
            assert contrast(colours[name], colours[behind]) >= 4.5, (name, behind)
