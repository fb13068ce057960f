"""HTML and SVG as a tree of elements: what is text cannot become markup, whoever said it.

The standard library's serialiser writes the tree, so it alone escapes, and does it everywhere (docs/decisions/0011).
"""

import re
from xml.etree import ElementTree as ET

from imdoctor.render.wrap import clean

Part = ET.Element | str | None
"""What an element is made of; None is nothing."""

COMMAND = re.compile(r"`([^`]+)`")


def element(tag: str, *parts: Part, **attributes: str | None) -> ET.Element:
    """Return an element of its parts, in order. In an attribute's name `_` stands for `-`; one that is None is left out."""
    made = ET.Element(tag)
    for name, value in attributes.items():
        if value is not None:
            made.set(name.rstrip("_").replace("_", "-"), visible(value))
    for part in parts:
        add(made, part)
    return made


def add(to: ET.Element, part: Part) -> None:
    """Add an element or a text at the end."""
    if isinstance(part, ET.Element):
        to.append(part)
    elif part is not None and len(to):
        to[-1].tail = (to[-1].tail or "") + visible(part)
    elif part is not None:
        to.text = (to.text or "") + visible(part)


def badge(status: str, word: str) -> ET.Element:
    """Return a word in the colour of a status."""
    return element("strong", word, class_=f"badge s-{status}")


def prose(text: str) -> list[Part]:
    """Return a text, with what stands between backticks as code."""
    parts = COMMAND.split(text)
    return [_command(part) if index % 2 else part for index, part in enumerate(parts) if part]


def _command(text: str) -> ET.Element:
    """Return a command, each word of which stays whole where there is room: a browser would break `-noout` after its hyphen."""
    made = ET.Element("code")
    for place, word in enumerate(text.split()):
        add(made, " " if place else None)
        add(made, element("span", word))
    return made


def visible(text: str) -> str:
    """Return a text with what is invisible, or may not stand in a page, written out as escapes; spaces stay."""
    if text.isprintable():
        return text
    return "".join(" " if part.isspace() else clean(part) for part in re.split(r"(\s+)", text))


def written(root: ET.Element) -> str:
    """Return a page as text."""
    return "<!doctype html>\n" + ET.tostring(root, encoding="unicode", method="html") + "\n"
