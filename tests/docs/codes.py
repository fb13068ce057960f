"""Writes docs/codes.md, from the texts that `imdoctor explain` shows: `python -m tests.docs.codes`."""

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from imdoctor import registry
from imdoctor.explanation import Page, Part, pages
from tests.commands import PACKAGES

PAGE = Path(__file__).parents[2] / "docs/codes.md"
HEAD = """# Codes

Every finding that a check may make, and every error code of the RESTful API that imdoctor knows. `imdoctor explain CODE` says the same of
one code, and `imdoctor explain --list` has them all, a line each. This page is written by `python -m tests.docs.codes`.

Meaning, remedy and source of an error code follow the vendor's documents. The usual causes and their order, the ways to confirm, and the
retry class are imdoctor's own.

In a command, replace what stands in capitals: by what the finding names, or by your own. In `url.txt` stands the URL of a call as the
application makes it, in `body.json` its body, in `USERSIG_FILE` and `KEY_FILE` a usersig and the secret key; delete these files afterwards.
`sudo` stands before what needs root. The commands were tried on Debian 12, where these packages have the programs:

PACKAGES
"""


def document() -> str:
    """Return the page."""
    checks = registry.load().checks
    titles = {check.name: check.title for check in checks}
    packages = (f"- {package}: {_programs(package)}" for package in sorted({*PACKAGES.values()}))
    lines = [HEAD.replace("PACKAGES", "\n".join(packages))]
    for group, members in groupby(pages(checks).values(), key=lambda page: page.group):
        lines.append(
            f"## `{group}`: {titles[group]}\n"
            if group in titles
            else f"## Error codes: {group.removesuffix(' errors')}\n"
        )
        lines += [line for page in members for line in _page(page)]
    return "\n".join(lines)


def _programs(package: str) -> str:
    return ", ".join(f"`{program}`" for program, home in PACKAGES.items() if home == package)


def _page(page: Page) -> Iterator[str]:
    yield f"### `{page.code}` ({page.word}): {_text(page.title)}\n"
    for part in page.parts:
        yield from _part(part)


def _part(part: Part) -> Iterator[str]:
    if not part.listed:
        yield f"**{part.title}:** {_text(part.sentences[0])}\n"
        return
    yield f"**{part.title}:**\n"
    for number, sentence in enumerate(part.sentences, 1):
        yield f"{f'{number}.' if part.ordered else '-'} {_text(sentence)}"
    yield ""


def _text(sentence: str) -> str:
    """Return a sentence with what Markdown would read as its own escaped, outside of backticks."""
    return re.sub(r"(`[^`]*`)|([*<])", lambda found: found[1] or f"\\{found[2]}", sentence)


if __name__ == "__main__":
    PAGE.write_text(document(), "utf-8")
