"""JSON and its schema: they agree, and nothing is lost on the way."""

import json

import msgspec
import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from msgspec.structs import replace

from imdoctor.model import Report
from imdoctor.render import FORMATS, Style
from imdoctor.render.json import render, schema
from tests.render.reports import REPORTS


@pytest.mark.parametrize("name", REPORTS)
def test_json_is_valid_by_its_schema(name: str) -> None:
    """Each report validates against the schema that ships with it."""
    Draft202012Validator(schema()).validate(json.loads(render(REPORTS[name])))


@pytest.mark.parametrize("name", REPORTS)
def test_json_round_trips(name: str) -> None:
    """A report is read back as it was."""
    text = render(REPORTS[name])
    assert msgspec.json.decode(text, type=Report) == REPORTS[name]
    assert text.endswith("}\n")


def test_schema_is_a_schema() -> None:
    """The schema is one, by the dialect it names, and refuses what is no report."""
    Draft202012Validator.check_schema(schema())
    told = json.loads(render(REPORTS["one-cause"]))
    told["targets"][0]["status"] = "splendid"
    with pytest.raises(ValidationError):
        Draft202012Validator(schema()).validate(told)


def test_durations_that_were_not_measured_are_null() -> None:
    """None is null, and never 0."""
    clock = json.loads(render(REPORTS["healthy"]))["targets"][0]["checks"][-1]
    assert clock["name"] == "clock"
    assert clock["duration_seconds"] is None


def test_half_a_character_is_escaped() -> None:
    """What no UTF-8 can hold is written as an escape, and read back."""
    host = replace(REPORTS["healthy"].host, name="web\udc80")
    text = render(replace(REPORTS["healthy"], host=host))
    assert json.loads(text)["host"]["name"] == "web\udc80"
    assert text.isascii()


def test_format_is_this_rendering() -> None:
    """The format `json` takes no notice of the style."""
    assert FORMATS["json"](REPORTS["one-cause"], Style(colour=True, width=20)) == render(REPORTS["one-cause"])
