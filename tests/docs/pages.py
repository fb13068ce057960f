"""The pages of the documentation, and the fenced blocks on them."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES: Mapping[str, Path] = {
    str(path.relative_to(ROOT)): path
    for path in (
        *sorted(ROOT.glob("*.md")),
        *sorted((ROOT / "docs").rglob("*.md")),
        *sorted((ROOT / "fleet").glob("*.md")),
    )
}
"""Every page, by its path from the project's root."""


class Block(NamedTuple):
    """A fenced block: ``language`` is the word behind the fence, and may be empty."""

    language: str
    text: str

    @property
    def lines(self) -> list[str]:
        """The lines of a shell's block as they are typed: those that go on are one."""
        return re.sub(r"\\\n|(?<=\|)\n", "", self.text).splitlines()


def blocks(page: str, *languages: str) -> list[Block]:
    """Return the blocks of a page, in order: all of them, or those in these languages."""
    text = PAGES[page].read_text("utf-8")
    found = [Block(*both) for both in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)]
    return [one for one in found if not languages or one.language in languages]
