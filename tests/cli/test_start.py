"""Starting costs little: what is heavy is imported where it is used."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from imdoctor.cli import COMMANDS
from tests.cli.process import environment

HELP = [("--help",), ("--version",), *((name, "--help") for name in COMMANDS)]
LOOP = {"asyncio", "ssl"}
"""What a run needs, and help does not."""
HEAVY = {"httpx", "httpcore", "h11", "dns", "cryptography", "yaml", "rich", "structlog", "certifi", "sqlite3"}
HEAVY |= {"prometheus_client", "opentelemetry"}

SCRIPT = """
import sys
from imdoctor.cli import guarded
from imdoctor.cli.session import Session
guarded(sys.argv[1:], Session.of_process())
print(*sorted(name for name in sys.modules if "." not in name), file=sys.stderr)
"""


def imported(cwd: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> set[str]:
    """Return the packages that a command has imported when it is done."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        cwd=cwd,
        env=environment(cwd, environ),
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize("arguments", HELP, ids=" ".join)
def test_help_imports_nothing_heavy(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Version and every command's help import none of the heavy packages, nor an event loop."""
    modules = imported(tmp_path, *arguments)
    assert "click" in modules
    assert not modules & (HEAVY | LOOP)


@pytest.mark.parametrize("words", ["imdoctor ", "imdoctor run --", "imdoctor run --format ", "imdoctor explain 6"])
def test_completing_imports_nothing_heavy(tmp_path: Path, words: str) -> None:
    """What can be completed without the checks imports none of the heavy packages, nor an event loop."""
    asked = {"COMP_WORDS": words.replace(" ", "\n"), "COMP_CWORD": str(words.count(" "))}
    modules = imported(tmp_path, "completion", "bash", "--answer", environ=asked)
    assert not modules & (HEAVY | LOOP)


def test_a_plain_run_imports_no_terminal(tmp_path: Path) -> None:
    """A run off a terminal imports neither rich nor structlog, nor, without a file, yaml."""
    assert not imported(tmp_path, "run", "--sandbox") & {"rich", "structlog", "yaml", "sqlite3", "prometheus_client"}
