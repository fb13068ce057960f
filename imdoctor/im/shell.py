"""A text as the commands that a shell makes of it: POSIX' language, with what bash adds to quoting; the other shells' quotes made its own.

POSIX.1-2017 XCU 2.2, 2.3 and 2.7; bash(1), QUOTING. Nothing is expanded: a variable stands there as it was written.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

_LINE_GOES_ON = re.compile(r"\\[ \t]*\r?\n(?:> (?=-))?|\\\s*\Z")
"""A blank after the backslash is one of copying; so is a prompt before an option on the next line."""
_CMD = re.compile(r'curl(?:\.exe)?\s+\^"|\^\r?\n')
"""What only cmd.exe has: its escape before the first quote, or before a line's end."""
_CMD_LINE_END = re.compile(r"\^\r?\n(\r?\n)?")
_POWERSHELL_LINE_GOES_ON = re.compile(r"(?<=[ \t])`[ \t]*\r?\n")
_TOKEN = re.compile(
    r"""
      (?P<blank> [ \t\r\f\v]+ | (?<![^\s;&|()])\#[^\n]* )
    | (?P<redirection> (?:(?<![^\s;&|()])[0-9]+)? (?: <<<|<<-?|<>|&>>?|>>|>\||[<>]&? ) (?P<whole>[0-9-]+(?![^\s;&|()]))? )
    | (?P<operator> &&|\|\||;;|[;&|()\n] )
    | '(?P<single> [^']* )'
    | \$'(?P<ansi> (?:[^'\\]|\\.)* )'
    | \$?"(?P<double> (?: \$\([^()]*\) | [^"\\] | \\. )*+ )"
    | (?P<bare> (?: \$\([^()]*\) | `[^`]*` | \\. | (?!\$['"]) [^\s;&|()<>'"\\] )++ )
    """,
    re.VERBOSE | re.DOTALL,
)
_ANSI = re.compile(r"\\(?:x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|([0-7]{1,3})|(.))", re.DOTALL)
_LETTERS = {"a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


@dataclass(frozen=True)
class Command:
    """A command's words, without its redirections, and the operator that ends it, "" at the end of the text."""

    words: tuple[str, ...]
    end: str


def commands(text: str) -> tuple[Command, ...]:
    """Return the commands of a text. Raises ValueError for a quotation that does not end."""
    return tuple(command for command in _commands(_posix(text)) if command.words)


def _posix(text: str) -> str:
    """Return a text with every line that goes on as one, and the quotes of Windows' shells as POSIX' own."""
    if _CMD.search(text):
        text = re.sub(r"\^(.)", r"\1", _CMD_LINE_END.sub(lambda found: "\n" if found[1] else " ", text))
    if _POWERSHELL_LINE_GOES_ON.search(text):
        text = _POWERSHELL_LINE_GOES_ON.sub(" ", text).replace('`"', r"\"")
    return _LINE_GOES_ON.sub(" ", text)


@dataclass
class _Reading:
    """One command, as it is read."""

    words: list[str] = field(default_factory=list)
    word: str | None = None
    target: bool = False
    """Whether the next word is a redirection's."""

    def end_word(self) -> None:
        """Take the word that has just ended, if there is one."""
        if self.word is not None and not self.target:
            self.words.append(self.word)
        self.target = self.target and self.word is None
        self.word = None


def _commands(text: str) -> Iterator[Command]:
    now = _Reading()
    for found in _tokens(text):
        kind = found.lastgroup or ""
        if kind not in {"blank", "redirection", "operator"}:
            now.word = (now.word or "") + _said(kind, found[kind])
            continue
        now.end_word()
        if kind == "redirection":
            now.target = found["whole"] is None
        elif kind == "operator":
            yield Command(tuple(now.words), found[kind])
            now = _Reading()
    now.end_word()
    yield Command(tuple(now.words), "")


def _tokens(text: str) -> Iterator[re.Match[str]]:
    """Yield the pieces of a text in turn. Raises ValueError where none fits: at a quotation mark without its other."""
    start = 0
    while start < len(text):
        found = _TOKEN.match(text, start)
        if found is None:
            raise ValueError(f"a quotation begins at character {start} and does not end")
        yield found
        start = found.end()


def _said(kind: str, text: str) -> str:
    """Return what a piece of a word stands for."""
    match kind:
        case "single":
            return text
        case "ansi":
            units = _ANSI.sub(_character, text)  # an emoji may come as two surrogates
            return units.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case "double":
            return re.sub(r'\\([$`"\\])', r"\1", text)
        case _:
            return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def _character(found: re.Match[str]) -> str:
    byte, short, long, octal, letter = found.groups()
    if letter is not None:
        return _LETTERS.get(letter, letter)
    number = int(octal, 8) if octal else int(byte or short or long, 16)
    return chr(number) if number <= sys.maxunicode else "\N{REPLACEMENT CHARACTER}"
