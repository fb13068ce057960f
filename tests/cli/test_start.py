"""Starting costs little: what is heavy is imported where it is used."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.process import environment

HEAVY = {"httpx", "httpcore", "h11", "dns", "cryptography", "yaml", "rich", "structlog", "certifi", "sqlite3"}
HEAVY |= {"prometheus_client", "opentelemetry"}

SCRIPT = """
import sys
from imdoctor.cli import guarded
from imdoctor.cli.session import Session
guarded(sys.argv[1:], Session.of_process())
print(*sorted(name for name in sys.modules if "." not in name), file=sys.stderr)
"""


def imported(cwd: Path, *arguments: str) -> set[str]:
    """Return the packages that a command has imported when it is done."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        cwd=cwd,
        env=environment(cwd),
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("config", "--help")], ids=" ".join)
def test_help_imports_nothing_heavy(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Help and version import none of the heavy packages."""
    modules = imported(tmp_path, *arguments)
    assert "click" in modules
    assert not modules & HEAVY


def test_a_plain_run_imports_no_terminal(tmp_path: Path) -> None:
    """A run off a terminal imports neither rich nor structlog, nor, without a file, yaml."""
    assert not imported(tmp_path, "run", "--sandbox") & {"rich", "structlog", "yaml", "sqlite3", "prometheus_client"}
