"""The tutorial's path works, command by command, in a folder of its own."""

import re
import shlex
from pathlib import Path

from tests.cli.process import imdoctor

PAGE = (Path(__file__).parents[2] / "docs/tutorial.md").read_text("utf-8")
CODES = {"drill": 2, "diff": 1, "judge": 2}
"""Exit codes that are not 0, by command: the page says so."""
WORKING = {"drill clock.skewed": 0}


def steps() -> list[tuple[str, list[str]]]:
    """Return each command with the lines that the page shows of its output."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ imdoctor "):
                found.append((line.removeprefix("$ imdoctor "), []))
            else:
                found[-1][1].append(line)
    return found


def test_the_path_works(tmp_path: Path) -> None:
    """Every command does what the page says, one after the other, and its output holds every line that the page shows."""
    made = steps()
    assert len(made) > 8
    for command, shown in made:
        words = shlex.split(command)
        done = imdoctor(tmp_path, *words)
        assert done.code == WORKING.get(command, CODES.get(words[0], 0)), (command, done)
        told = " ".join(done.out.split())
        for line in shown:
            assert " ".join(line.split()) in told, (command, line, done.out)
