"""The page of the configuration is what the code gives; its commands run, and every configuration in the documentation is good."""

import re
import shlex
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from imdoctor import registry
from imdoctor.cli.jobs import option_types
from imdoctor.config.schema import schema
from tests.cli.process import KEY, here, imdoctor
from tests.docs.configuration import PAGE, document
from tests.docs.pages import PAGES, blocks

OPTIONS = option_types(registry.load().checks)
CONFIGURATIONS = {
    f"{page} {number}": block.text.replace("otlp:", "version: 1\notlp:")
    for page in PAGES
    for number, block in enumerate(blocks(page, "yaml"), 1)
    if block.text.startswith(("version: 1\n", "otlp:"))
}
"""Each configuration in the documentation; a part of one is made whole."""
VARIABLES = {
    "IM_SECRET_KEY": KEY,
    "IM_HEARTBEAT": "https://example.com/",
    "IM_ALERT": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
    "OTLP_HEADERS": "name=value",
}
"""What they take from the environment."""


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
def test_every_configuration_that_is_shown_is_good(tmp_path: Path, name: str) -> None:
    """`imdoctor config check` has nothing to say against any configuration in the documentation, and it is valid by the schema."""
    assert len(CONFIGURATIONS) > 5
    text = CONFIGURATIONS[name]
    (tmp_path / "shown.yaml").write_text(text.replace("/usr/local/bin/tell", "/bin/true"))
    done = here(tmp_path, "config", "check", str(tmp_path / "shown.yaml"), environ=VARIABLES)
    assert (done.code, done.err) == (0, "")
    Draft202012Validator(schema(OPTIONS)).validate(yaml.safe_load(text))
