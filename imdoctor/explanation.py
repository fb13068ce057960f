"""What there is to say about a code: a page of titled parts, for `imdoctor explain` and docs/codes.md alike."""

import string
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from types import MappingProxyType

import msgspec

from imdoctor.check import Check, Spec
from imdoctor.im import errorcodes
from imdoctor.im.errorcodes import ErrorCode
from imdoctor.im.lint_rules import RULES, Background, Rule, background
from imdoctor.speech import mark, say, translated

STEPS: Mapping[int | None, str] = MappingProxyType(
    {
        None: mark("none of the five: the list does not ask this."),
        1: mark("1, the caller's timeout must be longer than the backend's own of 3 s."),
        2: mark("2, the port of the domain must be reachable."),
        3: mark("3, the domain must give a response."),
        4: mark(
            "4, the DNS server must be public, or leave the network in the same region and ISP as the machine itself."
        ),
        5: mark("5, the caller must use persistent connections and a connection pool."),
    }
)
"""The vendor's troubleshooting list for calls that time out without any response."""

RETRY: Mapping[str, str] = MappingProxyType(
    {
        "transient": mark("transient, it may pass by itself: try again (imdoctor's own inference)."),
        "rate": mark("rate, it passes after a wait of a minute or more (imdoctor's own inference)."),
        "configuration": mark("configuration, it stays until somebody changes something (imdoctor's own inference)."),
    }
)
SOURCES: Mapping[str, str] = MappingProxyType(
    {
        "O": mark("the newest official table."),
        "O-earlier": mark("an earlier official table."),
        "legacy": mark("documents that are out of use."),
        "S": mark('the "RESTful API Overview" of 2020-02-20.'),
    }
)


REQUEST = "request"
"""The group of the codes by which `imdoctor lint` speaks against a request."""
REQUESTS = mark("What do the documents say against a request? `imdoctor lint` tells.")


class Part(msgspec.Struct, frozen=True):
    """A part of a page: one sentence after its title, or (``listed``) several below it; ``ordered`` ones are numbered."""

    title: str
    sentences: tuple[str, ...]
    listed: bool = False
    ordered: bool = False


class Page(msgspec.Struct, frozen=True):
    """All that is said of a code. ``group`` is its check's name, or its family of errors; ``word`` its severity, or its family."""

    code: str
    group: str
    word: str
    title: str
    parts: tuple[Part, ...]


def pages(checks: Sequence[Check]) -> Mapping[str, Page]:
    """Return the page of every finding code, in the order of the checks, of every code of `imdoctor lint`, and of every error code."""
    found = {code: (check, spec) for check in checks for code, spec in check.findings.items()}
    told = {code: finding_page(code, spec, check, found) for code, (check, spec) in found.items()}
    steps = {code: _step(spec, check) for code, (check, spec) in found.items()}
    rules = {code: rule_page(RULES[code], behind) for code, behind in background().items()}
    errors = {str(one.code): error_page(one, steps.get(one.finding)) for one in errorcodes.all_codes()}
    return {**told, **rules, **errors}


def finding_page(code: str, spec: Spec, check: Check, known: Iterable[str]) -> Page:
    """Return the page of a finding code. ``known`` are all codes, among which it may be the reason of some."""
    confirm, remedy = _named(spec.confirm), _named(spec.remedy)
    parts = (
        _sentence(say("Message"), "".join(_named((spec.message,)))),
        _sentence(say("Meaning"), "".join(_named((spec.why,)))),
        _sentence(say("Step of the vendor's list"), translated(STEPS[_step(spec, check)])),
        _causes(_named(spec.causes)),
        _confirm(confirm),
        _remedy(tuple(step for step in remedy if step not in confirm) or remedy),
        _sentence(say("May be the reason of"), ", ".join(_plain(spec.explains, known))),
    )
    return Page(code, check.name, translated(spec.severity), "".join(_named((spec.title,))), _said(parts))


def rule_page(rule: Rule, behind: Background) -> Page:
    """Return the page of a code by which `imdoctor lint` speaks against a request."""
    parts = (
        _sentence(say("Meaning"), translated(rule.says)),
        _sentence(say("Step of the vendor's list"), translated(STEPS[behind.step])),
        _causes(_translated(behind.causes)),
        _confirm(_translated(behind.confirm)),
        _remedy(_translated((rule.instead,))),
        _sentence(say("Source"), translated(rule.source)),
    )
    return Page(behind.code, REQUEST, translated(rule.severity), translated(behind.title), _said(parts))


def error_page(code: ErrorCode, step: int | None) -> Page:
    """Return the page of an error code. ``step`` is that of the finding which it leads to."""
    family = errorcodes.family(code.code)
    parts = (
        _sentence(say("In the overview of 2020"), translated(code.seed_meaning or "")),
        _sentence(say("Step of the vendor's list"), translated(STEPS[step])),
        _causes(_translated(code.causes)),
        _confirm(_translated(code.confirm)),
        _remedy(_translated(code.remedy)),
        _sentence(say("Retry class"), translated(RETRY[code.retry])),
        _sentence(say("As a finding"), code.finding),
        _sentence(say("Source"), translated(SOURCES[code.source])),
    )
    group = say("{family} errors", family=family)
    return Page(str(code.code), group, translated(family), translated(code.meaning), _said(parts))


def blocked_page(check: Check) -> Page:
    """Return the page of `NAME.blocked`, by which a report names a check that could not be asked."""
    parts = (
        _sentence(say("Meaning"), say("Without the success of another check this one has nothing to ask.")),
        _remedy((say("Mend the cause that the report names. The check's line says which check stands in the way."),)),
    )
    return Page(f"{check.name}.blocked", check.name, say("no finding"), say("The check could not be asked"), parts)


def _step(spec: Spec, check: Check) -> int | None:
    return check.step if spec.step is None else spec.step


def _sentence(title: str, text: str) -> Part:
    return Part(title, (text,) if text else ())


def _causes(sentences: tuple[str, ...]) -> Part:
    return Part(say("Usual causes, the commonest first"), sentences, listed=True, ordered=True)


def _confirm(sentences: tuple[str, ...]) -> Part:
    return Part(say("To confirm by hand (put in what stands in capitals)"), sentences, listed=True)


def _remedy(sentences: tuple[str, ...]) -> Part:
    return Part(say("What to do"), sentences, listed=True, ordered=True)


def _said(parts: Iterable[Part]) -> tuple[Part, ...]:
    return tuple(part for part in parts if part.sentences)


def _named(templates: Iterable[str]) -> tuple[str, ...]:
    """Return a Spec's templates with their fields as words to be replaced: {host} as HOST."""
    return tuple(filter(None, map(_words, _translated(templates))))


def _translated(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(translated, texts))


def _words(template: str) -> str:
    """Return one template so; "" for a field alone, which says nothing. What is no template, a stranger's Spec may hold it, stays."""
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError:
        return template
    told = any(text for text, *_ in parts)
    return "".join(text + (field or "").upper() for text, field, _, _ in parts) if told else ""


def _plain(patterns: Iterable[str], known: Iterable[str]) -> Iterator[str]:
    """Yield codes and patterns that people can read: `probe.*` as it stands, `probe.[!c]*` as the codes that it means."""
    codes = tuple(known)
    for pattern in patterns:
        yield from (code for code in codes if fnmatchcase(code, pattern)) if "[" in pattern else (pattern,)
