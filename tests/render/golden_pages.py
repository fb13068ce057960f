"""The golden pages: what each report looks like in each format, as agreed."""

from pathlib import Path

from imdoctor.render import FORMATS, Style
from tests.render.reports import REPORTS

FOLDER = Path(__file__).parent / "golden"


def agreed(form: str, ending: str, name: str) -> None:
    """Assert that a report reads as its golden page."""
    page = (FOLDER / form / f"{name}.{ending}").read_bytes()
    assert FORMATS[form](REPORTS[name], Style()).encode() == page


def kept(form: str) -> set[str]:
    """Return the names of the golden pages of a format."""
    return {path.stem for path in (FOLDER / form).iterdir()}
