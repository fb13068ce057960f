"""Laying text out in columns: wide characters take two, commands stay whole, and nothing steers the terminal."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

CONTINUED = " \\"
"""Ends a line within a command, as the shell reads it."""

_WIDE = "\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6\U00020000-\U0003fffd"
_CLOSING = "\uff0c\u3002\u3001\uff1b\uff1a\uff09\uff1f\uff01\u300d\u300b"


@cache
def _piece(*, wide: bool) -> re.Pattern[str]:
    """Return the pattern of a piece: a command between backticks with what closes it, a word, or a number with its unit.

    With ``wide``, also a wide character with the punctuation that must not begin a line. That pattern takes milliseconds
    to compile, so a text without such characters goes without it.
    """
    letters, alone = (_WIDE, f"|[{_WIDE}][{_CLOSING}]*") if wide else ("", "")
    word = rf"[^\s{letters}]+(?:(?<=[0-9]) (?:s|ms|us)\b[^\s{letters}]*)?"
    return re.compile(rf"(\s*)([^\s`{letters}]*`[^`]+`[^\s{letters}]*{alone}|{word})")


def clean(text: str) -> str:
    """Return a text on one line, with what could steer a terminal or hide something written out as escapes."""
    return "".join(_shown(character) for character in " ".join(text.split()))


def _shown(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape", "surrogatepass").decode("ascii")


def columns(text: str) -> int:
    """Return how many columns a text takes (Unicode Standard Annex 11)."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def pad(text: str, width: int) -> str:
    """Return a text filled up with spaces to a width in columns."""
    return text + " " * max(0, width - columns(text))


def cut(text: str, width: int) -> str:
    """Return a text of at most ``width`` columns, with … for what is left out."""
    text = clean(text)
    return text if columns(text) <= width else _cut(text, width - 1)[0] + "…"


def wrap(text: str, width: int, first: str = "", rest: str | None = None) -> list[str]:
    """Return a text as lines of at most ``width`` columns; the first begins with ``first``, the others with ``rest``."""
    rest = " " * columns(first) if rest is None else rest
    rooms = [max(width - columns(indent), 8) for indent in (first, rest)]
    lines = [""]
    for space, piece in _pieces(clean(text), min(rooms)):
        gap = space if lines[-1] else ""
        if columns(lines[-1] + gap + piece) > rooms[len(lines) > 1]:
            lines.append(piece)
        else:
            lines[-1] += gap + piece
        if piece.endswith(CONTINUED):
            lines.append("")
    return [f"{first if index == 0 else rest}{line}".rstrip() for index, line in enumerate(lines) if line or index == 0]


def _pieces(text: str, room: int) -> Iterator[tuple[str, str]]:
    """Yield what must not be broken, each with the space before it; what is wider than the room is broken all the same."""
    for space, piece in _piece(wide=not text.isascii()).findall(text):
        gap = space[:1]
        parts = _continued(piece, room) if "`" in piece and columns(piece) > room else _cut(piece, room)
        for index, part in enumerate(parts):
            yield (gap if index == 0 else ""), part


def _continued(command: str, room: int) -> list[str]:
    """Break a long command at its spaces, every line but the last with the shell's mark of continuation.

    Between quotes the mark, or the blanks after it, would be a part of the text (POSIX.1-2017 XCU 2.2): that stays whole.
    """
    lines = [""]
    for word in re.findall(r"(?:'[^']*'|\"[^\"]*\"|\S)+", command):
        longer = f"{lines[-1]} {word}".lstrip()
        if lines[-1] and columns(longer) > room - len(CONTINUED):
            lines.append(word)
        else:
            lines[-1] = longer
    whole = [line + CONTINUED for line in lines[:-1]] + lines[-1:]
    return whole if all(columns(line) <= room for line in whole) else _cut(command, room)


def _cut(piece: str, room: int) -> list[str]:
    lines = [""]
    for character in piece:
        if columns(lines[-1] + character) > room:
            lines.append("")
        lines[-1] += character
    return lines
