"""The configuration's JSON Schema says the same as the loader."""

import pytest
import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from imdoctor.config.schema import schema
from tests.config.options import OPTIONS
from tests.config.test_load import FULL

VALIDATOR = Draft202012Validator(schema(OPTIONS))


def test_it_is_a_schema() -> None:
    """The schema is one, by the dialect it names."""
    Draft202012Validator.check_schema(schema(OPTIONS))


@pytest.mark.parametrize("text", [FULL, "version: 1"])
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
