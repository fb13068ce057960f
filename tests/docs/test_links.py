"""The documentation's links lead to pages and headings that there are, and from the README to every page."""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.docs.pages import PAGES, ROOT

OTHERS = {
    "README.md": {"README.zh-CN.md", "docs/codes.zh-CN.md"},
    "README.zh-CN.md": {"README.md", "docs/codes.md"},
}
"""By page to start from: those of the other language, whose links do not count."""


def tokens(page: Path) -> Iterator[Token]:
    """Yield what a page is made of, as Markdown has it."""
    for token in MarkdownIt("commonmark").enable("table").parse(page.read_text("utf-8")):
        yield from (token, *(token.children or ()))


def links(page: Path) -> list[str]:
    """Return where a page leads within the project."""
    found = [str(token.attrs["href"]) for token in tokens(page) if token.type == "link_open"]
    return [link for link in found if not link.startswith(("http:", "https:", "mailto:"))]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them: small letters, hyphens for blanks, a number for one that is there."""
    made, seen, every = set(), Counter[str](), list(tokens(page))
    for token, text in pairwise(every):
        if token.type == "heading_open":
            words = "".join(part.content for part in text.children or ())
            name = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
            made.add(f"{name}-{seen[name]}" if seen[name] else name)
            seen[name] += 1
    return made


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name: str) -> None:
    """Every link within the project leads to a file or folder of it, and to a heading where it names one."""
    page = PAGES[name]
    for link in links(page):
        file, _, anchor = link.partition("#")
        led = (page.parent / file).resolve() if file else page
        assert led.exists(), link
        assert led.is_relative_to(ROOT), link
        assert not anchor or anchor in anchors(led), link


@pytest.mark.parametrize("start", OTHERS)
def test_every_page_can_be_reached(start: str) -> None:
    """From either README links lead to every page but the other language's, over other pages or by their folder."""
    reached, ahead = {PAGES[name] for name in OTHERS[start]}, [ROOT / start]
    while ahead:
        page = ahead.pop()
        if page in reached:
            continue
        reached.add(page)
        if page.is_dir():
            ahead += page.glob("*.md")
        elif page.suffix == ".md":
            ahead += [(page.parent / link.partition("#")[0]).resolve() for link in links(page) if link[0] != "#"]
    assert [name for name, page in PAGES.items() if page not in reached] == []
