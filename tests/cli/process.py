"""The command as people and programs meet it: as a whole process, or in this one for long tables."""

import io
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from imdoctor.cli import guarded
from imdoctor.cli.lazy import LazyGroup
from imdoctor.cli.session import Session

KEY = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
CHINA = {"LANG": "zh_CN.UTF-8"}
"""A Chinese locale."""


@dataclass(frozen=True)
class Done:
    """A command that ended."""

    code: int
    out: str
    err: str


def environment(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment without anything of this machine's user, proxies included."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "xdg"),
        "LANG": "C.UTF-8",
        **(extra or {}),
    }


def imdoctor(cwd: Path, *arguments: str, environ: Mapping[str, str] | None = None, stdin: str = "") -> Done:
    """Run the command as a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "imdoctor", *arguments],
        cwd=cwd,
        env=environment(cwd, environ),
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def here(cwd: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> Done:
    """Run the command within this process: much quicker, for long tables."""
    out, err = io.StringIO(), io.StringIO()
    session = Session(environ=environment(cwd, environ), cwd=cwd, out=out, err=err)
    code = guarded(arguments, session)
    return Done(code, out.getvalue(), err.getvalue())


def leaves(group: LazyGroup) -> Iterator[tuple[str, ...]]:
    """Yield the words of every command that is no group."""
    for name in group.commands_by_name:
        command = group.get_command(click.Context(group), name)
        yield from ((name, *more) for more in leaves(command)) if isinstance(command, LazyGroup) else ((name,),)
