"""The language that people are spoken to in.

A sentence is written in English where it is said: ``say("{address} refuses port {port}", address=…, port=…)``. In another
language its template is looked up in that language's catalogue, a gettext .po file, and filled in; what has no translation,
such as a plugin's own words, stays English. Saved reports, and all that programs read, are made in English.
"""

import re
import string
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from types import MappingProxyType
from typing import Any, Literal, get_args

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
ENGLISH: Language = "en"

CATALOGUES: Mapping[Language, str] = MappingProxyType({"zh": "locale/zh_CN/LC_MESSAGES/imdoctor.po"})
"""The catalogue of each language but English, in this package. It is read when something is first said in that language."""
LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")
"""The variables that name the user's language, the first that is set counts (locale(7))."""
NAMES = frozenset({"check", "host", "key", "name", "names", "target"})
"""Fields that names fill: of targets, hosts, keys, checks. A name stays as it is, though the catalogue has the same word."""
LEAST_ANCHOR = 8
"""Characters of a template's own that a kept sentence must have to be taken for one made by it."""

_ENTRY = re.compile(r'^msgid (".*"(?:\n".*")*)\nmsgstr (".*"(?:\n".*")*)$', re.MULTILINE)
_WIDE, _HAN, _LATIN = "[\u3001-\u9fff\uff01-\uffee]", "[\u4e00-\u9fff]", "[A-Za-z0-9]"
_SET = re.compile(f"{_WIDE}(?: \0|\0 ){_WIDE}")
"""Two wide characters with a space between them, where pieces meet (at NUL)."""
_CLOSE = re.compile(f"{_HAN}\0{_LATIN}|{_LATIN}\0{_HAN}")
_STOP = re.compile(r"[.?](?= [A-Z])")
_ESCAPE, _ESCAPED = re.compile(r"\\(.)"), {"n": "\n", "t": "\t"}
_spoken: ContextVar[Language] = ContextVar("spoken", default=ENGLISH)


def spoken() -> Language:
    """Return the language spoken now."""
    return _spoken.get()


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Speak a language for a while."""
    before = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(before)


def language_of(environ: Mapping[str, str]) -> Language:
    """Return the language of $IMDOCTOR_LANG, else the locale's: Chinese for zh, zh_CN.UTF-8 and the like, English for every other."""
    asked = environ.get("IMDOCTOR_LANG")
    named = asked or next((environ[name] for name in LOCALE if environ.get(name)), "")
    return "zh" if re.match(r"zh(?![a-z])", named) else ENGLISH


def shared(languages: Iterable[Language | None]) -> Language:
    """Return the language that all have in common, else the one spoken now, which None stands for."""
    found = {language or spoken() for language in languages}
    return found.pop() if len(found) == 1 else spoken()


def say(template: str, /, **values: Any) -> str:
    """Return a sentence in the language spoken, its fields filled in as `str.format` does.

    A text that fills a field is retold, unless it is a name (``NAMES``) or quoted (``!r``): it may be a sentence that was
    kept, or a word that the catalogue knows.
    """
    if spoken() == ENGLISH:
        return template.format(**values)
    return filled(translated(template), lambda field, conversion: _told(values[field], field, conversion))


def filled(template: str, value_of: Callable[[str, str | None], Any]) -> str:
    """Return a template of the language spoken with its fields filled in; a value that cannot be formatted so stands as it is.

    ``value_of`` is given a field, and its conversion where it has one: "r" for ``{field!r}``.
    """
    pieces, formatter = [], string.Formatter()
    for own, field, form, conversion in formatter.parse(template):
        pieces.append(own)
        if field is not None:
            value = formatter.convert_field(value_of(field, conversion), conversion)
            pieces.append(_formatted(value, form or ""))
    return "".join(pieces) if spoken() == ENGLISH else _flowing(pieces)


def _formatted(value: Any, form: str) -> str:  # noqa: ANN401 - whatever str.format takes
    try:
        return format(value, form)
    except (TypeError, ValueError):
        return str(value)


def _told(value: Any, field: str, conversion: str | None = None) -> Any:  # noqa: ANN401 - whatever fills a field
    """Return a value as it is said: a text in the language spoken, a name or what is quoted as it stands."""
    stands = field in NAMES or conversion is not None or not isinstance(value, str)
    return value if stands else retold(value)


def _flowing(pieces: Iterable[str]) -> str:
    """Join a sentence's pieces as Chinese is set: no space between its characters, one between them and Latin letters or figures."""
    text = ""
    for piece in pieces:
        if _SET.search(text[-2:] + "\0" + piece[:2]):
            text, piece = text.removesuffix(" "), piece.removeprefix(" ")  # noqa: PLW2901 - the same piece, without its space
        elif _CLOSE.search(text[-1:] + "\0" + piece[:1]):
            text += " "
        text += piece
    return text


