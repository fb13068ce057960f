"""One JSON object, read strictly (RFC 8259): what other parsers forgive is told, and nothing is raised."""

import codecs
import json
from collections import Counter
from typing import Any, Never

import msgspec

from imdoctor.speech import say


class Document(msgspec.Struct, frozen=True):
    """The members of a JSON object, and the names that stand in it more than once.

    Arrays are lists; an object inside is a tuple of its pairs, which no envelope and no usersig looks into.
    """

    members: dict[str, Any]
    twice: frozenset[str]


def read(text: bytes) -> Document | str:
    """Return the object that ``text`` holds, or in a few words why it holds none. Never raises, however hostile it is."""
    if text.startswith(codecs.BOM_UTF8):
        return say("it begins with a byte order mark, which JSON must not")
    try:
        found = json.loads(text.decode("utf-8"), object_pairs_hook=tuple, parse_constant=_refuse)
    except UnicodeDecodeError as error:
        return say("it is not UTF-8 at byte {start}", start=error.start)
    except json.JSONDecodeError as error:
        return (
            say("it is no JSON at character {pos}: {msg}", pos=error.pos, msg=error.msg)
            if text.strip()
            else say("it is empty")
        )
    except ValueError:  # what _refuse raises, and int for a number of thousands of digits
        return say("a number in it is not finite or has too many digits")
    except RecursionError:
        return say("it is nested too deeply")
    return _document(found) if isinstance(found, tuple) else say("it is no JSON object")


def kind_of(value: object) -> str:
    """Return the JSON type of a value that was read, for a message that shows nothing of the value."""
    names: dict[type, str] = {
        bool: say("a boolean"),
        int: say("an integer"),
        float: say("a fraction"),
        str: say("a string"),
        list: say("an array"),
    }
    return "null" if value is None else names.get(type(value), say("an object"))


def has_lone_surrogate(text: str) -> bool:
    """Tell whether an escape left half a surrogate pair in the text, which no UTF-8 can carry on."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _refuse(constant: str) -> Never:
    raise ValueError(constant)


def _document(pairs: tuple[tuple[str, Any], ...]) -> Document:
    counts = Counter(name for name, _ in pairs)
    return Document(dict(pairs), frozenset(name for name, count in counts.items() if count > 1))
