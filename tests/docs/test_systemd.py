"""The page on systemd: what it names exists, and what it says of the units is so."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from imdoctor.agent.installation import DROP_INS, UNITS, possible

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/systemd.md").read_text("utf-8")


def test_every_unit_is_named() -> None:
    """The page names every unit and every kind of drop-in, and none that is not there."""
    known = {name for way in UNITS for name in possible(way)}
    named = set(re.findall(r"imdoctor[\w@-]*\.(?:service|timer)(?:\.d/[\w.-]+)?", PAGE))
    assert named <= known
    assert {unit for units in UNITS.values() for unit in units} <= named
    assert {name.rpartition("/")[2] for name in named if "/" in name} == set(DROP_INS)


@pytest.mark.parametrize("words", sorted(set(re.findall(r"bin/imdoctor ((?:systemd|config) \w+)", PAGE))))
def test_the_commands_exist(words: str) -> None:
    """Every command that the page types has a help page."""
    command = [sys.executable, "-m", "imdoctor", *words.split(), "--help"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.needs("program:systemd-analyze")
def test_the_exposure_is_what_is_measured() -> None:
    """The figure of `systemd-analyze security` is the one that the page gives."""
    command = ["systemd-analyze", "security", "--offline=true", str(ROOT / "systemd/imdoctor.service")]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert found
    assert f"says {found[1]}." in PAGE
