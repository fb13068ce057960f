"""A fleet for real: four agents in namespaces of their own, two behind a broken resolver, a real Prometheus and a real Alertmanager."""

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from imdoctor.lab.front import HOST
from tests.fleet.hub import BROKEN, GATEWAY, GOOD

FLEET = Path(__file__).parents[2] / "fleet"
PREFIX = f"imfleet{os.getpid()}"
HUB = f"{PREFIX}-hub"
RESOLVERS = (BROKEN, BROKEN, GOOD, GOOD)
"""Of each host."""
PATIENCE = 90
"""Seconds after which a test gives up waiting for an alert."""
QUIET = 15
"""Seconds in which another alert would come: longer than a scrape, an evaluation and the alert's own wait."""

pytestmark = pytest.mark.needs("root", "netns", "program:prometheus", "program:prometheus-alertmanager")


def ip(*arguments: str) -> None:
    """Run the command ip of iproute2."""
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


def host(number: int) -> str:
    """Return a host's namespace."""
    return f"{PREFIX}-{number}"


def address(number: int) -> str:
    """Return a host's address."""
    return f"43.141.30.{100 + number}"


@contextlib.contextmanager
def network() -> Iterator[None]:
    """Make the hub, whose bridge every host is at, and each host with a resolv.conf of its own."""
    names = [HUB, *(host(number) for number in range(len(RESOLVERS)))]
    try:
        for name in names:
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        ip("-n", HUB, "link", "add", "bridge", "type", "bridge")
        for one in (GATEWAY, GOOD, BROKEN):
            ip("-n", HUB, "addr", "add", f"{one}/24", "dev", "bridge")
        ip("-n", HUB, "link", "set", "bridge", "up")
        for number, resolver in enumerate(RESOLVERS):
            _host(number, resolver)
        yield
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)
            conf = Path("/etc/netns", name, "resolv.conf")
            conf.unlink(missing_ok=True)
            if conf.parent.exists():
                conf.parent.rmdir()


def _host(number: int, resolver: str) -> None:
    ip("-n", HUB, "link", "add", f"h{number}", "type", "veth", "peer", "name", "eth0", "netns", host(number))
    ip("-n", HUB, "link", "set", f"h{number}", "master", "bridge", "up")
    ip("-n", host(number), "addr", "add", f"{address(number)}/24", "dev", "eth0")
    ip("-n", host(number), "link", "set", "eth0", "up")
    conf = Path("/etc/netns", host(number))
    conf.mkdir(parents=True)
    (conf / "resolv.conf").write_text(f"nameserver {resolver}\n")


@contextlib.contextmanager
def running(
    name: str, *command: str, log: Path, environ: dict[str, str] | None = None
) -> Iterator["subprocess.Popen[str]"]:
    """Run a command in a namespace; it is gone afterwards."""
    with log.open("w") as told:
        process = subprocess.Popen(
            ["ip", "netns", "exec", name, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if command[-1] == str(log.parent) else told,
            stderr=told,
            text=True,
            env={**os.environ, **(environ or {})},
        )
        try:
            yield process
        finally:
            process.terminate()
            process.communicate()


def configured(folder: Path) -> None:
    """Write what each program reads: the project's own files, with shorter times and the hosts of this fleet."""
    rules = re.sub(r"for: 2m", "for: 8s", (FLEET / "imdoctor.rules.yml").read_text("utf-8"))
    (folder / "imdoctor.rules.yml").write_text(rules)
    prometheus = yaml.safe_load((FLEET / "prometheus.yml").read_text("utf-8"))
    prometheus["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    (job,) = prometheus["scrape_configs"]
    job["static_configs"] = [{"targets": [f"{address(number)}:9877" for number in range(len(RESOLVERS))]}]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(prometheus))
    alertmanager = yaml.safe_load((FLEET / "alertmanager.yml").read_text("utf-8"))
    alertmanager["route"] |= {"group_wait": "2s", "group_interval": "5s"}
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(alertmanager))
    agent = {
        "version": 1,
        "targets": [{"name": "prod", "endpoint": HOST, "proxy": "none"}],
        "schedule": {"every": "2s", "confirm": 2},
        "checks": {"dns": {"third_party": False}},
    }
    (folder / "imdoctor.yaml").write_text(json.dumps(agent))


@contextlib.contextmanager
def fleet(folder: Path) -> Iterator[None]:
    """Start all of it."""
    configured(folder)
    own = (sys.executable, "-m", "imdoctor", "watch", "--config", str(folder / "imdoctor.yaml"))
    with network(), contextlib.ExitStack() as stack:
        hub = stack.enter_context(
            running(HUB, sys.executable, "-m", "tests.fleet.hub", str(folder), log=folder / "hub.log")
        )
        assert hub.stdout
        assert hub.stdout.readline() == "ready\n"
        for number in range(len(RESOLVERS)):
            state = ("--state", str(folder / f"state{number}"), "--listen", f"{address(number)}:9877")
            environ = {"SSL_CERT_FILE": str(folder / "ca.pem")}
            stack.enter_context(running(host(number), *own, *state, log=folder / f"agent{number}.log", environ=environ))
        prometheus = ("--config.file", str(folder / "prometheus.yml"), "--storage.tsdb.path", str(folder / "tsdb"))
        local = ("--web.listen-address", "127.0.0.1:9090")
        stack.enter_context(running(HUB, "prometheus", *prometheus, *local, log=folder / "prometheus.log"))
        manager = ("--config.file", str(folder / "alertmanager.yml"), "--storage.path", str(folder / "alerts"))
        alone = ("--web.listen-address", "127.0.0.1:9093", "--cluster.listen-address", "")
        stack.enter_context(running(HUB, "prometheus-alertmanager", *manager, *alone, log=folder / "alertmanager.log"))
        yield


def told(folder: Path) -> list[dict[str, Any]]:
    """Return the alerts of every webhook so far."""
    file = folder / "told.jsonl"
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    return [alert for line in lines if line for alert in json.loads(line)["alerts"]]


def test_a_broken_resolver_is_one_alert(tmp_path: Path) -> None:
    """Two of four hosts are behind a broken resolver: one alert comes, with the cause and the resolver in its labels."""
    with fleet(tmp_path):
        ends = time.monotonic() + PATIENCE
        while not told(tmp_path) and time.monotonic() < ends:
            time.sleep(1)
        time.sleep(QUIET)
        alerts = {json.dumps(alert["labels"], sort_keys=True): alert for alert in told(tmp_path)}
    logs = "\n".join(file.read_text("utf-8")[-2000:] for file in sorted(tmp_path.glob("*.log")))
    assert len(alerts) == 1, (list(alerts), logs)
    (alert,) = alerts.values()
    labels = alert["labels"]
    assert (labels["alertname"], labels["resolver"], labels["code"]) == ("ImResolverFails", BROKEN, "dns.servfail")
    assert alert["status"] == "firing"
    assert BROKEN in alert["annotations"]["summary"]
