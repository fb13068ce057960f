"""The page of the configuration is what the code gives; its commands run, and every configuration in the documentation is good."""

import re
import shlex
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from imdoctor import registry
from imdoctor.cli.jobs import option_types
from imdoctor.config.load import loads
from imdoctor.config.schema import schema
from tests.cli.process import KEY, imdoctor
from tests.docs.configuration import PAGE, document

ROOT = PAGE.parents[1]
OPTIONS = option_types(registry.load().checks)
CONFIGURATIONS = {
    f"{page.name} {number}": block
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
    for number, block in enumerate(re.findall(r"```yaml\n(.*?)```", page.read_text("utf-8"), re.DOTALL), 1)
    if block.startswith("version: 1\n")
}


def test_the_page_is_what_the_code_gives() -> None:
    """A change to a key or its meaning changes the page: `python -m tests.docs.configuration` writes it anew."""
    assert PAGE.read_text("utf-8") == document()


def test_its_commands_run(tmp_path: Path) -> None:
    """The commands of the page do what it says, one after the other, as processes."""
    block = re.search(r"```sh\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert block
    for line in block[1].splitlines():
        words, _, target = line.partition(" > ")
        done = imdoctor(tmp_path, *shlex.split(words)[1:], environ={"IM_SECRET_KEY": KEY})
        assert (done.code, done.err) == (0, ""), line
        if target:
            (tmp_path / target).write_text(done.out)
    written = yaml.safe_load((tmp_path / "imdoctor.yaml").read_text())
    Draft202012Validator(yaml.safe_load((tmp_path / "imdoctor.schema.json").read_text())).validate(written)


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_every_configuration_that_is_shown_is_good(name: str) -> None:
    """Each configuration in the documentation is read, and valid by the schema."""
    assert len(CONFIGURATIONS) > 2
    assert loads(CONFIGURATIONS[name], OPTIONS, file=name, folder=ROOT).targets
    Draft202012Validator(schema(OPTIONS)).validate(yaml.safe_load(CONFIGURATIONS[name]))
