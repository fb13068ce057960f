"""The README and the pages beside it: their examples are run, their tables compared with the code."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from imdoctor import registry
from imdoctor.model import exit_code

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def imdoctor(*arguments: str, cwd: Path | None = None, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run the command."""
    command = [sys.executable, "-m", "imdoctor", *arguments]
    return subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, "LC_ALL": "C.UTF-8", **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_opens_with_the_two_commands() -> None:
    """The first two blocks are the two commands that do all of the set-up, and CI runs them as they stand."""
    first, second = re.findall(r"```sh\n(.*?)\n```", README, re.DOTALL)[:2]
    assert (first, second) == ("pip install . && imdoctor run --sandbox", "pip install '.[test]' && pytest")
    script = (ROOT / ".ci/run").read_text("utf-8")
    assert second.removeprefix("pip install ") in script
    assert "imdoctor run --sandbox" in script


def test_the_shown_output_is_real() -> None:
    """What the README shows of a drill is what the drill prints."""
    block = re.search(r"```\n\$ imdoctor drill (\S+)\n(.*?)```", README, re.DOTALL)
    assert block
    assert block[2] in imdoctor("drill", block[1]).stdout


def test_the_configuration_is_valid(tmp_path: Path) -> None:
    """The configuration that the README shows has no error."""
    block = re.search(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert block
    (tmp_path / "imdoctor.yaml").write_text(block[1])
    done = imdoctor("config", "check", "imdoctor.yaml", cwd=tmp_path, IM_SECRET_KEY="0" * 64)
    assert done.returncode == 0, done.stderr


def test_the_table_of_checks_is_whole() -> None:
    """Every check stands in the table, in the report's order."""
    rows = re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE)
    assert rows == [check.name for check in registry.load().checks]


@pytest.mark.parametrize("command", sorted(set(re.findall(r"`imdoctor ([a-z]+)\b", README))))
def test_the_commands_exist(command: str) -> None:
    """Every command that the README names has a help page."""
    assert imdoctor(command, "--help").returncode == 0


@pytest.mark.parametrize(("status", "code"), [("ok", 0), ("warn", 0), ("fail", 2), ("unknown", 3)])
def test_exit_codes_are_documented(status: str, code: int) -> None:
    """The exit codes of a report stand in the page on how it works."""
    table = (ROOT / "docs/how-it-works.md").read_text("utf-8")
    assert exit_code(status, fail_on_warn=False) == code  # type: ignore[arg-type]  # the words of Status
    assert f"| {code} |" in table


CHINESE = (ROOT / "README.zh-CN.md").read_text("utf-8")


def test_the_chinese_readme_has_the_same_commands() -> None:
    """The two commands that do all of the set-up stand in both, word for word; and whatever else is typed stands in both."""
    ours = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    assert re.findall(r"```sh\n(.*?)```", CHINESE, re.DOTALL) == ours
    assert len(ours) == 2
    typed = [set(re.findall(r"`(imdoctor [^`]*)`", " ".join(text.split()))) for text in (README, CHINESE)]
    assert typed[0] == typed[1]


def test_the_chinese_output_is_real() -> None:
    """What the Chinese README shows of a drill is what the drill prints."""
    block = re.search(r"```\n\$ imdoctor drill (\S+) --lang zh\n(.*?)```", CHINESE, re.DOTALL)
    assert block
    assert block[2] in imdoctor("drill", block[1], "--lang", "zh").stdout


def test_the_chinese_table_of_checks_is_whole() -> None:
    """Every check stands in the table, in the report's order, with the same steps of the list."""
    rows = [re.findall(r"^\| `(\w+)` \|.*\| ([^|]+) \|$", text, re.MULTILINE) for text in (README, CHINESE)]
    assert [(name, steps.replace("、", ", ")) for name, steps in rows[1]] == rows[0]


def test_the_chinese_configuration_is_the_same() -> None:
    """The configuration that both show differs in its comment alone."""
    ours, chinese = (re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) for text in (README, CHINESE))
    assert [re.sub(" +#.*", "", block) for block in chinese] == [re.sub(" +#.*", "", block) for block in ours]
