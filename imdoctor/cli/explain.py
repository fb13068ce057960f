"""`imdoctor explain CODE`: what a finding code or an IM error code means, its usual causes, how to see it, what to do."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import click

from imdoctor.cli import candidates
from imdoctor.cli.jobs import checks_installed
from imdoctor.cli.options import lang_option
from imdoctor.cli.output import style
from imdoctor.cli.session import Session
from imdoctor.config.problems import similar, suggestion
from imdoctor.im import errorcodes
from imdoctor.render.wrap import columns, pad, wrap
from imdoctor.speech import say, translated

if TYPE_CHECKING:
    from imdoctor.check import Check
    from imdoctor.explanation import Page, Part

LEAST = 24
"""Columns for a title beside its code; where there are fewer, it goes on below."""


@click.command()
@click.argument("code", required=False, shell_complete=candidates.codes)
@click.option("--list", "listed", is_flag=True, help="List every code: by check with its severity, by family.")
@lang_option
@click.pass_obj
def explain(session: Session, *, code: str | None, listed: bool) -> int:
    """Explain a finding code (tls.cert-expired), a code of lint (request.method) or an IM error code (60026).

    It tells the meaning, the step of the vendor's troubleshooting list, the usual causes, how to confirm it by hand, and
    what to do. An unknown code is a usage error (64).
    """
    from imdoctor.explanation import pages

    if listed == (code is not None):
        raise click.UsageError(say("name one code, such as tls.cert-expired or 60026, or write --list for all of them"))
    checks = checks_installed(session)
    width = style(session).width
    lines = _shown(_page(code, checks), width) if code is not None else _listed(pages(checks), checks, width)
    session.say("\n".join(lines) + "\n")
    return 0


def _page(code: str, checks: "Sequence[Check]") -> "Page":
    """Return a code's page. Raises click.UsageError for an unknown one, with the nearest that are known."""
    from imdoctor.explanation import blocked_page, pages

    known = {**pages(checks), **{f"{check.name}.blocked": blocked_page(check) for check in checks}}
    if code in known:
        return known[code]
    number = code.isascii() and code.isdigit()
    alike = [name for name in known if name.isdigit() == number]
    near = suggestion(code, alike)
    if not number:
        raise click.UsageError(
            say("no code {code!r}, which is like tls.cert-expired or 60026; {near}", code=code, near=near)
        )
    family = errorcodes.family(int(code[:9]))
    hint = near if similar(code, alike) else say("known are those of the RESTful API, from 60002 to 80001")
    raise click.UsageError(
        say("no error code {code} in the tables (family: {family}); {hint}", code=code, family=family, hint=hint)
    )


def _shown(page: "Page", width: int) -> Iterator[str]:
    yield from wrap(say("{code} ({word}): {title}", code=page.code, word=page.word, title=page.title), width, rest="  ")
    for part in page.parts:
        yield ""
        yield from _part(part, width)


def _part(part: "Part", width: int) -> Iterator[str]:
    if not part.listed:
        yield from wrap(say("{who}: {told}", who=part.title, told=part.sentences[0]), width, rest="  ")
        return
    yield from wrap(say("{title}:", title=part.title), width)
    for number, sentence in enumerate(part.sentences, 1):
        yield from wrap(sentence, width, f"  {number}. " if part.ordered else "  - ")


def _listed(known: "Mapping[str, Page]", checks: "Sequence[Check]", width: int) -> Iterator[str]:
    """Yield a line for each code, in groups: those of a check under its question, error codes under their family."""
    from imdoctor.explanation import REQUEST, REQUESTS

    titles = {**{check.name: translated(check.title) for check in checks}, REQUEST: translated(REQUESTS)}
    for group, members in groupby(known.values(), key=lambda page: page.group):
        listed = list(members)
        title = titles.get(group) or say("codes of the RESTful API")
        yield from wrap(say("{who}: {told}", who=group, told=title), width, rest="  ")
        widest = max(columns(page.code) for page in listed)
        for page in listed:
            head = f"  {f'{page.word}  ' if group in titles else ''}{pad(page.code, widest)}  "
            if columns(head) + LEAST > width:
                yield head.rstrip()
                head = " " * 6
            yield from wrap(page.title, width, head)
        yield ""
