"""The pages for a machine with systemd, followed word for word: each line typed, in its order, on a fresh machine."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from tests.agent.box import until
from tests.docs.machine import ADDRESS, FROM_HERE, Machine, machine
from tests.docs.pages import Block, blocks

pytestmark = pytest.mark.needs(
    "root",
    "netns",
    "program:amtool",
    "program:curl",
    "program:prometheus",
    "program:prometheus-alertmanager",
    "program:prometheus-node-exporter",
    "program:prometheus-pushgateway",
    "program:promtool",
    "program:systemd-analyze",
)

CONFIG = "/etc/imdoctor/imdoctor.yaml"
INIT = f"/opt/imdoctor/bin/imdoctor config init {CONFIG}"
OWN_VALUES = f"""
sed -i 's|# ca_file: null|ca_file: /etc/imdoctor/lab/ca.pem|; s|third_party: true |third_party: false|' {CONFIG}
echo 'schedule: {{every: 2s}}' >>{CONFIG}
"""
FILES = "install -m 644 fleet/prometheus.yml fleet/imdoctor.rules.yml /etc/prometheus/"
OWN_HOSTS = f"sed -i 's/127.0.0.1:9877/{ADDRESS}:9877/; s/30s/1s/g; s/for: 2m/for: 2s/' /etc/prometheus/*.yml"
STATE = "/var/lib/prometheus"

INSTEAD: Mapping[str, str] = {
    # Nothing can be installed from anywhere: the packages are here, but for the folders and the start that their installation makes.
    "apt-get install prometheus prometheus-alertmanager": f"""
install -d -o prometheus {STATE} {STATE}/metrics2 {STATE}/alertmanager; install -d {STATE}/node-exporter
systemctl start prometheus prometheus-alertmanager prometheus-pushgateway prometheus-node-exporter
for port in 9090/-/ready 9093/-/ready 9091/-/ready 9100/; do
  until curl -fs "http://127.0.0.1:$port"; do sleep 0.1; done
done
""",
    "/opt/imdoctor/bin/pip install .": FROM_HERE,
    # "and put your own values in", "and put your hosts into static_configs"
    INIT: INIT + OWN_VALUES,
    FILES: f"{FILES}; {OWN_HOSTS}",
}
"""What is typed instead of a line of the pages."""
RECEIVER = ("https://alerts.example/im", "http://127.0.0.1:8080/im")
"""The receiver of the page on systemd, and the one that there is."""


@pytest.fixture
def fresh() -> Iterator[Machine]:
    """Boot a machine on which nobody followed anything yet."""
    with machine(INSTEAD) as made:
        yield made


def by(way: str, line: str) -> str:
    """Return a line for a way: the agent's stands behind the timer's, as "or:", for the last word of the line."""
    return re.sub(r"\S+(\s+)# or: ([^;]*).*", r"\2", line) if way == "watch" else line


def installed(fresh: Machine, way: str) -> None:
    """Follow the page on systemd until imdoctor runs, by the timer or by the agent."""
    for line in blocks("docs/systemd.md", "sh")[0].lines:
        fresh.type(by(way, line))


def has_said(fresh: Machine, line: str, words: str) -> None:
    """Wait until a line of a page, which shows something, shows these words."""
    until(lambda: words in fresh.type(line), fresh.told)


def moved(fresh: Machine, port: int) -> None:
    """Have the configuration name another port."""
    fresh.shell(f"sed -i 's|endpoint: console.tim.qq.com[:0-9]*|endpoint: console.tim.qq.com:{port}|' {CONFIG}")


@pytest.mark.parametrize("way", ["timer", "watch"])
def test_systemd(fresh: Machine, way: str) -> None:
    """The page on systemd, by the timer and by the agent: it runs, it is seen, it tells, it is taken away without a trace."""
    _, seen, (_, reload), (_, removal) = blocks("docs/systemd.md", "sh")
    (alert,) = blocks("docs/systemd.md", "ini")
    status, reports, events = (by(way, line) for line in seen.lines)
    installed(fresh, way)
    if way == "timer":
        has_said(fresh, reports, "HEALTHY: console.tim.qq.com:443 (prod)")
        fresh.type(status)
        _told(fresh, alert)
    else:
        has_said(fresh, status, "1 of 1 target healthy")
        moved(fresh, 444)
        fresh.type(reload.strip())
        has_said(fresh, reports, "prod: FAILED since ")
    has_said(fresh, events, "IMDOCTOR_EVENT=opened")
    _removed(fresh, [by(way, line) for line in removal.splitlines()])


def _told(fresh: Machine, alert: Block) -> None:
    """Have the page's own command told of an incident."""
    fresh.edit(alert.text.replace(*RECEIVER))
    receiving = (
        "from pathlib import Path; from tests.fleet.hub import receiver; receiver(Path('/run/told')).serve_forever()"
    )
    with fresh.running("-c", receiving):
        moved(fresh, 444)
        until(lambda: "prod: FAILED since " in fresh.shell("cat /run/told || :"), fresh.told)


