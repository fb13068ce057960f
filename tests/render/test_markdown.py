"""Markdown: what a server said stays text, in every place where it can stand."""

import re
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from imdoctor.render.markdown import code, prose, render
from imdoctor.render.wrap import clean
from tests.render.golden_pages import agreed, kept
from tests.render.reports import ANY_TEXT, EXPIRED, FAILED, REPORTS, anything, report

READER = MarkdownIt("gfm-like")
if READER.linkify is not None:
    READER.linkify.set({"fuzzy_link": False})  # GitHub makes a link of http://, https://, ftp:// and www. alone
OWN = {*["h2", "h3", "h4", "p", "ul", "ol", "li", "code", "strong", "table", "thead", "tbody", "tr", "th", "td"]}


class Tags(HTMLParser):
    """The tags of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag; the table's alignment is the only attribute there is."""
        self.seen.add(tag)
        assert all(name == "style" for name, _ in attrs)

    def handle_comment(self, data: str) -> None:
        """Note a comment as a tag that nobody wrote."""
        self.seen.add(f"<!--{data}")


def text_of(page: str) -> str:
    """Return what a reader sees of a page."""
    return unescape(re.sub(r"<[^>]+>", "", page)).replace("\u200b", "")


@pytest.mark.parametrize("name", REPORTS)
def test_page_is_as_agreed(name: str) -> None:
    """Each report reads as its golden page, and no golden page lies about unused."""
    agreed("markdown", "md", name)
    assert kept("markdown") == set(REPORTS)


@pytest.mark.parametrize("name", REPORTS)
def test_nothing_but_our_own_elements(name: str) -> None:
    """No report, the hostile one included, brings an element, an attribute or a link of its own."""
    assert Tags(READER.render(render(REPORTS[name]))).seen <= OWN


def test_everything_that_people_need_is_there() -> None:
    """The verdict, the cause with evidence and remedy, and each check are there as a reader sees them."""
    page = text_of(READER.render(render(report(FAILED))))
    for part in ("FAILED: ", EXPIRED.title, EXPIRED.why, *EXPIRED.because, "probe.blocked", "not asked: tls"):
        assert part in page
    for step in EXPIRED.remedy:
        assert step.replace("`", "") in page


def test_a_command_is_code() -> None:
    """A command between backticks can be copied as it stands, its bars included."""
    assert prose("Look: `a | b`.") == "Look: `a | b`."
    assert code("a `b` c") == "``a `b` c``"
    assert code("`") == "`` ` ``"


ESCAPED = {
    "emphasis": ("*a* _b_", r"\*a\* \_b\_"),
    "a link": ("[a](b)", r"\[a\](b)"),
    "an address": ("see https://a.example", r"see https:\//a.example"),
    "an address without a scheme": ("www.a.example", r"www\.a.example"),
    "HTML": ("<b>", r"\<b\>"),
    "a mention": ("@all", "@\u200ball"),
    "another issue": ("#12", "\\#\u200b12"),
    "a bar": ("a|b", r"a\|b"),
    "a backtick alone": ("a`b", r"a\`b"),
    "a list": ("- a", r"\- a"),
    "a numbered list": ("12. a", r"12\. a"),
    "an address of four numbers": ("203.0.113.7", "203.0.113.7"),
    "a heading": ("# a", r"\# a"),
    "a line": ("---", r"\---"),
    "two lines": ("a\n\nb", "a b"),
}


@pytest.mark.parametrize("name", ESCAPED)
def test_what_would_mean_something_is_escaped(name: str) -> None:
    """Each sign that Markdown or GitHub would take for more than itself is escaped."""
    said, written = ESCAPED[name]
    assert prose(said) == written


@given(st.one_of(ANY_TEXT, st.text("`*_[]()<>|\\#@!$&-+=~:/.1w ah\n", min_size=1).filter(str.strip)))
def test_any_text_stays_text(text: str) -> None:
    """Whatever a server says, the page has our own elements alone, and the text is read as it was said."""
    page = READER.render(render(anything(text)))
    assert Tags(page).seen <= OWN
    assert clean(text).replace("`", "") in text_of(page).replace("`", "")
    for row in re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL):
        assert row.count("<th") + row.count("<td") == 4
