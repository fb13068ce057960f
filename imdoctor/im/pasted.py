"""A text that somebody pasted as the calls of `curl` in it: without prompts, marks and whatever else stands around them."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from imdoctor.im.shell import Command, commands

_CURL = re.compile(r"(?:.*[/\\])?curl(?:\.exe)?")
_MARKS = {"<": ">", "'": "'", '"': '"', "`": "`", "\u201c": "\u201d", "\u2018": "\u2019"}
"""What a text puts around a URL or a command, no part of either."""
_FENCE = re.compile(r"\A```\w*\n|\n```\Z")
_PROMPT = re.compile(
    r"""^(?:(?!curl)[^'"\n]){0,80}?[$#%>][ \t]*(?=(?:(?:sudo|time|env|[A-Za-z_]\w*=\S*)[ \t]+)*(?:\S*/)?curl(?:\.exe)?\s+[-'"$\\^`h])""",
    re.MULTILINE,
)
_BEFORE = re.compile(
    r"sudo|time|timeout|env|exec|command|nohup|nice|xargs|-.*|[A-Za-z_]\w*=.*|[0-9.]+[smhd]?", re.DOTALL
)
"""What may stand before `curl` in its command, beside what an option takes."""
_TYPESET = re.compile("[\u2018-\u201f\u2012-\u2015\u2212\uff0d]")
"""Begins a word with the quotes and dashes of typesetting, which word processors and chats put in the place of a shell's own."""
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
"""Seconds by the units of timeout(1)."""


@dataclass(frozen=True)
class Curl:
    """The words after `curl`; how many seconds what stands before it gives the command, None for no limit.

    ``ampersand`` tells that a shell would have ended the command at an & that was meant to stand in the URL.
    """

    words: tuple[str, ...]
    limit: float | None
    ampersand: bool

    @property
    def typeset(self) -> bool:
        """Whether a word begins as no shell reads it."""
        return any(map(_TYPESET.match, self.words))


def bare(text: str) -> str:
    """Return a text without what stands around it: blanks, a pair of marks, the fence of a block of code."""
    text = _FENCE.sub("", text.strip()).strip()
    marked = len(text) > 1 and _MARKS.get(text[0]) == text[-1] and not {text[0], text[-1]} & {*text[1:-1]}
    return text[1:-1].strip() if marked else text


def curls(text: str) -> list[Curl]:
    """Return each command of a text that calls curl. Raises ValueError for a quotation in it that does not end."""
    try:
        found = commands(_PROMPT.sub("", text))
    except ValueError:
        if re.search(r"(?:^|[\s/\\])curl(?:\.exe)?\s", text):
            raise
        return []
    told = (_curl(words, ampersand=ampersand) for words, ampersand in _joined(found))
    return [one for one in told if one is not None]


def _joined(found: Iterable[Command]) -> list[tuple[list[str], bool]]:
    """Return each command's words; and whether an & among them, which ends a command, was meant to stand in the URL."""
    kept: list[tuple[list[str], bool]] = []
    parted = False
    for command in found:
        if parted and re.match(r"\w+=", command.words[0]):
            words, _ = kept.pop()
            kept.append(([*words[:-1], f"{words[-1]}&{command.words[0]}", *command.words[1:]], True))
        else:
            kept.append(([*command.words], False))
        parted = command.end == "&"
    return kept


def _curl(words: Sequence[str], *, ampersand: bool) -> Curl | None:
    """Return what a command says to curl; None where curl is not what it calls."""
    for index, word in enumerate(words):
        if _CURL.fullmatch(word):
            return Curl(tuple(words[index + 1 :]), _limit(words[:index]), ampersand)
        if not _BEFORE.fullmatch(word) and not (index and words[index - 1].startswith("-")):
            break
    return None


def _limit(before: Sequence[str]) -> float | None:
    """Return the seconds that timeout(1) gives the command, if it does."""
    times = [found for word in before if (found := re.fullmatch(r"([0-9]+\.?[0-9]*)([smhd]?)", word))]
    return float(times[-1][1]) * _UNITS[times[-1][2]] if times and "timeout" in before else None
