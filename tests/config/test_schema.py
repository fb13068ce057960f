"""The configuration's JSON Schema says the same as the loader."""

import msgspec
import pytest
import yaml
from hypothesis import event, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from imdoctor import registry
from imdoctor.cli.jobs import option_types
from imdoctor.config.keys import meaning
from imdoctor.config.model import Config, Events, History, Schedule, Target
from imdoctor.config.schema import schema
from tests.config.options import OPTIONS, NeedyOptions
from tests.config.test_load import DEFAULTS, FULL, attempted

BUILT_IN = schema(option_types(registry.load().checks))
VALIDATOR = Draft202012Validator(schema(OPTIONS))


def test_it_is_a_schema() -> None:
    """The schema is one, by the dialect it names."""
    Draft202012Validator.check_schema(schema(OPTIONS))


@pytest.mark.parametrize("text", [FULL, DEFAULTS, "version: 1", "defaults: {timeout: 4s}"])
def test_good_files_validate(text: str) -> None:
    """What the loader reads is valid."""
    VALIDATOR.validate(yaml.safe_load(text))


BAD = {
    "an unknown key": "versoin: 1",
    "another version": "version: 2",
    "no targets": "targets: []",
    "an unknown key of a target": "targets: [{nmae: a}]",
    "a text for a number": "targets: [{sdkappid: '1'}]",
    "a number out of range": "targets: [{sdkappid: 0}]",
    "a duration without its unit": "targets: [{timeout: 5}]",
    "a duration of no form": "targets: [{timeout: 5 s}]",
    "a check that is not there": "checks: {dsn: {}}",
    "a check without options": "checks: {client: {}}",
    "an unknown option of a plugin": "checks: {dns: {slwo: 1s}}",
    "an option that is missing": "checks: {needy: {}}",
    "a name for all": "defaults: {name: a}",
    "an unknown default": "defaults: {nmae: a}",
    "a language that is none": "targets: [{lang: zh_CN}]",
    "no percentage": "schedule: {jitter: 0.1}",
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_do_not(name: str) -> None:
    """What the loader refuses for its shape is not valid."""
    with pytest.raises(ValidationError):
        VALIDATOR.validate(yaml.safe_load(BAD[name]))


def test_defaults_are_written_as_a_file_writes_them() -> None:
    """An editor that fills a default in writes a valid file."""
    target = schema(OPTIONS)["$defs"]["Target"]["properties"]
    schedule = schema(OPTIONS)["$defs"]["Schedule"]["properties"]
    assert target["timeout"]["default"] == "5s"
    assert schedule["every"]["default"] == "1m"
    assert schedule["jitter"]["default"] == "10%"


PLAUSIBLE: list[object] = [
    "5s",
    "4000ms",
    "1m",
    "10%",
    "64MiB",
    "env",
    "a.example",
    "",
    1,
    2**32,
    True,
    None,
    [],
    {},
    ["a"],
]
VALUES = st.sampled_from(PLAUSIBLE)
SECTIONS: dict[str, type[msgspec.Struct]] = {
    "defaults": Target,
    "schedule": Schedule,
    "history": History,
    "events": Events,
}


def mappings(kind: type[msgspec.Struct]) -> st.SearchStrategy[dict[str, object]]:
    """Return mappings of two keys of a struct at the most: more of them are seldom all right."""
    return st.dictionaries(st.sampled_from(kind.__struct_encode_fields__), VALUES, max_size=2)


@given(
    st.fixed_dictionaries({}, optional={key: mappings(kind) for key, kind in SECTIONS.items()}),
    st.lists(mappings(Target), min_size=1, max_size=2, unique_by=lambda it: str(it.get("name"))),
)
def test_whatever_the_loader_reads_is_valid(sections: dict[str, object], targets: list[dict[str, object]]) -> None:
    """An editor marks nothing that the loader takes."""
    data = {**sections, "targets": targets}
    taken = isinstance(attempted(yaml.safe_dump(data, allow_unicode=True)), Config)
    event(f"taken: {taken}")
    if taken:
        VALIDATOR.validate(data)


def keys(node: object, path: str = "") -> dict[str, dict[str, object]]:
    """Return every key of a schema that a file may hold, each with what the schema says of it."""
    if not isinstance(node, dict):
        return {}
    found = {f"{path}{key}": told for key, told in node.get("properties", {}).items()}
    for name, component in node.get("$defs", {}).items():
        found |= keys(component, f"{name}.")
    for key, told in node.get("properties", {}).items():
        found |= keys(told, f"{path}{key}.")
    return found


KEYS = keys(BUILT_IN)


@pytest.mark.parametrize("key", KEYS)
def test_every_key_is_described(key: str) -> None:
    """An editor has something to show for each key: its own meaning, or that of what stands under it."""
    told = KEYS[key]
    under = BUILT_IN["$defs"].get(str(told.get("$ref", "")).rpartition("/")[2], {})
    assert len(str(told.get("description") or under.get("description", ""))) > 10


def test_meanings_come_from_docstrings() -> None:
    """A line `key: …` of a docstring is that key's meaning, lines below it that are indented go on with it, all else is of the whole."""
    whole, known = meaning(NeedyOptions)
    assert whole == "A key that must be there, and a rule of its own. Note: this is no key."
    assert known == {"must": "a number, which goes on here."}


def test_a_plugins_options_are_described() -> None:
    """What a plugin's docstring says of its options is shown as well."""
    assert (
        schema(OPTIONS)["$defs"]["NeedyOptions"]["properties"]["must"]["description"] == "a number, which goes on here."
    )
