"""Every example of the documentation has a test that runs it: who that is stands here, and an example that nobody runs fails."""

import ast
import re
from collections.abc import Iterator, Mapping

import click
import pytest

from imdoctor.cli import cli
from tests.docs.pages import PAGES, ROOT, blocks

FOLLOWED, CONFIGURED = (
    "docs/test_followed.py",
    "docs/test_configuration.py::test_every_configuration_that_is_shown_is_good",
)
CI = "docs/test_ci.py::test_a_stage_passes_where_all_is_well"
TUTORIAL = "docs/test_tutorial.py::test_the_path_works"
BY_HAND = "lab/worlds/costs.py::by_hand"
"""In the world `costly-stub`: `.ci/run` builds it with all the others."""
READMES = {
    "pip install . && imdoctor run --sandbox": "docs/test_readme.py::test_it_opens_with_the_two_commands",
    "pip install '.[test]' && pytest": "docs/test_readme.py::test_it_opens_with_the_two_commands",
}
FORMATS = "docs/test_formats.py::test_the_examples_run"

OWNERS: Mapping[str, Mapping[str, str]] = {
    "README.md": {
        **READMES,
        "$ imdoctor drill": "docs/test_readme.py::test_the_shown_output_is_real",
        "version: 1": CONFIGURED,
    },
    "README.zh-CN.md": {
        **READMES,
        "$ imdoctor drill": "docs/test_readme.py::test_the_chinese_output_is_real",
        "version: 1": CONFIGURED,
    },
    "docs/accuracy.md": {"sudo python -m tests.lab": "docs/test_blocks.py::test_the_worlds_are_built"},
    "docs/ci.md": {
        "version: 1": CONFIGURED,
        "name: smoke": CI,
        "im-smoke:": CI,
        "pipeline {": CI,
        "imdoctor run": CI,
    },
    "docs/configuration.md": {
        "imdoctor config init": "docs/test_configuration.py::test_its_commands_run",
        "version: 1": CONFIGURED,
    },
    "docs/fleet.md": {
        "apt-get install prometheus": f"{FOLLOWED}::test_fleet",
        "# systemctl edit imdoctor-watch": f"{FOLLOWED}::test_fleet",
        "systemctl restart imdoctor-watch": f"{FOLLOWED}::test_fleet",
        "install -m 644 fleet/prometheus.yml": f"{FOLLOWED}::test_fleet",
        "install -m 644 fleet/alertmanager.yml": f"{FOLLOWED}::test_fleet",
        "/opt/imdoctor/bin/imdoctor run --format": f"{FOLLOWED}::test_fleet",
        "  - job_name: pushgateway": f"{FOLLOWED}::test_fleet",
        "/opt/imdoctor/bin/imdoctor run --output": f"{FOLLOWED}::test_fleet",
        "version: 1": CONFIGURED,
    },
    "docs/formats.md": {
        "imdoctor run --sandbox --output junit": FORMATS,
        "imdoctor run --sandbox --lang": FORMATS,
        "imdoctor run --sandbox --format nagios": FORMATS,
    },
    "docs/metrics.md": {
        "scrape_configs:": "docs/test_metrics.py::test_prometheus_takes_the_job",
        "imdoctor run --sandbox": "docs/test_metrics.py::test_the_examples_run",
        "otlp:": CONFIGURED,
    },
    "docs/step-4.md": {
        "this host -> 127.0.0.1": BY_HAND,
        "it costs": BY_HAND,
        "$ grep": BY_HAND,
        "$ tr": BY_HAND,
        "$ dig +short @127.0.0.1": BY_HAND,
        "$ dig +short A whoami": BY_HAND,
        "$ curl -s ": BY_HAND,
        "$ curl -sL": BY_HAND,
        "$ dig +short TXT": BY_HAND,
        "$ dig +short A console": BY_HAND,
        "for i in": BY_HAND,
        "version: 1": CONFIGURED,
    },
    "docs/systemd.md": {
        "python3 -m venv": f"{FOLLOWED}::test_systemd",
        "systemctl status": f"{FOLLOWED}::test_systemd",
        "systemctl reload": f"{FOLLOWED}::test_systemd",
        "# systemctl edit imdoctor-alert": f"{FOLLOWED}::test_systemd",
        "systemctl disable": f"{FOLLOWED}::test_systemd",
    },
    "docs/tutorial.md": {
        "$ imdoctor run --sandbox": TUTORIAL,
        "$ imdoctor run --sandbox --format": TUTORIAL,
        "$ imdoctor drill tcp.timeout": TUTORIAL,
        "$ imdoctor explain": TUTORIAL,
        "$ imdoctor diff": TUTORIAL,
        "$ imdoctor drill clock.skewed": TUTORIAL,
        "$ imdoctor drill dns.hijacked": TUTORIAL,
        "$ imdoctor judge": TUTORIAL,
    },
    "docs/watch.md": {"version: 1\ntargets:": CONFIGURED, "version: 1\ndefaults:": CONFIGURED},
    "docs/writing-a-check.md": {
        '"""May a process': "docs/test_writing_a_check.py::test_the_check_is_configured_and_run",
        "[project]": "docs/test_writing_a_check.py::test_the_check_is_found",
        "checks:": "docs/test_writing_a_check.py::test_the_check_is_configured_and_run",
    },
}
"""By page: how each of its fenced blocks begins, in order, and the function that runs it."""


@pytest.mark.parametrize("page", PAGES)
def test_every_block_is_owned(page: str) -> None:
    """Each fenced block of a page stands in the table, in its order, and no block is there that is not on the page."""
    begun = [block.text for block in blocks(page)]
    owned = list(OWNERS.get(page, ()))
    assert [text[: len(words)] for text, words in zip(begun, owned, strict=True)] == owned
    assert PAGES[page].read_text("utf-8").count("```") == 2 * len(begun), (
        "a block that is not one of Markdown's plain ones"
    )


@pytest.mark.parametrize("owner", sorted({owner for owned in OWNERS.values() for owner in owned.values()}))
def test_every_owner_exists(owner: str) -> None:
    """Each function of the table is there."""
    file, _, name = owner.partition("::")
    tree = ast.parse((ROOT / "tests" / file).read_text("utf-8"))
    assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_the_worlds_are_built() -> None:
    """What the page on accuracy says to type, which takes minutes, is what `.ci/run` does, and every look by hand with it."""
    (block,) = blocks("docs/accuracy.md")
    script = (ROOT / ".ci/run").read_text("utf-8")
    assert f"  {block.text.removeprefix('sudo ')}" in script


SPOKEN = sorted(
    {
        " ".join(span.split())
        for page, path in PAGES.items()
        if page != "CHANGELOG.md" and "decisions" not in page
        for span in re.findall(r"`(imdoctor [^`]*)`", path.read_text("utf-8"))
    }
)


@pytest.mark.parametrize("spoken", SPOKEN)
def test_what_the_prose_names_exists(spoken: str) -> None:
    """Each command that stands between backticks is one, and so is each of its options."""
    command: click.Command = cli
    words, known = spoken.split()[1:], {*_options(cli)}
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(click.Context(command), words.pop(0))
        assert found
        command, known = found, {*known, *_options(found)}
    assert {word.partition("=")[0] for word in words if word.startswith("-") and word != "-"} <= known


def _options(command: click.Command) -> Iterator[str]:
    for parameter in command.get_params(click.Context(command)):
        yield from (*parameter.opts, *parameter.secondary_opts)