def count(number: int, one: str, several: str) -> str:
    """Return a number with its noun: ``one`` for 1, else ``several``, in which ``{number}`` stands."""
    return translated(one if number == 1 else several).format(number=number)


def joined(sentences: Iterable[str]) -> str:
    """Return whole sentences in the language spoken, one after the other: Chinese puts no space between them."""
    return (" " if spoken() == ENGLISH else "").join(map(retold, sentences))


def mark(template: str) -> str:
    """Return a text as it stands, and mark it for the catalogue: it is said elsewhere."""
    return template


def translated(text: str) -> str:
    """Return a text or a template as the catalogue has it in the language spoken; itself where it does not."""
    return catalogue(spoken()).get(text, text)


class Words(Mapping[str, str]):
    """Words by what they stand for, each in the language spoken when it is looked up. They are marked where they are written."""

    def __init__(self, **words: str) -> None:
        self._words = words

    def __getitem__(self, key: str) -> str:
        return translated(self._words[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._words)

    def __len__(self) -> int:
        return len(self._words)


def retold(text: str) -> str:
    """Return in the language spoken what was said in English and kept: in an observation, a history, a saved report.

    The catalogue has it as it stands, or has the template that it was made by, and what fills the fields is retold in turn;
    or it is several sentences, each of which is told so.
    """
    if not catalogue(spoken()):
        return text
    one = _one_retold(text)
    return _each_retold(text) if one is None else one


def _one_retold(text: str) -> str | None:
    """Return what was said as one, retold; None where the catalogue has no template that it was made by."""
    known = catalogue(spoken())
    if text in known:
        return known[text]
    for template in _by_length(spoken()):
        if _anchor(template) in text and (found := _pattern(template).fullmatch(text)):
            again = ((own, _told(found[field], field) if field else "") for own, field in parts(known[template]))
            return _flowing(piece for both in again for piece in both)
    return None


def _each_retold(text: str) -> str:
    """Return several sentences that were joined, each retold; the text itself where one of them cannot be.

    Each is as long as can be, for one may have several full stops itself; none is tried again with another length,
    for the words may be a stranger's, who could make that take for ever.
    """
    told, rest = "", text
    while rest:
        ends = (*(found.end() for found in _STOP.finditer(rest)), len(rest))
        each = ((end, _one_retold(rest[:end])) for end in reversed(ends))
        end, again = next(((end, again) for end, again in each if again is not None), (0, None))
        if again is None:
            return text
        told, rest = told + again, rest[end:].lstrip()
    return told


@cache
def catalogue(language: Language) -> Mapping[str, str]:
    """Return a language's catalogue: Chinese, say, by English. English has none."""
    if language not in CATALOGUES:
        return MappingProxyType({})
    from importlib import resources

    text = resources.files("imdoctor").joinpath(CATALOGUES[language]).read_text("utf-8")
    return MappingProxyType({_string(said): _string(other) for said, other in _ENTRY.findall(text) if said != '""'})


def _string(quoted: str) -> str:
    """Return a string of a .po file, which may go over several lines."""
    lines = (line[1:-1] for line in quoted.split("\n"))
    return "".join(_ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), line) for line in lines)


def parts(template: str) -> list[tuple[str, str]]:
    """Return a template's own words, each with the name of the field after it, "" for none. What is no template is one text."""
    try:
        return [(own, field or "") for own, field, _, _ in string.Formatter().parse(template)]
    except ValueError:
        return [(template, "")]


@cache
def _anchor(template: str) -> str:
    return max((own for own, _ in parts(template)), key=len, default="")


@cache
def _by_length(language: Language) -> tuple[str, ...]:
    """Return the templates that have fields and words enough to be told by, those with most words first."""
    told = [one for one in catalogue(language) if "{" in one and len(_anchor(one)) >= LEAST_ANCHOR]
    fitting = [one for one in told if any(field for _, field in parts(one))]
    return tuple(sorted(fitting, key=lambda one: -sum(len(own) for own, _ in parts(one))))


@cache
def _pattern(template: str) -> re.Pattern[str]:
    """Return what a sentence made by a template looks like; a field that comes twice has the same value twice."""
    pattern, seen = "", set[str]()
    for own, field in parts(template):
        pattern += re.escape(own)
        if field:
            pattern += f"(?P={field})" if field in seen else f"(?P<{field}>.*?)"
            seen.add(field)
    return re.compile(pattern, re.DOTALL)
