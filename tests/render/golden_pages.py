"""The golden pages: what each report looks like in each format, as agreed. `python -m tests.render` writes them anew."""

from pathlib import Path

from imdoctor.render import FORMATS, Style
from imdoctor.speech import speaking
from tests.render.reports import REPORTS
from tests.render.worlds import judged, judged_in_chinese

FOLDER = Path(__file__).parent / "golden"
ENDINGS = {"github": "txt", "junit": "xml", "markdown": "md", "nagios": "txt"}


def agreed(form: str, ending: str, name: str) -> None:
    """Assert that a report reads as its golden page."""
    page = (FOLDER / form / f"{name}.{ending}").read_bytes()
    assert FORMATS[form](REPORTS[name], Style()).encode() == page


def kept(form: str) -> set[str]:
    """Return the names of the golden pages of a format."""
    return {path.stem for path in (FOLDER / form).iterdir()}


def texts() -> dict[str, str]:
    """Return the text of every report that has a golden page, by the page's name."""
    text = FORMATS["text"]
    return {
        **{name: text(report, Style()) for name, report in REPORTS.items()},
        "one-cause-verbose": text(REPORTS["one-cause"], Style(verbose=True)),
        "one-cause-narrow": text(REPORTS["one-cause"], Style(width=40)),
        "one-cause-wide": text(REPORTS["one-cause"], Style(width=160)),
        "several-quiet": text(REPORTS["several"], Style(quiet=True)),
        "several-verbose": text(REPORTS["several"], Style(verbose=True)),
        **{f"worlds/{name}": text(report, Style()) for name, report in judged().items()},
        **chinese(),
    }


def chinese() -> dict[str, str]:
    """Return the Chinese text of the worlds that have such a page."""
    with speaking("zh"):
        return {f"worlds/{name}": FORMATS["text"](report, Style()) for name, report in judged_in_chinese().items()}
