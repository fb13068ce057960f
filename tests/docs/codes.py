"""Writes docs/codes.md and its Chinese sister, from the texts that `imdoctor explain` shows: `python -m tests.docs.codes`."""

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from imdoctor import registry
from imdoctor.explanation import REQUEST, REQUESTS, Page, Part, pages
from imdoctor.speech import Language, say, speaking, spoken, translated
from tests.commands import PACKAGES

DOCS = Path(__file__).parents[2] / "docs"
PAGES: dict[Language, Path] = {"en": DOCS / "codes.md", "zh": DOCS / "codes.zh-CN.md"}
HEADS: dict[Language, str] = {
    "en": """# Codes

Every finding that a check may make, every code by which `imdoctor lint` speaks against a request, and every error code of the RESTful
API that imdoctor knows. `imdoctor explain CODE` says the same of one code, and `imdoctor explain --list` has them all, a line each. This
page is written by `python -m tests.docs.codes`.

Meaning, remedy and source of an error code, or of a code of `imdoctor lint`, follow the vendor's documents. The usual causes and their
order, the ways to confirm, and the retry class are imdoctor's own.

In a command, replace what stands in capitals: by what the finding names, or by your own. In `url.txt` stands the URL of a call as the
application makes it, in `body.json` its body, in `USERSIG_FILE` and `KEY_FILE` a usersig and the secret key; delete these files afterwards.
`sudo` stands before what needs root. The commands were tried on Debian 12, where these packages have the programs:

PACKAGES
""",
    "zh": """# 代码

检查项可能给出的每个问题、`imdoctor lint` 指出请求不当之处的每个代码，以及 imdoctor 认识的每个 REST API 错误码。`imdoctor explain CODE`
就其中一个给出同样的说明，`imdoctor explain --list` 逐行列出全部。本页由 `python -m tests.docs.codes` 生成。

错误码和 `imdoctor lint` 代码的含义、处理办法和出处以官方文档为准。常见原因及其次序、确认方法和重试类别是 imdoctor 自己的。

命令中的大写字母处请自行替换：换成问题中给出的内容，或者您自己的。`url.txt` 中是应用实际所拼的调用 URL，`body.json` 中是其包体，
`USERSIG_FILE` 和 `KEY_FILE` 中分别是 UserSig 和密钥；用完请删除这些文件。需要 root 权限的命令前写有 `sudo`。这些命令在 Debian 12 上试过，
所需的程序在以下软件包中：

PACKAGES
""",
}


def document(language: Language) -> str:
    """Return the page in a language."""
    with speaking(language):
        return _document(HEADS[language])


def _document(head: str) -> str:
    checks = registry.load().checks
    titles = {**{check.name: translated(check.title) for check in checks}, REQUEST: translated(REQUESTS)}
    packages = (f"- {package}: {_programs(package)}" for package in sorted({*PACKAGES.values()}))
    lines = [head.replace("PACKAGES", "\n".join(packages))]
    for group, members in groupby(pages(checks).values(), key=lambda page: page.group):
        lines.append(
            f"## {say('{who}: {told}', who=f'`{group}`', told=titles[group])}\n"
            if group in titles
            else f"## {_errors(group)}\n"
        )
        lines += [line for page in members for line in _page(page)]
    return "\n".join(lines)


def _errors(group: str) -> str:
    return f"Error codes: {group.removesuffix(' errors')}" if spoken() == "en" else group


def _programs(package: str) -> str:
    return ", ".join(f"`{program}`" for program, home in PACKAGES.items() if home == package)


def _page(page: Page) -> Iterator[str]:
    head = say("{code} ({word}): {title}", code=f"`{page.code}`", word=page.word, title=_text(page.title))
    yield f"### {head}\n"
    for part in page.parts:
        yield from _part(part)


def _part(part: Part) -> Iterator[str]:
    if not part.listed:
        yield f"**{say('{title}:', title=part.title)}** {_text(part.sentences[0])}\n"
        return
    yield f"**{say('{title}:', title=part.title)}**\n"
    for number, sentence in enumerate(part.sentences, 1):
        yield f"{f'{number}.' if part.ordered else '-'} {_text(sentence)}"
    yield ""


def _text(sentence: str) -> str:
    """Return a sentence with what Markdown would read as its own escaped, outside of backticks."""
    return re.sub(r"(`[^`]*`)|([*<])", lambda found: found[1] or f"\\{found[2]}", sentence)


if __name__ == "__main__":
    for language, path in PAGES.items():
        path.write_text(document(language), "utf-8")
