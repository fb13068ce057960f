"""The drill: every planted fault is named, first and alone; the same from a saved report; and no secret gets out."""

import asyncio
import subprocess
import sys
from functools import cache

import msgspec
import pytest

from imdoctor import registry, runner
from imdoctor.check import Check
from imdoctor.config.secrets import encodings
from imdoctor.lab.scenarios import HEALTHY, SCENARIOS
from imdoctor.lab.world import Scenario, open_world
from imdoctor.model import Report
from imdoctor_checks.observations import ProbeSeen

NAMES = {scenario.name: scenario for scenario in (HEALTHY, *SCENARIOS)}


@cache
def checks() -> tuple[Check, ...]:
    """Return the installed checks."""
    return registry.load().checks


def examine(scenario: Scenario) -> tuple[Report, set[str]]:
    """Run a scenario; return its report, and every form of its secrets."""
    with open_world(scenario) as job:
        report = asyncio.run(runner.run([job], checks()))
        return report, {form for secret in job.credential.secrets() for form in encodings(secret.reveal())}


@pytest.mark.parametrize("name", NAMES)
def test_the_planted_fault_is_named(name: str) -> None:
    """The diagnosis names the planted causes in their order and nothing else; judged anew from JSON it is the same."""
    report, secrets = examine(NAMES[name])
    (target,) = report.targets
    assert tuple(cause.cause for cause in target.diagnosis) == NAMES[name].expect
    assert "unknown" not in {check.status for check in target.checks}
    saved = msgspec.json.encode(report)
    again = runner.judge(msgspec.json.decode(saved, type=Report), checks())
    assert msgspec.json.decode(msgspec.json.encode(again)) == msgspec.json.decode(saved)
    assert not [form for form in secrets if len(form) >= 12 and form in saved.decode()]
    for cause in target.diagnosis:
        assert cause.because
        assert "?" not in f"{cause.title}{cause.why}", "a datum that the text names is missing"


def test_the_healthy_world_is_healthy() -> None:
    """Nothing is wrong in a world without a fault: status ok, exit code 0, no cause."""
    report, _ = examine(HEALTHY)
    assert (report.status, report.exit_code, report.targets[0].diagnosis) == ("ok", 0, [])


# Of a wrong key nothing can be known here without the right one.
BAD_CREDENTIALS = [
    name
    for name in NAMES
    if name.startswith("usersig.")
    and name not in {"usersig.expiring", "usersig.lifetime", "usersig.rejected", "usersig.wrong-key"}
]


@pytest.mark.parametrize("name", [*BAD_CREDENTIALS, "tls.cert-expired", "tls.cert-untrusted"])
def test_a_bad_credential_is_not_sent(name: str) -> None:
    """A credential judged bad here is never sent, nor any over a connection that did not verify: only GET / is."""
    report, _ = examine(NAMES[name])
    item = next(check for check in report.targets[0].checks if check.name == "probe")
    seen = msgspec.convert(item.observation, ProbeSeen)
    assert {call.call.request for call in seen.calls} == {"GET /"}


def test_names_are_unique_and_expected_codes_exist() -> None:
    """Each scenario has a name of its own, and expects codes that some check declares; each area of the issue has some."""
    declared = {code for check in checks() for code in check.findings}
    assert len(NAMES) == len(SCENARIOS) + 1
    assert {code for scenario in SCENARIOS for code in scenario.expect} <= declared
    areas = {scenario.expect[0].split(".", 1)[0] for scenario in SCENARIOS}
    assert areas >= {"dns", "tcp", "tls", "probe", "usersig", "clock", "proxy"}


@pytest.mark.parametrize(
    "where", [("43.141.10.1", 443), ("10.53.0.1", 53), ("223.5.5.5", 443), ("2402:4e00::", 53), ("127.0.0.1", 22)]
)
def test_the_lab_dials_loopback_only(where: tuple[str, int]) -> None:
    """Whatever is dialled in the lab ends on loopback, what it does not know included."""
    with open_world(HEALTHY) as job:
        address, port = job.machine.dial(*where)
    assert (address, port > 1024) == ("127.0.0.1", True)


def drill(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run `imdoctor drill` as a process."""
    return subprocess.run(
        [sys.executable, "-m", "imdoctor", "drill", *arguments], capture_output=True, text=True, check=False
    )


def test_drill_all() -> None:
    """`imdoctor drill --all` names every planted fault, and exits 0."""
    done = drill("--all")
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("right  ") == len(NAMES)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["tls.cert-expired"], 2), (["healthy"], 0), ([], 0), (["dns.slow", "--fail-on", "warn"], 1)],
)
def test_drill_exits_as_its_run_does(arguments: list[str], code: int) -> None:
    """The exit code of a drill is its run's."""
    assert drill(*arguments).returncode == code


def test_drill_lists_its_scenarios() -> None:
    """The list has each scenario at a line's beginning."""
    done = drill("--list")
    assert [line.split()[0] for line in done.stdout.splitlines() if line[0] != " "] == list(NAMES)


@pytest.mark.parametrize(
    ("arguments", "told"), [(["tls.cert-expird"], "tls.cert-expired"), (["healthy", "--all"], "--all")]
)
def test_drill_usage(arguments: list[str], told: str) -> None:
    """An unknown scenario, or two wishes at once, is a usage error that says what to write."""
    done = drill(*arguments)
    assert done.returncode == 64
    assert told in done.stderr
