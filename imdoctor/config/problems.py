"""What is wrong with a configuration, a secret or a file: sentences that say what to do."""

import difflib
import re
from collections.abc import Iterable

import msgspec

from imdoctor.speech import say

LONGEST_SHOWN = 40
"""Characters of somebody's text that a message repeats; more is cut."""
MOST_NAMED, MOST_LISTED = 6, 20

# A secret key is 64 hexadecimal digits; a usersig is deflated JSON in base64, which begins with eJ; and PEM.
_SECRET = re.compile(r"[0-9a-fA-F]{32,}|eJ[\w*+/=-]{30,}|-----BEGIN.*", re.DOTALL)


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong. ``line`` and ``column`` count from 1; None where there is no such place.

    ``at`` holds the keys under which the value stands, where a configuration has it: ("targets", "prod", "ca_file").
    """

    text: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    at: tuple[str, ...] = ()

    def __str__(self) -> str:
        place = [str(part) for part in (self.file, self.line, self.column) if part is not None]
        return f"{':'.join(place)}: {self.text}" if place else self.text


class ConfigError(Exception):
    """A configuration that cannot be used, with everything that is wrong with it."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems


def looks_secret(text: str) -> bool:
    """Tell whether a text looks like a secret itself, so that no message may repeat it."""
    return _SECRET.search(text) is not None


def redacted(text: str) -> str:
    """Return a text with whatever looks like a secret in it as ***."""
    return _SECRET.sub("***", text)


def shown(text: str) -> str:
    """Return somebody's text for a message: quoted, cut, and not at all when it looks like a secret."""
    if looks_secret(text):
        return say("(not shown: it looks like a secret)")
    return repr(text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…")


def similar(word: str, known: Iterable[str]) -> list[str]:
    """Return the known words that are nearest to one; none where nothing is alike."""
    names = sorted(known)
    longer = [name for name in names if word and name.startswith(word.lower())]
    return longer[:MOST_NAMED] or difflib.get_close_matches(word.lower(), names, n=1, cutoff=0.6)


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return "did you mean X?" for the nearest known words, else the list of those known, if it is short."""
    names = sorted(known)
    near = similar(word, names)
    if near:
        return say(
            "did you mean {names}{joint}{name}?",
            names=", ".join(near[:-1]),
            joint=say(" or ") if near[:-1] else "",
            name=near[-1],
        )
    return (
        say("known here: {names}", names=", ".join(names))
        if 0 < len(names) <= MOST_LISTED
        else say("nothing of a similar name is known")
    )
