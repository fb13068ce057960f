"""What holds the code to its own rules: types, style, layers, and the folder that must hold nothing else."""

import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

GUARDS = {
    "ruff: every rule": ("-m", "ruff", "check", "."),
    "ruff: format": ("-m", "ruff", "format", "--check", "."),
    "mypy: strict": ("-m", "mypy", "imdoctor", "checks/imdoctor_checks", "tests"),
    "import-linter: imports point down": (
        "-c",
        "from importlinter.cli import lint_imports; raise SystemExit(lint_imports())",
    ),
}


@pytest.mark.parametrize("guard", GUARDS)
def test_guard_holds(guard: str) -> None:
    """The code keeps to its own rules."""
    done = subprocess.run([sys.executable, *GUARDS[guard]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


SILENCED = re.compile(r"# (?:noqa|type: ignore|pragma: no)")
REASONED = re.compile(r"# (?:noqa: [A-Z0-9, ]+ - \S|type: ignore\[[a-z, -]+\]  # \S)")


def test_what_is_silenced_has_its_reason_on_the_line() -> None:
    """Each comment that silences a rule or the types names what, and says why."""
    folders = ("imdoctor", "checks", "tests")
    texts = {path: path.read_text("utf-8") for folder in folders for path in (ROOT / folder).rglob("*.py")}
    silenced = [
        f"{path}: {line}" for path, text in texts.items() for line in text.splitlines() if SILENCED.search(line)
    ]
    assert [line for line in silenced if not REASONED.search(line)] == []


def test_checks_folder_holds_one_package() -> None:
    """Nothing but the package stands in checks/: anything beside it would become a top-level module of the wheel."""
    names = {path.name for path in (ROOT / "checks").iterdir() if path.name != "__pycache__"}
    assert names == {"imdoctor_checks"}


def test_built_in_checks_come_by_one_entry_point() -> None:
    """The built-in checks reach the engine as any plugin's do."""
    ours = [
        entry
        for entry in metadata.entry_points(group="imdoctor.checks")
        if entry.dist and entry.dist.name == "imdoctor"
    ]
    assert [entry.value for entry in ours] == ["imdoctor_checks:CHECKS"]


def test_types_are_shipped() -> None:
    """Plugin authors get the types of both packages."""
    assert (ROOT / "imdoctor/py.typed").exists()
    assert (ROOT / "checks/imdoctor_checks/py.typed").exists()
