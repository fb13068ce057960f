"""`imdoctor explain CODE`: what a finding code or an IM error code means, its usual causes, and what to do."""

import re
from collections.abc import Iterator, Mapping, Sequence

import click

from imdoctor.catalogue import Catalogue
from imdoctor.check import Spec
from imdoctor.cli.jobs import checks_installed
from imdoctor.cli.output import style
from imdoctor.cli.session import Session
from imdoctor.config.problems import suggestion
from imdoctor.im import errorcodes
from imdoctor.im.errorcodes import ErrorCode
from imdoctor.render.wrap import wrap

RETRY = {
    "transient": "It may pass by itself: try again.",
    "rate": "It passes after a wait of a minute or more.",
    "configuration": "It stays until somebody changes something.",
}
SOURCES = {
    "O": "the newest official table",
    "O-earlier": "an earlier official table",
    "legacy": "documents that are out of use",
    "S": 'the "RESTful API Overview" of 2020-02-20',
}


@click.command()
@click.argument("code")
@click.pass_obj
def explain(session: Session, code: str) -> int:
    """Explain a finding code (tls.cert-expired) or an IM error code (60026): meaning, usual causes, what to do.

    An unknown code is a usage error (64).
    """
    specs = Catalogue.of(checks_installed(session)).specs
    width = style(session, verbose=False).width
    lines = _error_code(int(code), specs, width) if re.fullmatch(r"[0-9]{1,9}", code) else _finding(code, specs, width)
    session.say("\n".join(lines) + "\n")
    return 0


def _finding(code: str, specs: Mapping[str, Spec], width: int) -> Iterator[str]:
    if code not in specs:
        raise click.UsageError(f"no code {code!r}, which is like tls.cert-expired or 60026; {suggestion(code, specs)}")
    spec = specs[code]
    yield from wrap(f"{code} ({spec.severity}): {_named(spec.title)}", width)
    yield from _part("Meaning", _named(spec.message), width)
    yield from _part("Usual causes", _named(spec.why), width)
    if spec.explains:
        yield from _part("May be the reason of", ", ".join(spec.explains), width)
    yield from _steps([_named(step) for step in spec.remedy], width)


def _error_code(code: int, specs: Mapping[str, Spec], width: int) -> Iterator[str]:
    known = errorcodes.lookup(code)
    if known is None:
        near = suggestion(str(code), [str(item.code) for item in errorcodes.all_codes()])
        hint = near if near.startswith("did") else "known are those of the RESTful API, from 60002 to 80001"
        raise click.UsageError(f"no error code {code} in the tables (family: {errorcodes.family(code)}); {hint}")
    yield from wrap(f"{code} ({errorcodes.family(code)}): {known.meaning}", width)
    if known.seed_meaning:
        yield from _part("In the overview of 2020", known.seed_meaning, width)
    if known.finding in specs:
        yield from _part("Usual causes", _named(specs[known.finding].why), width)
    yield from _steps(known.remedy, width)
    yield from _part("Again?", f"{RETRY[known.retry]} (imdoctor's own inference)", width)
    yield from _part("As a finding", known.finding, width)
    yield from _part("Source", _source(known), width)


def _source(code: ErrorCode) -> str:
    return SOURCES[code.source]


def _part(title: str, text: str, width: int) -> Iterator[str]:
    yield ""
    yield from wrap(text, width, f"{title}: ", "  ")


def _steps(steps: Sequence[str], width: int) -> Iterator[str]:
    yield ""
    yield "What to do:"
    for number, step in enumerate(steps, 1):
        yield from wrap(step, width, f"  {number}. ")


def _named(template: str) -> str:
    """Return a Spec's template with its fields shown by name: {host} as <host>."""
    return re.sub(r"\{(\w+)[^{}]*\}", r"<\1>", template)
