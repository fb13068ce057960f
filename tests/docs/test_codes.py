"""The page of codes is what the code gives."""

import re

from imdoctor import registry
from imdoctor.catalogue import Catalogue
from imdoctor.im.errorcodes import all_codes
from tests.docs.codes import PAGE, document


def test_the_page_is_what_the_code_gives() -> None:
    """A change to a text changes the page: `python -m tests.docs.codes` writes it anew."""
    assert PAGE.read_text("utf-8") == document()


def test_every_code_has_its_heading() -> None:
    """Each finding code and each error code stands on the page once."""
    wanted = [*Catalogue.of(registry.load().checks).specs, *(str(one.code) for one in all_codes())]
    assert re.findall(r"^### `([^`]+)`", PAGE.read_text("utf-8"), re.MULTILINE) == wanted
