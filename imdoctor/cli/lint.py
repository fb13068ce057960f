"""`imdoctor lint`: what the documents say against a request as the application makes it."""

import json
import secrets
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from imdoctor.cli.options import PATH, option
from imdoctor.cli.output import style
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
from imdoctor.render.text import VERDICTS, WORDS
from imdoctor.render.wrap import wrap

LARGEST = 64 * 1024
"""Bytes of a request: a body has some kilobytes at the most."""
STATUS: dict[str, Status] = {"fail": "fail", "warn": "warn", "info": "ok"}


@click.command()
@click.argument("request", required=False)
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
    calls = curl.read(_text(session, request, file))
    if isinstance(calls, str):
        raise click.UsageError(f"this is no request: {calls}; write a URL or a curl command line")
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
    session.say(redacted(f"{text}\n"))
    return code


def _text(session: Session, request: str | None, file: Path | None) -> str:
    """Return the request's text. Raises click.UsageError."""
    if (request is None) == (file is None):
        raise click.UsageError(
            "name one request: a URL, a curl command line, - for standard input, or a file by --file"
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
        raise click.UsageError(f"{file} is no text in UTF-8") from None


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
    counts = [f"{sum(remark.severity == kind for remark in item.remarks)} {WORDS.get(kind, kind)}" for kind in STATUS]
    yield f"{VERDICTS[_status(item)] if item.remarks else 'NOTHING AGAINST IT'}: {', '.join(counts)}"
    for remark in sorted(item.remarks, key=lambda remark: -RANK[remark.severity]):
        yield ""
        yield from _remark(remark, width)
    yield ""
    yield from (line for text in item.unseen for line in wrap(f"Not judged: {text}.", width, rest="  "))
    yield "The URL as it should be:"
    yield f"  {item.corrected}"


def _remark(remark: Remark, width: int) -> Iterator[str]:
    rule, indent = RULES[remark.code], " " * 6
    yield from wrap(f"{remark.code}: {remark.seen}", width, f"{WORDS.get(rule.severity, rule.severity):<4}  ")
    yield from wrap(f"{rule.says} ({rule.source})", width, f"{indent}Right: ", f"{indent}  ")
    yield from wrap(rule.instead, width, f"{indent}Do: ", f"{indent}  ")
