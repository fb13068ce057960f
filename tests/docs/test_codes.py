"""The page of codes is what the code gives."""

import re

import pytest

from imdoctor import registry
from imdoctor.catalogue import Catalogue
from imdoctor.im.errorcodes import all_codes
from imdoctor.im.lint_rules import RULES
from imdoctor.speech import Language
from tests.docs.codes import PAGES, document


@pytest.mark.parametrize("language", PAGES)
def test_the_page_is_what_the_code_gives(language: Language) -> None:
    """A change to a text changes the page: `python -m tests.docs.codes` writes it anew."""
    assert PAGES[language].read_text("utf-8") == document(language)


@pytest.mark.parametrize("language", PAGES)
def test_every_code_has_its_heading(language: Language) -> None:
    """Each finding code and each error code stands on the page once."""
    wanted = [*Catalogue.of(registry.load().checks).specs, *RULES, *(str(one.code) for one in all_codes())]
    assert re.findall(r"^### `([^`]+)`", PAGES[language].read_text("utf-8"), re.MULTILINE) == wanted
