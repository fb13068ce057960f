"""The command line: commands that are imported when they are used, and the exit codes of everything that can happen."""

import errno
import gc
import io
import re
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import takewhile
from types import FrameType
from typing import NoReturn

import click

from imdoctor import __version__
from imdoctor.cli.exits import CONFIGURATION, DEFECT, INTERRUPTED, OUTPUT, TERMINATED, USAGE
from imdoctor.cli.lazy import LazyGroup, in_language
from imdoctor.cli.session import OutputError, Session, forget
from imdoctor.config.problems import ConfigError, redacted
from imdoctor.speech import ENGLISH, LANGUAGES, Language, language_of, say, speaking, spoken

COMMANDS = {
    "run": ("imdoctor.cli.run:run", "Run every check once on every target, and print the report."),
    "watch": ("imdoctor.cli.watch:watch", "Run the checks on a schedule, remember, and tell of changes."),
    "history": (
        "imdoctor.cli.history:history",
        "Show what is remembered: states, incidents, and the course of the times.",
    ),
    "judge": ("imdoctor.cli.judge:judge", "Judge a saved report's observations anew, without any I/O."),
    "diff": ("imdoctor.cli.diff:diff", "Say what changed between two reports, and what is noise."),
    "bundle": ("imdoctor.cli.bundle:bundle", "Pack a report and the host's settings for a support ticket."),
    "checks": ("imdoctor.cli.checks:checks", "List the installed checks."),
    "explain": ("imdoctor.cli.explain:explain", "Explain a finding code or an IM error code."),
    "usersig": ("imdoctor.cli.usersig:usersig", "Decode a usersig, verify one, or make one."),
    "lint": ("imdoctor.cli.lint:lint", "Say what the documents say against a request; send nothing."),
    "plan": ("imdoctor.cli.plan:plan", "Show what a run would send, where, and with which secrets; send nothing."),
    "drill": ("imdoctor.cli.drill:drill", "Run the checks against the embedded lab with a fault in it."),
    "config": ("imdoctor.cli.config:config", "Check a configuration file, or print its JSON Schema."),
    "completion": ("imdoctor.cli.completion:completion", "Print a script that has bash, zsh or fish complete words."),
    "systemd": ("imdoctor.cli.systemd:systemd", "Install the systemd units, or take them away."),
}
"""Every command: where it lives, and the line that the help shows without importing it."""

ASKED = "_IMDOCTOR_COMPLETE"
"""The variable by which the script of `imdoctor completion SHELL` asks what may be completed: SHELL_complete."""

DISK = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG, errno.EBADF}
"""What goes wrong when standard output cannot take what it is given."""


@click.command(cls=LazyGroup, commands_by_name=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="imdoctor", message="%(prog)s %(version)s")
def cli() -> None:
    """Find out why calls to the Tencent Cloud IM RESTful API time out or are refused."""


def main() -> NoReturn:
    """Run the command line, and exit by its code."""
    gc.disable()  # importing makes many objects and no garbage; a run turns collection on again
    signal.signal(signal.SIGTERM, _terminated)
    session = Session.of_process()
    asked = session.environ.get(ASKED, "").removesuffix("_complete")
    if asked:  # by the script of `imdoctor completion`; whoever is typing does not want to read of errors
        sys.exit(guarded(["completion", asked, "--answer"], replace(session, err=io.StringIO())))
    sys.exit(guarded(sys.argv[1:], session))


def _terminated(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - signal.signal's own signature
    raise SystemExit(TERMINATED)


def guarded(arguments: Sequence[str], session: Session) -> int:
    """Run the command line, in the user's language, and return its exit code, whatever happens."""
    with speaking(_language(arguments, session.environ)):
        return _guarded(arguments, session)


def _language(arguments: Sequence[str], environ: Mapping[str, str]) -> Language:
    """Return the language that --lang names, wherever it stands: help and usage errors come before the options are read.

    What stands behind -- is another program's.
    """
    own = takewhile(lambda word: word != "--", arguments)
    told = re.findall(r"(?:^|\0)--lang[=\0](\w+)(?=\0|$)", "\0".join(own))
    return next((one for one in LANGUAGES if told and told[-1] == one), language_of(environ))


def _guarded(arguments: Sequence[str], session: Session) -> int:
    try:
        # Not cli.main: that one exits by 1 of its own when the reader of standard output has gone.
        command = in_language(cli)
        with command.make_context("imdoctor", list(arguments), obj=session) as ctx:
            code = command.invoke(ctx)
        session.out.flush()
    except click.exceptions.Exit as asked:  # --help and --version
        code = asked.exit_code
    except BrokenPipeError:  # the reader went away: it has what it wanted
        forget(session.out)
        return 0
    except KeyboardInterrupt:
        return session.complain(INTERRUPTED, "stopped")
    except Exception as error:  # noqa: BLE001 - the last place: whatever arrives here has an exit code, our own defects too
        return _told(error, session)
    return code if isinstance(code, int) else 0


def _told(error: Exception, session: Session) -> int:
    """Tell of an error on standard error, and return its exit code."""
    match error:
        case click.Abort():
            code = session.complain(INTERRUPTED, "stopped")
        case click.ClickException():
            told = io.StringIO()
            error.show(told)
            session.aside(redacted(_in_language(told.getvalue())))
            code = USAGE
        case ConfigError():
            code = CONFIGURATION
            # As compilers write it, so that editors and people find the place: nothing stands before the file's name.
            session.aside("".join(f"{problem}\n" for problem in error.problems))
        case OutputError():
            code = session.complain(OUTPUT, str(error))
        case OSError() if error.errno in DISK:
            forget(session.out)
            code = session.complain(OUTPUT, say("the output could not be written: {strerror}", strerror=error.strerror))
        case _:
            code = _defect(error, session)
    return code


def _in_language(text: str) -> str:
    if spoken() == ENGLISH:
        return text
    from imdoctor.cli.help import error_in_language

    return error_in_language(text)


def _defect(error: Exception, session: Session) -> int:
    """Tell of a defect of imdoctor itself in one sentence; where it happened is for IMDOCTOR_DEBUG=1."""
    if session.environ.get("IMDOCTOR_DEBUG") == "1":
        import traceback

        session.complain(DEFECT, "".join(traceback.format_exception(error)))
    what = say("a defect of imdoctor itself, not of a target: {name}: {error}", name=type(error).__name__, error=error)
    return session.complain(
        DEFECT, say("{what}. Please report it to imdoctor's maintainers with what IMDOCTOR_DEBUG=1 shows.", what=what)
    )
