"""The pages for a machine with systemd, followed word for word: each line typed, in its order, on a fresh machine."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from imdoctor.lab.world import KEY
from tests.agent.box import until
from tests.docs.machine import ADDRESS, Machine, from_here, machine
from tests.docs.pages import PAGES, Block, blocks

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
HOME = "/opt/home"

INSTEAD: Mapping[str, str] = {
    # Nothing can be installed from anywhere: the packages are here, but for the folders and the start that their installation makes.
    "apt-get install prometheus prometheus-alertmanager": f"""
install -d -o prometheus {STATE} {STATE}/metrics2 {STATE}/alertmanager; install -d {STATE}/node-exporter
systemctl start prometheus prometheus-alertmanager prometheus-pushgateway prometheus-node-exporter
for port in 9090/-/ready 9093/-/ready 9091/-/ready 9100/; do
  until curl -fs "http://127.0.0.1:$port"; do sleep 0.1; done
done
""",
    "/opt/imdoctor/bin/pip install .": from_here("/opt/imdoctor"),
    "pip install . && imdoctor run --sandbox": f"{from_here(f'{HOME}/.venv')}imdoctor run --sandbox",
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


OWN_SHELL = f"""
mkdir -p {HOME}; cd {HOME}; [ ! -e .venv ] || . .venv/bin/activate
export HOME={HOME} IM_SECRET_KEY={KEY} SSL_CERT_FILE=/etc/imdoctor/lab/ca.pem IMDOCTOR_NO_THIRD_PARTY=1
"""
"""The shell of somebody who reads the README. The lab's authority is one that only this machine knows: each run warns of that."""
URL = "http://console.tim.qq.com/v4/im_open_login_svc/account_check?sdkappid=1400000000&identifier=administrator&contenttype=json"
TYPED: Mapping[str, tuple[str, int]] = {
    "imdoctor run": ("", 0),
    "imdoctor run HOST --sdkappid N --identifier ADMIN --secret-key-file FILE": (
        "imdoctor run console.tim.qq.com --sdkappid 1400000000 --identifier administrator --secret-key-file key",
        0,
    ),
    "imdoctor plan": ("", 0),
    'eval "$(imdoctor completion bash)"': ("bash -ec 'eval \"$(imdoctor completion bash)\"'", 0),
    "imdoctor watch": ("timeout --preserve-status 3 imdoctor watch", 143),
    "imdoctor run --state DIR": ("imdoctor run --state state", 0),
    "imdoctor history": ("imdoctor history --state state", 0),
    "imdoctor systemd install": ("", 0),
    "imdoctor run --config imdoctor.yaml --fail-on warn --output json=report.json": ("", 1),
    "imdoctor judge report.json": (
        "cp report.json before.json; cp report.json after.json; imdoctor judge report.json",
        0,
    ),
    "imdoctor usersig": ("imdoctor usersig", 64),
    "imdoctor lint -": (f"echo '{URL}' | imdoctor lint -", 2),
    "imdoctor diff before.json after.json": ("", 0),
    "imdoctor bundle": ("", 0),
    "imdoctor config init FILE --sdkappid N --identifier ADMIN": (
        "imdoctor config init new.yaml --sdkappid 1400000000 --identifier administrator",
        0,
    ),
    "imdoctor config check FILE": ("imdoctor config check imdoctor.yaml", 0),
    "imdoctor explain CODE": ("imdoctor explain tls.cert-expired && imdoctor explain 60026", 0),
    "imdoctor drill --list": ("", 0),
    "imdoctor drill --all": ("", 0),
    "imdoctor explain": ("imdoctor explain --list", 0),
}
"""By what the README says: what is typed, where it has something to put in, and the exit code."""


def test_readme(fresh: Machine) -> None:
    """The first steps of the README, and then every command that it names, each word for word."""
    text = " ".join(PAGES["README.md"].read_text("utf-8").split())
    (made,) = re.findall(r"`(python3 -m venv [^`]*)`", text)
    fresh.shell(f"{OWN_SHELL}{made}; echo {KEY} >key; chmod 600 key")
    fresh.shell(OWN_SHELL + INSTEAD[blocks("README.md", "sh")[0].text.strip()])
    fresh.box.write(f"{HOME}/imdoctor.yaml", blocks("README.md", "yaml")[0].text)
    named = dict.fromkeys(re.findall(r"`((?:eval .\$.)?imdoctor [^`]*)`", text))
    assert [*named] == [*TYPED]
    for line, (own, code) in TYPED.items():
        fresh.shell(
            f"{OWN_SHELL}code=0; {{ {own or line}; }} || code=$?; [ $code = {code} ] || {{ echo code $code >&2; false; }}"
        )
