"""`python -m tests.render`: write every golden page anew, and read in `git diff` whether each change was meant."""

from imdoctor.render import FORMATS, Style
from tests.render.golden_pages import ENDINGS, FOLDER, texts
from tests.render.reports import REPORTS
from tests.render.test_html import GOLDEN, without_style


def main() -> None:
    """Write the pages of every format; those of reports that are gone are left to be removed by hand."""
    pages = {f"{name}.txt": text for name, text in texts().items()}
    for form, ending in ENDINGS.items():
        pages |= {f"{form}/{name}.{ending}": FORMATS[form](report, Style()) for name, report in REPORTS.items()}
    pages |= {f"html/{name}.html": without_style(text) for name, text in GOLDEN.items()}
    pages |= {
        f"../golden_prometheus/{name}.prom": FORMATS["prometheus"](report, Style()) for name, report in REPORTS.items()
    }
    for name, text in pages.items():
        (FOLDER / name).parent.mkdir(exist_ok=True)
        (FOLDER / name).write_bytes(text.encode())


if __name__ == "__main__":
    main()