def _removed(fresh: Machine, lines: list[str]) -> None:
    for line in lines:
        fresh.type(line)
    left = fresh.shell("find /etc/systemd/system /var/lib/private -path '*imdoctor*' -not -type d").splitlines()
    assert {name.rpartition("/")[2] for name in left} <= {"50-box.conf", "override.conf"}
    assert fresh.box.show("imdoctor.service", "LoadState") == "not-found"


def asked(fresh: Machine, url: str, query: str = "") -> Any:  # noqa: ANN401 - whatever the program answers
    """Ask a program in the machine, and return what it answers in JSON."""
    return json.loads(fresh.shell(f"curl -fsS --get --data-urlencode 'query={query}' {url}"))


def well(fresh: Machine) -> list[str]:
    """Return the instances of which Prometheus knows that their target is well."""
    found = asked(fresh, "http://127.0.0.1:9090/api/v1/query", 'imdoctor_target_status{status="ok"} == 1')
    return sorted(one["metric"]["instance"] for one in found["data"]["result"])


def added(fresh: Machine, text: str) -> None:
    """Do with a block in YAML what the page says: a job belongs into Prometheus' configuration; one of imdoctor's is checked."""
    if text.startswith("version: 1\n"):
        fresh.box.write("/run/page.yaml", text)
        fresh.shell("IM_ALERT=json://127.0.0.1/ /opt/imdoctor/bin/imdoctor config check /run/page.yaml")
        return
    path = "/etc/prometheus/prometheus.yml"
    fresh.box.write(path, fresh.shell(f"cat {path}") + text)
    fresh.shell(f"promtool check config {path}; systemctl reload prometheus")


FOLLOWING: Mapping[str, Callable[[Machine, str], object]] = {"ini": Machine.edit, "yaml": added, "sh": Machine.type_all}


def test_fleet(fresh: Machine) -> None:
    """The page on fleets, with the packages' own units: what fails here is an alert there, and what is pushed or written arrives."""
    installed(fresh, "watch")
    for block in blocks("docs/fleet.md"):
        FOLLOWING[block.language](fresh, block.text)
    name = fresh.shell("hostname").strip()
    agent = f"{ADDRESS}:9877"
    until(lambda: well(fresh) == sorted([agent, name]), fresh.told)
    exporter = fresh.shell("curl -fsS http://127.0.0.1:9100/metrics")
    assert re.search(r'^imdoctor_target_status\{.*status="ok".*\} 1$', exporter, re.MULTILINE)
    assert re.search(r"^node_textfile_scrape_error 0$", exporter, re.MULTILINE)
    moved(fresh, 444)
    fresh.shell("systemctl reload imdoctor-watch.service")
    until(lambda: bool(alerts(fresh)), fresh.told)
    (alert,) = alerts(fresh)
    labels = alert["labels"]
    assert [labels[key] for key in ("alertname", "code", "instance")] == ["ImHostFails", "tcp.refused", agent]
    assert [one["name"] for one in alert["receivers"]] == ["team"]


def alerts(fresh: Machine) -> list[dict[str, Any]]:
    """Return the alerts that Alertmanager has."""
    found: list[dict[str, Any]] = asked(fresh, "http://127.0.0.1:9093/api/v2/alerts")
    return found
