"""The page on the formats: its table is whole, and its examples run."""

import re
import shlex
from pathlib import Path

import pytest

from imdoctor.render import FORMATS
from tests.cli.process import imdoctor

PAGE = (Path(__file__).parents[2] / "docs/formats.md").read_text("utf-8")
EXAMPLES = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]


def test_the_table_of_formats_is_whole() -> None:
    """Every format stands in the table, in the order of the help."""
    assert re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE) == list(FORMATS)


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_run(tmp_path: Path, example: str) -> None:
    """Each command of the page does what it says, and every file that it names is written."""
    for command in example.split(" && "):
        program, *arguments = shlex.split(command)
        assert program == "imdoctor"
        done = imdoctor(tmp_path, *arguments)
        assert (done.code, done.err) == (0, "")
    for name in re.findall(r"=(\S+\.\w+)", example):
        assert (tmp_path / name).stat().st_size > 0
