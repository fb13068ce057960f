"""The page on the report is what the model says of itself."""

from tests.docs.report import PAGE, PARTS, document


def test_the_page_is_as_the_model_has_it() -> None:
    """Every part and field of the report stands on the page, in the model's own words."""
    assert PAGE.read_text("utf-8") == document()
    assert all(f"## {part.__name__}\n" in document() for part in PARTS)
