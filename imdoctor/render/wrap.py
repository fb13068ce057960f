"""Laying text out in columns: wide characters take two, commands stay whole, and nothing steers the terminal."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

CONTINUED = " \\"
"""Ends a line within a command, as the shell reads it."""
LEAST_ROOM = 8
"""Columns that a line has beside its indent, however narrow the page."""

_TOKEN = re.compile(r"""(?:'[^']*'|"[^"]*"|\S)+""")
_WIDE = "\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6\U00020000-\U0003fffd"
_OPENING = "\uff08\u300c\u300e\u300a\u3010"
_CLOSING = "\uff0c\u3002\u3001\uff1b\uff1a\uff09\uff1f\uff01\u300d\u300f\u300b\u3011"
"""What must not end a line, and what must not begin one (W3C, Requirements for Chinese Text Layout, 3.1.3)."""
_ALONE = re.compile(rf"`([^`]* [^`]*)`(?:[.,;:]|[{_CLOSING}]*)")
"""A command that reads as well without its backticks, on a line of its own."""


@cache
def _piece(*, wide: bool) -> re.Pattern[str]:
    """Return the pattern of a piece: a command between backticks with what closes it, a word, or a number with its unit.

    With ``wide``, also a wide character; and each with the punctuation that must not begin a line, or end one. That pattern takes
    milliseconds to compile, so a text without such characters goes without it.
    """
    letters = _WIDE if wide else ""
    word = rf"[^\s{letters}]+(?:(?<=[0-9]) (?:s|ms|us)\b[^\s{letters}]*)?"
    piece = rf"[^\s`{letters}]*`[^`]+`[^\s{letters}]*|{word}"
    if wide:
        piece = rf"[{_OPENING}]*(?:{piece}|[{_WIDE}])[{_CLOSING}]*"
    return re.compile(rf"(\s*)({piece})")


def clean(text: str) -> str:
    """Return a text on one line, with what could steer a terminal or hide something written out as escapes."""
    return "".join(_shown(character) for character in " ".join(text.split()))


def _shown(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape", "surrogatepass").decode("ascii")


def columns(text: str) -> int:
    """Return how many columns a text takes (Unicode Standard Annex 11)."""
    return len(text) if text.isascii() else sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me"} or "\u1160" <= character <= "\u11ff":
        return 0  # it is drawn over, or into, the one before
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def pad(text: str, width: int) -> str:
    """Return a text filled up with spaces to a width in columns."""
    return text + " " * max(0, width - columns(text))


def cut(text: str, width: int) -> str:
    """Return a text of at most ``width`` columns, with … for what is left out."""
    text = clean(text)
    return text if columns(text) <= width else _cut(text, width - 1)[0] + "…"


def wrap(text: str, width: int, first: str = "", rest: str | None = None, *, longest: int = 0) -> list[str]:
    """Return a text as lines of at most ``width`` columns; the first begins with ``first``, the others with ``rest``.

    A command that does not fit into its line gets one of its own, bare, so that it can be copied: of ``longest`` columns, where
    that is more. What is longer still is continued as the shell reads it.
    """
    rest = " " * columns(first) if rest is None else rest
    indent = max(columns(first), columns(rest))
    width = max(width, indent + LEAST_ROOM)
    lines, begun = [first], False
    for space, piece in _pieces(clean(text), width - indent):
        added = (space if begun else "") + piece
        if columns(lines[-1] + added) <= width:
            lines[-1], begun = lines[-1] + added, True
        elif _is_command(piece, width - indent):
            lines, begun = [*lines, *_alone(piece, columns(rest), max(width, longest)), rest], False
        else:
            lines, begun = [*lines, rest + piece], True
    kept = [line for index, line in enumerate(lines) if line != (rest if index else "")]
    return [line.rstrip() for line in kept or [first]]


def _pieces(text: str, room: int) -> Iterator[tuple[str, str]]:
    """Yield what must not be broken, each with the space before it; a word that is wider than the room is broken all the same."""
    for space, piece in _piece(wide=not text.isascii()).findall(text):
        parts = [piece] if _is_command(piece, room) else _cut(piece, room)
        for index, part in enumerate(parts):
            yield (space[:1] if index == 0 else ""), part


def _is_command(piece: str, room: int) -> bool:
    """Tell a command of several words, or one that is wider than the room, from a word."""
    return "`" in piece and (_ALONE.fullmatch(piece) is not None or columns(piece) > room)


def _alone(piece: str, indent: int, longest: int) -> list[str]:
    """Return a command as lines of its own, one if possible; further to the left where that makes it, or its longest word, fit."""
    found = _ALONE.fullmatch(piece)
    command = found[1] if found else piece
    if columns(command) <= longest:
        return [" " * min(indent + 2, longest - columns(command)) + command]
    word = max(map(columns, _TOKEN.findall(command))) + len(CONTINUED)
    room = max(longest - indent - 2, min(word, longest), LEAST_ROOM)
    return [f"{' ' * (longest - room)}{line}" for line in _continued(command, room)]


def _continued(command: str, room: int) -> list[str]:
    """Break a long command at its spaces, every line but the last with the shell's mark of continuation.

    Between quotes the mark, or the blanks after it, would be a part of the text (POSIX.1-2017 XCU 2.2): that stays whole.
    """
    lines = [""]
    for word in _words(command, room - len(CONTINUED)):
        longer = f"{lines[-1]} {word}".lstrip()
        if lines[-1] and columns(longer) > room - len(CONTINUED):
            lines.append(word)
        else:
            lines[-1] = longer
    if columns(together := " ".join(lines[-2:])) <= room:  # the last line needs no mark
        lines[-2:] = [together]
    whole = [line + CONTINUED for line in lines[:-1]] + lines[-1:]
    return whole if all(columns(line) <= room for line in whole) else _cut(command, room)


def _words(command: str, room: int) -> list[str]:
    """Return a command's words, an option together with its value where there is room for both."""
    words = [""]
    for word in _TOKEN.findall(command):
        pair = f"{words[-1]} {word}"
        if words[-1].startswith("-") and " " not in words[-1] and not word.startswith("-") and columns(pair) <= room:
            words[-1] = pair
        else:
            words.append(word)
    return words[1:]


def _cut(piece: str, room: int) -> list[str]:
    if columns(piece) <= room:
        return [piece]
    lines = [""]
    for character in piece:
        if columns(lines[-1] + character) > room:
            lines.append("")
        lines[-1] += character
    return lines
