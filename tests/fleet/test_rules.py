"""The rules for a fleet: one event gives one alert, and that tells a host from a resolver from the service. By Prometheus' own promtool."""

import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

FLEET = Path(__file__).parents[2] / "fleet"
pytestmark = pytest.mark.needs("program:promtool")

IM, OTHER = "console.tim.qq.com:443", "adminapisgp.im.qcloud.com:443"
ONE, TWO = "10.53.0.1", "10.53.0.2"


def target(
    host: str, resolver: str | None, cause: str | None = None, *, endpoint: str = IM, confirmed: bool = True
) -> list[dict[str, str]]:
    """Return the series of one host's target: it fails by a cause, or is well."""
    who = f'job="imdoctor",instance="{host}",target="{endpoint}"'
    status = "imdoctor_target_confirmed_status" if confirmed else "imdoctor_target_status"
    values = {
        f'imdoctor_target_info{{{who},endpoint="{endpoint}"}}': 1,
        f'{status}{{{who},status="fail"}}': int(cause is not None),
        f'up{{job="imdoctor",instance="{host}"}}': 1,
    }
    if resolver is not None:
        values[f'imdoctor_dns_resolver_info{{{who},server="{resolver}",position="1",kind="private",owner=""}}'] = 1
        values[f'imdoctor_dns_resolver_info{{{who},server="10.53.0.9",position="2",kind="private",owner=""}}'] = 1
    if cause is not None:
        values[f'imdoctor_first_cause{{{who},code="{cause}",severity="fail",confidence="certain",address=""}}'] = 1
    return [{"series": name, "values": f"{value}+0x20"} for name, value in values.items()]


def fleet(*targets: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """Join the series of several; a host is up once."""
    every = [series for one in targets for series in one]
    return list({series["series"]: series for series in every}.values())


SCENES: Mapping[str, tuple[list[dict[str, str]], list[tuple[str, dict[str, str]]]]] = {
    "all is well": (fleet(*(target(f"h{n}", ONE) for n in range(4))), []),
    "one host of four": (
        fleet(target("h0", ONE, "tcp.timeout"), *(target(f"h{n}", ONE) for n in range(1, 4))),
        [("ImHostFails", {"instance": "h0", "resolver": ONE, "code": "tcp.timeout", "endpoint": IM})],
    ),
    "every host behind one resolver of two": (
        fleet(
            target("h0", ONE, "dns.servfail"), target("h1", ONE, "dns.servfail"), target("h2", TWO), target("h3", TWO)
        ),
        [("ImResolverFails", {"resolver": ONE, "code": "dns.servfail"})],
    ),
    "that resolver, two endpoints: one event": (
        fleet(
            *(target(h, ONE, "dns.servfail", endpoint=e) for h in ("h0", "h1") for e in (IM, OTHER)),
            *(target(h, TWO, endpoint=e) for h in ("h2", "h3") for e in (IM, OTHER)),
        ),
        [("ImResolverFails", {"resolver": ONE, "code": "dns.servfail"})],
    ),
    "one of the hosts behind a resolver is well": (
        fleet(target("h0", ONE, "dns.slow"), target("h1", ONE), target("h2", TWO)),
        [("ImHostFails", {"instance": "h0", "resolver": ONE, "code": "dns.slow", "endpoint": IM})],
    ),
    "every host, by two resolvers": (
        fleet(*(target(f"h{n}", (ONE, TWO)[n % 2], "tls.cert-expired") for n in range(4))),
        [("ImServiceFails", {"endpoint": IM, "code": "tls.cert-expired"})],
    ),
    "every host, by one resolver, for a cause that is none of its": (
        fleet(target("h0", ONE, "probe.http-status"), target("h1", ONE, "probe.http-status")),
        [("ImServiceFails", {"endpoint": IM, "code": "probe.http-status"})],
    ),
    "every host, by one resolver, for a cause that is its own": (
        fleet(target("h0", ONE, "dns.server-timeout"), target("h1", ONE, "dns.server-timeout")),
        [("ImResolverFails", {"resolver": ONE, "code": "dns.server-timeout"})],
    ),
    "a fleet of one": (
        fleet(target("h0", ONE, "dns.servfail")),
        [("ImHostFails", {"instance": "h0", "resolver": ONE, "code": "dns.servfail", "endpoint": IM})],
    ),
    "endpoints that are addresses: no resolver is to blame": (
        fleet(target("h0", None, "tcp.refused"), target("h1", None), target("h2", None)),
        [("ImHostFails", {"instance": "h0", "resolver": "none", "code": "tcp.refused", "endpoint": IM})],
    ),
    "runs of their own, which confirm nothing": (
        fleet(target("h0", ONE, "tcp.timeout", confirmed=False), target("h1", ONE, confirmed=False)),
        [("ImHostFails", {"instance": "h0", "resolver": ONE, "code": "tcp.timeout", "endpoint": IM})],
    ),
}
SEVERITY = {"ImHostFails": ("warning", "host"), "ImResolverFails": ("critical", "resolver")}


def sample(name: str, labels: Mapping[str, str]) -> dict[str, Any]:
    """Return an alert as Prometheus keeps it while it fires."""
    severity, scope = SEVERITY.get(name, ("critical", "service"))
    alone = {"job": "imdoctor", "target": labels["endpoint"]} if scope == "host" else {}
    told = {"alertname": name, "alertstate": "firing", "severity": severity, "scope": scope, **labels, **alone}
    return {
        "labels": "ALERTS{" + ", ".join(f'{key}="{value}"' for key, value in sorted(told.items())) + "}",
        "value": 1,
    }


@pytest.mark.parametrize("scene", SCENES)
def test_one_event_gives_one_alert(tmp_path: Path, scene: str) -> None:
    """Each scene has the alerts fire that it should, with the cause and the place in their labels, and no other."""
    series, alerts = SCENES[scene]
    firing = {
        "expr": 'ALERTS{alertstate="firing"}',
        "eval_time": "5m",
        "exp_samples": [sample(name, labels) for name, labels in alerts],
    }
    rules = {
        "rule_files": [str(FLEET / "imdoctor.rules.yml")],
        "evaluation_interval": "30s",
        "group_eval_order": ["imdoctor", "imdoctor alerts"],
        "tests": [{"interval": "30s", "input_series": series, "promql_expr_test": [firing]}],
    }
    (tmp_path / "rules.test.yml").write_text(yaml.safe_dump(rules))
    done = promtool("test", "rules", str(tmp_path / "rules.test.yml"))
    assert done.returncode == 0, done.stdout + done.stderr


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run promtool."""
    return subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("what", [("rules", "imdoctor.rules.yml"), ("config", "prometheus.yml")])
def test_the_files_are_good(what: tuple[str, str]) -> None:
    """Prometheus takes the rules and the configuration."""
    kind, name = what
    done = promtool("check", kind, str(FLEET / name))
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_metric_exists() -> None:
    """The rules ask for no metric that imdoctor does not have."""
    known = set(
        re.findall(r"^\| `(imdoctor_\w+)`", (FLEET.parent / "docs/metrics.md").read_text("utf-8"), re.MULTILINE)
    )
    asked = set(re.findall(r"\bimdoctor_\w+", (FLEET / "imdoctor.rules.yml").read_text("utf-8")))
    assert asked <= known
    assert len(asked) > 5
