"""`imdoctor lint`: what the documents say against a request as the application makes it."""

import json
import secrets
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from imdoctor.cli.options import PATH, lang_option, option
from imdoctor.cli.output import speaking_for, style
from imdoctor.cli.reading import STDIN, standard_input, warn_of_argument
from imdoctor.cli.session import Session
from imdoctor.config.files import UnreadableError, read_file
from imdoctor.config.problems import redacted
from imdoctor.config.secrets import Secret
from imdoctor.im import curl
from imdoctor.im.called import Called
from imdoctor.im.lint import Lint, Remark
from imdoctor.im.lint import lint as judge
from imdoctor.im.lint_rules import RULES
from imdoctor.im.request import RANDOM_MAX
from imdoctor.model import RANK, Status, exit_code, worst
from imdoctor.render.text import STATUSES, VERDICTS, WORDS
from imdoctor.render.wrap import pad, wrap
from imdoctor.speech import say, translated

LARGEST = 64 * 1024
"""Bytes of a request: a body has some kilobytes at the most."""
STATUS: dict[str, Status] = {"fail": "fail", "warn": "warn", "info": "ok"}


@click.command()
@click.argument("request", required=False)
@lang_option
@option("--file", type=PATH, metavar="FILE", help="A file that holds the request.")
@option("--format", "form", type=click.Choice(("text", "json")), default="text", help="For people, or as JSON.")
@option(
    "--fail-on",
    type=click.Choice(("fail", "warn")),
    default="fail",
    help="What makes the exit code.",
    show_default=True,
)
@click.pass_obj
def lint(session: Session, *, request: str | None, file: Path | None, form: str, fail_on: str) -> int:
    """Say what the documents say against a request as the application makes it. Nothing is sent.

    REQUEST is a URL or a curl command line, - for standard input. Its usersig is not shown. The exit code is 2 when a document
    forbids what was seen, 1 for warnings with --fail-on warn, else 0; what is no request at all is a usage error (64).
    """
    with speaking_for(form):
        return _lint(session, request, file, form, fail_on)


def _lint(session: Session, request: str | None, file: Path | None, form: str, fail_on: str) -> int:
    calls = curl.read(_text(session, request, file))
    if isinstance(calls, str):
        raise click.UsageError(say("this is no request: {calls}; write a URL or a curl command line", calls=calls))
    session.secrets.extend(_usersigs(calls))
    random = secrets.randbelow(RANDOM_MAX + 1)
    lints = [judge(call, now=time.time(), random=random) for call in calls]
    code = exit_code(worst(_status(item) for item in lints), fail_on_warn=fail_on == "warn")
    if form == "json":
        told = {"exit_code": code, "requests": [_data(item) for item in lints]}
        text = json.dumps(told, indent=2, ensure_ascii=False)
    else:
        width = style(session).width
        text = "\n\n".join("\n".join(_lines(item, width)) for item in lints)
    session.say(redacted(f"{text}\n"), form)
    return code


def _text(session: Session, request: str | None, file: Path | None) -> str:
    """Return the request's text. Raises click.UsageError."""
    if (request is None) == (file is None):
        raise click.UsageError(
            say("name one request: a URL, a curl command line, - for standard input, or a file by --file")
        )
    if request == STDIN:
        return standard_input(LARGEST)
    if request is not None:
        warn_of_argument(session, request)
        return request
    try:
        return read_file(session.cwd / (file or ""), LARGEST).data.decode("utf-8")
    except UnreadableError as error:
        raise click.UsageError(f"{file} {error}") from None
    except UnicodeDecodeError:
        raise click.UsageError(say("{file} is no text in UTF-8", file=file)) from None


def _usersigs(calls: Sequence[Called]) -> Iterator[Secret]:
    """Yield what may be a usersig, for the mask."""
    for call in calls:
        yield from (Secret(value) for name, value in call.parameters if "sig" in name.lower() and value)


def _status(item: Lint) -> Status:
    return worst(["ok", *(STATUS[remark.severity] for remark in item.remarks)])


def _data(item: Lint) -> dict[str, Any]:
    remarks = [
        {"code": remark.code, "seen": remark.seen, **msgspec.structs.asdict(RULES[remark.code])}
        for remark in item.remarks
    ]
    return {"status": _status(item), "remarks": remarks, "unseen": list(item.unseen), "corrected": item.corrected}


def _lines(item: Lint, width: int) -> Iterator[str]:
    """Yield what is said of one request, the worst first."""
    counts = [f"{sum(remark.severity == kind for remark in item.remarks)} {_word(kind)}" for kind in STATUS]
    verdict = VERDICTS[_status(item)] if item.remarks else say("NOTHING AGAINST IT")
    yield say("{who}: {told}", who=verdict, told=say(", ").join(counts))
    ranked = sorted(item.remarks, key=lambda remark: -RANK[remark.severity])
    for remark in ranked:
        yield ""
        yield from _remark(remark, width)
    yield ""
    yield from (line for text in item.unseen for line in wrap(say("Not judged: {text}.", text=text), width, rest="  "))
    yield say("The URL as it should be:")
    yield f"  {item.corrected}"
    if ranked:
        yield from wrap(say("More: `imdoctor explain {code}`.", code=ranked[0].code), width)


def _remark(remark: Remark, width: int) -> Iterator[str]:
    rule, indent = RULES[remark.code], " " * 6
    head = f"{pad(_word(rule.severity), 4)}  "
    yield from wrap(say("{who}: {told}", who=remark.code, told=remark.seen), width, head)
    right = say("{says} ({source})", says=rule.says, source=rule.source)
    yield from wrap(right, width, f"{indent}{say('Right: ')}", f"{indent}  ")
    yield from wrap(translated(rule.instead), width, f"{indent}{say('Do: ')}", f"{indent}  ")


def _word(severity: str) -> str:
    return WORDS.get(severity) or STATUSES[severity]
