"""The guide for authors: its check, taken from the page as it stands, is found, configured, run and rendered."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs/writing-a-check.md"


def block(language: str) -> str:
    """Return the page's first block of a language."""
    found = re.search(rf"```{language}\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert found
    return found[1]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Lay the guide's package out as an installed distribution."""
    (tmp_path / "imdoctor_files.py").write_text(block("python"))
    info = tmp_path / "imdoctor_files-1.0.dist-info"
    info.mkdir()
    project = tomllib.loads(block("toml"))["project"]
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    ((group, points),) = project["entry-points"].items()
    ((name, value),) = points.items()
    (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {value}\n")
    (tmp_path / "imdoctor.yaml").write_text("version: 1\n" + block("yaml"))
    return tmp_path


def imdoctor(site: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the command with the guide's package installed."""
    environ = {**os.environ, "PYTHONPATH": str(site)}
    return subprocess.run(
        [sys.executable, "-m", "imdoctor", *arguments],
        env=environ,
        cwd=site,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_check_is_short() -> None:
    """A check with one question takes fewer than 40 lines of code."""
    lines = [line for line in block("python").splitlines() if line.strip()]
    assert len(lines) < 40


def test_the_check_is_found(site: Path) -> None:
    """The check is listed with where it comes from."""
    done = imdoctor(site, "checks")
    assert "files" in done.stdout
    assert "imdoctor-files 1.0" in done.stdout


def test_the_check_is_configured_and_run(site: Path) -> None:
    """Its options are read from the file, its finding stands in the report, and its cause in the diagnosis."""
    done = imdoctor(site, "run", "--config", "imdoctor.yaml", "--check", "files", "--format", "json")
    report = json.loads(done.stdout)
    assert [cause["cause"] for cause in report["targets"][0]["diagnosis"]] == ["files.few"]
    assert (report["status"], done.returncode) == ("warn", 0)


def test_the_check_is_rendered(site: Path) -> None:
    """The text shows its title and remedy."""
    done = imdoctor(site, "run", "--config", "imdoctor.yaml", "--check", "files")
    assert "Few open files are allowed" in done.stdout
    assert "ulimit -n 1024" in done.stdout


def test_its_options_are_checked(site: Path) -> None:
    """A misspelt option of its own is an error with a suggestion."""
    (site / "imdoctor.yaml").write_text("version: 1\nchecks:\n  files: {leest: 1}\n")
    done = imdoctor(site, "run", "--config", "imdoctor.yaml", "--check", "files")
    assert done.returncode == 78
    assert "imdoctor.yaml:3:11" in done.stderr
    assert "least" in done.stderr
