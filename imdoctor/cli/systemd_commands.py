"""`imdoctor systemd install` and `uninstall`."""

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from imdoctor.agent import installation
from imdoctor.agent.installation import Installation, Way
from imdoctor.cli.jobs import checks_installed, option_types
from imdoctor.cli.options import PATH, config_option, lang_option
from imdoctor.cli.session import OutputError, Session
from imdoctor.cli.systemd_files import Root, remove, write
from imdoctor.cli.systemd_surroundings import credentials, hindrance, program, systemd_release, variables
from imdoctor.config.load import load
from imdoctor.config.model import Config
from imdoctor.speech import say

prefix_option = click.option(
    "--prefix", type=PATH, default="/", metavar="DIR", help="The root that the units are for, such as an image's."
)


@click.command()
@click.option("--timer", is_flag=True, help="A run each `schedule: every:`, started by a timer (the default).")
@click.option("--watch", is_flag=True, help="The agent, which runs until it is told to stop.")
@config_option
@prefix_option
@click.option("--dry-run", is_flag=True, help="Print every file with its path; write nothing.")
@lang_option
@click.pass_obj
def install(session: Session, *, timer: bool, watch: bool, config: Path | None, prefix: Path, dry_run: bool) -> int:
    """Write the units into DIR/etc/systemd/system, with this installation's paths, and say what to type next.

    The configuration (default: /etc/imdoctor/imdoctor.yaml, below DIR) gives the schedule and the credentials; both stand in
    drop-ins. Where a file is there that install did not write, or that was changed since, nothing is written.
    """
    if timer and watch:
        raise click.UsageError(say("--timer and --watch are two ways to do the same: give one of them"))
    root = Root(_absolute(session.cwd / prefix))
    path = root.inside(_absolute(session.cwd / (config or installation.CONFIG)))
    found = _configuration(root.outside(path), session)
    wanted = _wanted("watch" if watch else "timer", root, path, found, session)
    texts = _texts(wanted)
    if dry_run:
        session.say("\n".join(f"# {root.units / name}\n{text}" for name, text in texts.items()))
    else:
        stale = [name for name in installation.possible(wanted.way) if name not in texts]
        session.say("\n".join((*write(root, texts, stale), *_next(wanted.way, root), "")))
    for note in _notes(wanted, root, found):
        session.warn(note)
    return 0


@click.command()
@prefix_option
@lang_option
@click.pass_obj
def uninstall(session: Session, prefix: Path) -> int:
    """Take away what install wrote below DIR. A file that was changed since, or that is not install's, is left and named."""
    root = Root(_absolute(session.cwd / prefix))
    lines = remove(root)
    if lines:
        session.say("\n".join((*lines, say("Next:"), "  systemctl daemon-reload", "")))
    else:
        session.say(say("{units}: nothing of imdoctor's is there\n", units=root.units))
    return 0


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 - Path.absolute leaves `..` in, and a unit's path may hold none


def _configuration(path: Path, session: Session) -> Config | None:
    """Return the configuration, None where there is none yet. Raises ConfigError for a bad one."""
    return load(path, option_types(checks_installed(session))) if os.access(path, os.F_OK) else None


def _wanted(way: Way, root: Root, path: Path, found: Config | None, session: Session) -> Installation:
    """Return what is to be installed, with every path as it is called within the root."""
    words = program(Path(sys.executable))
    bare = Installation(
        way=way,
        program=(str(root.inside(Path(words[0]))), *words[1:]),
        config=str(path),
        systemd=systemd_release(session.environ.get("PATH")),
    )
    if found is None:
        return bare
    schedule, secrets = found.schedule, credentials(found, path.parent)
    return msgspec.structs.replace(bare, every=schedule.every, jitter=schedule.jitter, credentials=secrets)


def _texts(wanted: Installation) -> dict[str, str]:
    try:
        return installation.files(wanted)
    except ValueError as error:
        raise OutputError(say("a unit cannot name a path: {error}", error=error)) from None


def _next(way: Way, root: Root) -> Iterator[str]:
    """Yield what to type next."""
    unit = installation.STARTED[way]
    yield say("Next:")
    if root.path != Path("/"):
        yield f"  {root.systemctl(f'enable {unit}')}"
        return
    yield "  systemctl daemon-reload"
    yield f"  systemctl enable {unit}"
    yield f"  systemctl restart {unit}"


def _notes(wanted: Installation, root: Root, found: Config | None) -> Iterator[str]:
    """Yield what may keep the units from their work."""
    interpreter = os.path.realpath(sys.executable)  # a virtual environment's is a link to another place
    yield from filter(None, (hindrance(Path(path)) for path in (wanted.program[0], interpreter, wanted.config)))
    if found is None:
        yield say(
            "there is no {config} yet, so no credentials and the usual schedule: write it, then install again",
            config=wanted.config,
        )
    else:
        yield from _notes_on(found, wanted, root)
    other = installation.STARTED["timer" if wanted.way == "watch" else "watch"]
    if (root.units / other).exists():
        yield say(
            "{other} is installed too, and one of them is enough: {value}",
            other=other,
            value=root.systemctl(f"disable --now {other}"),
        )


def _notes_on(found: Config, wanted: Installation, root: Root) -> Iterator[str]:
    """Yield what may keep the units from reading a configuration and its secrets."""
    if root.outside(Path(wanted.config)).stat().st_mode & stat.S_IROTH == 0:
        yield say(
            "{config} may be read by its owner alone, and the units run as another: chmod o+r {config}",
            config=wanted.config,
        )
    for it in wanted.credentials:
        if not os.access(root.outside(Path(it.path)), os.F_OK):
            yield say(
                "{path} is not there, and without it {runs} does not start: write the secret into it",
                path=it.path,
                runs=installation.RUNS[wanted.way],
            )
    for name in variables(found):
        yield say(
            "a secret comes from the variable {name}, which the unit does not have: name a file instead", name=name
        )
