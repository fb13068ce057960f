"""The commented configuration: every option with its default, and a target's own values in their places."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from imdoctor import registry
from imdoctor.cli.jobs import option_types
from imdoctor.config.example import example, filled
from imdoctor.config.load import loads
from imdoctor.config.model import Config, Endpoint, Events, History, Otlp, Schedule, Target
from imdoctor.config.schema import SECTIONS, schema
from imdoctor.config.targets import CREDENTIALS

OPTIONS = option_types(registry.load().checks)
VALIDATOR = Draft202012Validator(schema(OPTIONS))
BARE = {"usersig_file", "usersig_env", "secret_key_file", "heartbeat"}
"""Of keys that exclude each other, all but one."""
OURS = {"name": "prod", "third_party": True}
"""What the example says and does not comment out."""


def shown(*, without: set[str]) -> str:
    """Return the example with everything in it that is commented out, but for some keys."""
    text = re.sub(r"(?m)^( *)# (( *)[a-z_]+:( .*)?)$", r"\1\2", example())
    return re.sub(rf"(?m)^ *({'|'.join(without)}): .*\n", "", text) if without else text


def parsed(text: str) -> Config:
    """Return a text's configuration."""
    return loads(text, OPTIONS, file="c.yaml", folder=Path("/etc/imdoctor"))


def pairs() -> Iterator[tuple[str, type[msgspec.Struct], Any, dict[str, Any]]]:
    """Yield each struct of the configuration as it is read, with what the example says under its keys."""
    text = shown(without=BARE)
    config, data = parsed(text), yaml.safe_load(shown(without=set()))
    yield "targets", Target, config.targets[0], data["targets"][0]
    yield "client", type(config.targets[0].client), config.targets[0].client, data["targets"][0]["client"]
    for name, kind in (("schedule", Schedule), ("history", History), ("events", Events), ("otlp", Otlp)):
        yield name, kind, getattr(config, name), data[name]
    for name, options in config.checks.items():
        yield name, type(options), options, data["checks"][name]
        for key, value in msgspec.structs.asdict(options).items():
            if isinstance(value, msgspec.Struct):
                yield key, type(value), value, data["checks"][name][key]


PAIRS = {name: rest for name, *rest in pairs()}


def test_every_section_is_there() -> None:
    """Each key of a configuration, and each check that has options, stands in the example."""
    data = yaml.safe_load(shown(without=set()))
    assert set(data) == set(SECTIONS)
    assert set(data["checks"]) == {name for name, kind in OPTIONS.items() if kind is not None}
    assert set(data["defaults"]) <= set(data["targets"][0])


@pytest.mark.parametrize("name", PAIRS)
def test_every_option_is_there(name: str) -> None:
    """No option is missing in the example, and none in it is another's."""
    kind, _, said = PAIRS[name]
    assert set(said) == set(kind.__struct_encode_fields__)


@pytest.mark.parametrize("name", PAIRS)
def test_what_is_shown_is_the_default(name: str) -> None:
    """Where an option has a default that is something, the example shows it."""
    kind, value, _ = PAIRS[name]
    for item in msgspec.structs.fields(kind):
        default = item.default_factory() if item.default_factory is not msgspec.NODEFAULT else item.default
        if (
            default not in (None, (), {}, msgspec.NODEFAULT)
            and not isinstance(default, msgspec.Struct)
            and item.name not in OURS
        ):
            assert getattr(value, item.name) == default, item.name


@pytest.mark.parametrize("text", [example(), shown(without=BARE)], ids=["as it stands", "with everything"])
def test_it_is_good(text: str) -> None:
    """The example can be used, and so can all that is commented out in it; the schema says the same."""
    assert parsed(text).targets[0].name == "prod"
    VALIDATOR.validate(yaml.safe_load(text))


def test_it_names_its_schema() -> None:
    """The first line is the hint by which an editor finds the schema, and the page says how to make that file."""
    assert example().startswith("# yaml-language-server: $schema=imdoctor.schema.json\n")
    assert "`imdoctor config schema > imdoctor.schema.json`" in example()


@pytest.mark.parametrize("key", CREDENTIALS)
def test_a_targets_own_values(key: str) -> None:
    """What is given stands uncommented in its place, with what is said beside it; all else is as it was."""
    values: dict[str, str | int] = {
        "name": "test",
        "endpoint": "192.0.2.1:8443",
        "sdkappid": 30000000,
        "identifier": "me",
        key: "here",
    }
    text = filled(values, chosen_by=None)
    assert parsed(text).targets == (msgspec.convert({**values, "endpoint": Endpoint("192.0.2.1", 8443)}, Target),)
    changed = set(example().splitlines()) ^ set(text.splitlines())
    assert len(changed) == 2 * len(values)
    assert "    sdkappid: 30000000                    # the app, by the console" in text


def test_a_chosen_site_is_told() -> None:
    """A domain that was chosen by a number says so above itself."""
    text = filled({"endpoint": "adminapikr.im.qcloud.com", "sdkappid": 30000000}, chosen_by=30000000)
    before, _, _ = text.partition("    endpoint: adminapikr.im.qcloud.com ")
    assert "The domain is that of Seoul, since SDKAppID 30000000 looks like" in before
    assert "stand in no document" in " ".join(before.replace("#", "").split())
    assert max(map(len, text.splitlines())) < 130


@given(st.text(min_size=1, max_size=32))
def test_any_value_arrives(value: str) -> None:
    """Whatever a value holds, it is read back as it was, and nothing else changes by it."""
    text = filled({"identifier": value}, chosen_by=None)
    assert yaml.safe_load(text)["targets"][0]["identifier"] == value
