"""A tired reader finds the same order in every format."""

import pytest

from imdoctor.render import FORMATS, Style
from tests.render.reports import REPORTS


@pytest.mark.parametrize("form", ["text", "markdown", "html", "nagios", "github", "junit"])
def test_what_to_do_stands_before_the_proof(form: str) -> None:
    """The verdict, the cause, what to do, then what was seen and what is explained by it."""
    text = FORMATS[form](REPORTS["one-cause"], Style(width=80))
    places = [
        text.index(mark) for mark in ("The certificate has expired", "What to do", "the clock is within", "Explains: ")
    ]
    assert places == sorted(places)
