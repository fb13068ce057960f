"""The page on fleets and the dashboard: what they name exists. tests/docs follows the page on a machine."""

import re
from pathlib import Path

import yaml

from tests.fleet.dashboard import FILE, PANELS, document

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/fleet.md").read_text("utf-8")
METRICS = set(re.findall(r"^\| `(imdoctor_\w+)`", (ROOT / "docs/metrics.md").read_text("utf-8"), re.MULTILINE))
RULES = yaml.safe_load((ROOT / "fleet/imdoctor.rules.yml").read_text("utf-8"))
RECORDS = {rule["record"] for group in RULES["groups"] for rule in group["rules"] if "record" in rule}
ALERTS = [rule["alert"] for group in RULES["groups"] for rule in group["rules"] if "alert" in rule]


def test_the_dashboard_is_as_it_is_written() -> None:
    """The file is what the panels say, and every query asks for what there is."""
    assert FILE.read_text("utf-8") == document()
    for _, title, query, *_ in PANELS:
        named = set(re.findall(r"imdoctor[:_][\w:]+", query))
        assert named, title
        assert named <= METRICS | RECORDS, title


def test_the_table_of_alerts_is_whole() -> None:
    """Every alert stands on the page, in the order of the rules."""
    assert re.findall(r"^\| `(Im\w+)` \|", PAGE, re.MULTILINE) == ALERTS
