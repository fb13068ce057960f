"""Writes fleet/dashboard.json: `python -m tests.fleet.dashboard`. A panel is a title, a query and a legend."""

import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[2] / "fleet/dashboard.json"
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
HERE = '{endpoint=~"$endpoint"}'
COLD, WARM = '{call="cold"}', '{call="warm"}'
PANELS = (
    ("stat", "Targets that fail", f"sum(imdoctor:failing{HERE}) or vector(0)", "", "short"),
    ("stat", "Hosts that tell", f"count(count by (instance) (imdoctor:seen{HERE}))", "", "short"),
    ("table", "What fails, where, and the cause to mend first", f"imdoctor:failing_cause{HERE} == 1", "", "short"),
    ("timeseries", "Failing targets by cause", f"sum by (code) (imdoctor:failing_cause{HERE})", "{{code}}", "short"),
    (
        "timeseries",
        "Share that fails, by resolver",
        f"sum by (resolver) (imdoctor:failing{HERE}) / count by (resolver) (imdoctor:failing{HERE})",
        "{{resolver}}",
        "percentunit",
    ),
    (
        "timeseries",
        "A cold call, the whole of it",
        f"quantile by (target) (0.5, imdoctor_probe_total_seconds{COLD})",
        "{{target}}",
        "s",
    ),
    (
        "timeseries",
        "A warm call, from the request to the first byte",
        f"quantile by (target) (0.5, imdoctor_probe_wait_seconds{WARM})",
        "{{target}}",
        "s",
    ),
    (
        "timeseries",
        "Look-ups, by nameserver",
        "quantile by (server) (0.5, imdoctor_dns_lookup_seconds)",
        "{{server}}",
        "s",
    ),
    (
        "timeseries",
        "Handshakes, by address",
        "quantile by (address) (0.5, imdoctor_tls_handshake_seconds)",
        "{{address}}",
        "s",
    ),
    (
        "timeseries",
        "Certificates end in",
        "min by (address) (imdoctor_tls_certificate_expires_timestamp_seconds) - time()",
        "{{address}}",
        "s",
    ),
    (
        "timeseries",
        "Usersigs end in",
        "min by (target) (imdoctor_usersig_expires_timestamp_seconds) - time()",
        "{{target}}",
        "s",
    ),
    (
        "timeseries",
        "Rounds that were left out",
        "sum by (instance) (increase(imdoctor_missed_slots_total[1h]))",
        "{{instance}}",
        "short",
    ),
)
WIDTH, HEIGHT = 12, 8


def panel(number: int, kind: str, title: str, query: str, legend: str, unit: str) -> dict[str, Any]:
    """Return one panel; two stand beside each other."""
    table = kind == "table"
    asked = {"refId": "A", "datasource": SOURCE, "expr": query, "legendFormat": legend, "instant": table}
    return {
        "id": number + 1,
        "type": kind,
        "title": title,
        "datasource": SOURCE,
        "gridPos": {"x": WIDTH * (number % 2), "y": HEIGHT * (number // 2), "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": unit}, "overrides": []},
        "targets": [{**asked, **({"format": "table"} if table else {})}],
    }


def dashboard() -> dict[str, Any]:
    """Return the dashboard, as Grafana imports it."""
    endpoints = "label_values(imdoctor_target_info, endpoint)"
    return {
        "title": "imdoctor: calls to the IM API",
        "uid": "imdoctor-fleet",
        "schemaVersion": 38,
        "refresh": "1m",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {
            "list": [
                {"name": "datasource", "type": "datasource", "query": "prometheus"},
                {
                    "name": "endpoint",
                    "type": "query",
                    "datasource": SOURCE,
                    "query": endpoints,
                    "includeAll": True,
                    "multi": True,
                },
            ]
        },
        "panels": [panel(number, *row) for number, row in enumerate(PANELS)],
    }


def document() -> str:
    """Return the file's text."""
    return json.dumps(dashboard(), indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(document(), "utf-8")
