"""What `imdoctor bundle` does: a report and what the host says, searched for secrets, in one file."""

import platform
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata
from pathlib import Path

import click

from imdoctor import registry, runner
from imdoctor.bundle.archive import pack
from imdoctor.bundle.contents import assembled, listed, redaction_of
from imdoctor.bundle.redaction import Redaction
from imdoctor.bundle.search import find, needles
from imdoctor.bundle.system import Item, gathered
from imdoctor.cli.jobs import Wanted, checks_installed, configuration, consistent, jobs_of, prepared
from imdoctor.cli.private import write_private
from imdoctor.cli.progress import watched
from imdoctor.cli.reading import is_there, secret
from imdoctor.cli.saved import STDIN, saved_report
from imdoctor.cli.session import OutputError, Session
from imdoctor.cli.stopping import until_stopped
from imdoctor.config.load import CREDENTIALS
from imdoctor.model import Report
from imdoctor.net.machine import Machine
from imdoctor.render.masking import masked
from imdoctor.speech import ENGLISH, say, speaking

PACKAGES = ("click", "cryptography", "dnspython", "httpcore", "httpx", "msgspec", "PyYAML", "rich", "structlog")
"""What the program stands on."""


@dataclass(frozen=True)
class Found:
    """A report, and what was gathered of the host that it speaks of."""

    report: Report
    system: tuple[Item, ...]


def bundled(asked: Wanted, session: Session, *, timeout: float, redact: bool, out: Path | None, force: bool) -> int:
    """Write the bundle, and return the exit code. Raises ConfigError, click.UsageError and OutputError."""
    found = _saved(asked, session) if _names_report(asked.host, session) else _ran(asked, timeout, session)
    if isinstance(found, int):
        return found
    redaction = redaction_of(found.report, found.system) if redact else None
    with speaking(ENGLISH):  # whoever gets the ticket may speak another language
        items = assembled(found.report, found.system, _releases(), redaction)
    session.say(_told(items, redaction))
    texts = {item.name: item.text.encode("utf-8", "surrogatepass") for item in items if item.text is not None}
    _search(texts, session)
    name = f"imdoctor-{re.sub(r'[^0-9T]', '', found.report.started_at.partition('.')[0])[:15]}"
    path = out or Path(f"{name}.tar.gz")
    write_private(session.cwd / path, pack(texts, folder=name, mtime=_moment(found.report)), force=force)
    session.say(say("{path}: written. Look into it before you send it: tar -xzf {path}\n", path=path))
    return 0


def _names_report(text: str | None, session: Session) -> bool:
    """Tell whether the argument is a report's file: a host's name has no / and does not end so."""
    if text is None or "://" in text:
        return False
    return text == STDIN or text.endswith(".json") or "/" in text or is_there(session, text)


def _saved(wanted: Wanted, session: Session) -> Found:
    """Read a report; and the secrets that are at hand here, to search for them. Raises ConfigError and click.UsageError."""
    if wanted.target or wanted.check or wanted.skip or wanted.sandbox or wanted.no_third_party:
        raise click.UsageError(say("REPORT was made by a run already: leave out what chooses targets and checks"))
    report = saved_report(wanted.host or "")
    for key in CREDENTIALS:
        if (named := getattr(wanted, key)) is not None:
            secret(session, key, named)
    installed = checks_installed(session)
    config, base = configuration(Wanted(config=wanted.config), installed, session, cwd=session.cwd)
    jobs_of(config, config.targets, installed, base, session, wanted=(), third_party=True)
    if report.host.name != platform.node():
        # Whoever gets the ticket may speak another language: English, as all of a bundle.
        why = f"the report is of {report.host.name}, this is another host: add its resolv.conf, routes and addresses"
        return Found(report, (Item(name="system", what=why, text=None),))
    return Found(report, tuple(gathered(Machine(environ=session.environ), programs=True)))


def _ran(wanted: Wanted, timeout: float, session: Session) -> Found | int:
    """Run the checks. Return the exit code where a signal ended that. Raises ConfigError and click.UsageError."""
    consistent(wanted)
    with prepared(wanted, session) as work:
        with watched(session, several=len(work.jobs) > 1) as progress:
            report, stopped = until_stopped(runner.run(work.jobs, work.checks, timeout=timeout, progress=progress))
        if stopped is not None:
            return stopped
        # What programs say is of this host, which the lab of --sandbox is not.
        system = tuple(gathered(work.jobs[0].machine, programs=not wanted.sandbox))
    return Found(masked(report, session.mask), system)


def _releases() -> Iterator[str]:
    for name in PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            yield f"{name} {metadata.version(name)}"
    yield from (f"check {item.check.name} from {item.origin}" for item in registry.load().installed)


def _told(items: tuple[Item, ...], redaction: Redaction | None) -> str:
    """Say what is in a bundle; and what stands for what in it, which the bundle itself does not say."""
    given = {} if redaction is None else redaction.pseudonyms
    replaced = "".join(
        say("{pseudonym} is {what}\n", pseudonym=pseudonym, what=what) for what, pseudonym in given.items()
    )
    return listed(items) + (say("\nOnly here, not in the bundle:\n{replaced}", replaced=replaced) if replaced else "")


def _search(texts: dict[str, bytes], session: Session) -> None:
    """See to it that no file holds a secret. Raises OutputError."""
    sought = needles(session.secrets)
    held = {name: kind for name, data in texts.items() if (kind := find(data, sought)) is not None}
    if held:
        told = "; ".join(say("{name} holds {kind}", name=name, kind=kind) for name, kind in held.items())
        raise OutputError(
            say("the bundle is not written: {told}. Take it out at its source, then bundle again", told=told)
        )


def _moment(report: Report) -> int:
    """Return when a report was made (Unix seconds); 0 where that cannot be read."""
    with suppress(ValueError, OverflowError):
        return max(0, int(datetime.fromisoformat(report.started_at).timestamp()))
    return 0
