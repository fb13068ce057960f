"""The units in a real systemd: what fires, what fails, what is told and to whom, and what is started again."""

import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from imdoctor.im import usersig
from imdoctor.lab.world import KEY
from tests.agent.box import Box, until
from tests.agent.installed import CONFIG, HANGS, REFUSING, SERVICES, Installed, booted

pytestmark = pytest.mark.needs("root", "netns", "program:systemd-analyze")

APP = 1400000000


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    """Boot a box with the lab and a check that hangs when it is asked to."""
    with booted() as made:
        yield made


@pytest.fixture
def installed(box: Box) -> Installed:
    """Return a box in which nothing runs and nothing is remembered."""
    box.run("systemctl", "stop", "imdoctor.timer", "imdoctor.service", "imdoctor-watch.service", check=False)
    box.run("sh", "-c", f"rm -rf {HANGS} /var/lib/private/imdoctor /etc/systemd/system/imdoctor*.d/[23469]0-*.conf")
    box.run("systemctl", "daemon-reload")
    box.run("systemctl", "reset-failed")
    box.run("journalctl", "--sync")
    cursor = box.run("journalctl", "--lines=0", "--show-cursor", "--quiet").stdout.partition("cursor: ")[2].strip()
    return Installed(box, cursor)


VERDICTS = {
    "healthy": (443, 0, "success", "HEALTHY: "),
    "a port that refuses": (REFUSING, 2, "exit-code", "FAILED: "),
    "no port at all": (0, 78, "exit-code", f"{CONFIG}:2:"),
}


@pytest.mark.parametrize("row", VERDICTS)
def test_the_exit_code_decides(installed: Installed, row: str) -> None:
    """The verdict is the unit's: a healthy target leaves it well, one that failed leaves it failed. The report is in the journal."""
    port, code, result, word = VERDICTS[row]
    installed.configure()
    installed.install("--timer")
    installed.configure(port=port)
    assert installed.start("imdoctor.service") == code, installed.told()
    assert installed.box.show("imdoctor.service", "Result") == result
    said = installed.said("imdoctor.service")
    assert any(word in line for line in said), said


def test_the_sandbox_takes_nothing_away(installed: Installed) -> None:
    """Within the sandbox every check can look as it does outside: none is unknown, and nothing is warned of."""
    installed.configure()
    installed.install("--timer")
    installed.start("imdoctor.service")
    said = installed.said("imdoctor.service")
    assert not [line for line in said if line.startswith(("UNKNOWN", "blocked", "{", "imdoctor:"))], said
    command = (sys.executable, "-m", "imdoctor", "run", "--config", CONFIG, "--no-third-party")
    outside = installed.box.run("env", "PYTHONPATH=/etc/plugin", *command).stdout
    assert _statuses(said) == _statuses(outside.splitlines())


def _statuses(lines: list[str]) -> list[tuple[str, ...]]:
    """Return each check's status and name, of a report's lines."""
    return [
        tuple(line.split()[:2]) for line in lines if line.startswith(("ok ", "warn ", "FAIL ", "skipped ", "UNKNOWN "))
    ]


NAMED = {"beside the configuration": "usersig", "in a folder": "secrets/usersig", "anywhere": "/srv/secrets/usersig"}


@pytest.mark.parametrize("row", NAMED)
def test_the_credential_arrives(installed: Installed, row: str) -> None:
    """A secret that root alone may read reaches the run, however the configuration names it."""
    named = NAMED[row]
    text = usersig.make(key=KEY, sdkappid=APP, identifier="administrator", time=int(time.time()), expire=30 * 86400)
    path = str(Path(CONFIG).parent / named)
    installed.box.write(path, text)
    installed.box.run("chmod", "-R", "go=", path if named == "usersig" else str(Path(path).parent))
    installed.configure(more=f", sdkappid: {APP}, identifier: administrator, usersig_file: '{named}'")
    installed.install("--timer")
    assert installed.start("imdoctor.service") == 0, installed.told()
    said = installed.said("imdoctor.service")
    assert ("ok", "usersig") in _statuses(said), said
    assert not [line for line in said if "chmod" in line]
    assert text not in "".join(said)


def test_a_credential_that_is_gone_fails_the_unit(installed: Installed) -> None:
    """A unit does not start without its credential: 243 is how systemd says so."""
    installed.configure(more=f", sdkappid: {APP}, identifier: administrator, usersig_file: gone")
    installed.install("--timer")
    assert installed.start("imdoctor.service") == 243


def test_the_timer_fires(installed: Installed) -> None:
    """The timer starts a run in each period of the configuration."""
    installed.configure(every="2s")
    installed.install("--timer")
    installed.box.run("systemctl", "start", "imdoctor.timer")
    until(lambda: installed.ended_well("imdoctor.service") >= 3, installed.told)
    installed.box.run("systemctl", "stop", "imdoctor.timer")


def test_on_failure_speaks_once(installed: Installed) -> None:
    """Three runs fail and one incident is told, with the journal's fields; the fourth has nothing new to tell."""
    installed.configure(port=REFUSING)
    installed.install("--timer")
    alert = "imdoctor-alert@imdoctor.service.service"

    def asked(times: int) -> bool:
        return installed.ended_well(alert) == times

    for failed in range(1, 5):
        assert installed.start("imdoctor.service") == 2
        until(partial(asked, failed), installed.told)
    told = [entry for entry in installed.journal(_SYSTEMD_UNIT=alert) if "IMDOCTOR_EVENT" in entry]
    assert len(told) == 1, told
    assert told[0]["PRIORITY"] == "3"
    assert told[0]["IMDOCTOR_TARGET"] == "prod"
    assert told[0]["IMDOCTOR_CAUSE"] == "tcp.refused"
    assert told[0]["IMDOCTOR_STATUS"] == "fail"
    assert told[0]["IMDOCTOR_UNIT"] == "imdoctor.service"
    assert told[0]["MESSAGE"].startswith("prod: FAILED since ")


def test_it_goes_as_it_came(installed: Installed) -> None:
    """What is enabled is not taken away; once it is disabled, nothing of it is left but what was remembered."""
    installed.configure()
    installed.install("--timer")
    installed.box.run("systemctl", "enable", "--now", "imdoctor.timer")
    uninstall = (sys.executable, "-m", "imdoctor", "systemd", "uninstall")
    refused = installed.box.run(*uninstall, check=False)
    assert (refused.returncode, installed.box.show("imdoctor.timer", "ActiveState")) == (74, "active")
    asked = refused.stderr.partition("`")[2].partition("`")[0]
    installed.box.run(*asked.split())
    installed.box.run(*uninstall)
    installed.box.run("systemctl", "daemon-reload")
    assert installed.box.show("imdoctor.timer", "LoadState") == "not-found"
    left = installed.box.run("find", "/etc/systemd/system", "-path", "*imdoctor*", "-not", "-type", "d").stdout
    assert [Path(line).name for line in left.splitlines()] == ["50-box.conf"] * len(SERVICES)


WATCH = "imdoctor-watch.service"


def test_the_agent_is_ready_and_says_how_its_targets_are(installed: Installed) -> None:
    """The start is done when the agent says so; its status is the verdict."""
    installed.configure(every="1s")
    installed.install("--watch")
    installed.start(WATCH)
    assert installed.box.show(WATCH, "ActiveState") == "active", installed.told()
    until(lambda: "1 of 1 target healthy" in installed.box.show(WATCH, "StatusText"), installed.told)


def test_the_agents_events_have_fields(installed: Installed) -> None:
    """A confirmed failure is one entry of the journal, with its cause."""
    installed.configure(port=REFUSING, every="1s")
    installed.install("--watch")
    installed.start(WATCH)

    def opened_events() -> list[dict[str, str]]:
        return installed.journal(_SYSTEMD_UNIT=WATCH, IMDOCTOR_EVENT="opened")

    until(lambda: bool(opened_events()), installed.told)
    event = opened_events()[0]
    fields = ("PRIORITY", "SYSLOG_IDENTIFIER", "IMDOCTOR_TARGET", "IMDOCTOR_CAUSE", "IMDOCTOR_STATUS")
    assert [event[name] for name in fields] == ["3", "imdoctor", "prod", "tcp.refused", "fail"]


def test_a_stop_is_clean_and_quick(installed: Installed) -> None:
    """Told to stop, the agent ends by itself within five seconds, by 143, which is no failure."""
    installed.configure(every="1s")
    installed.install("--watch")
    noted = 'ExecStopPost=/bin/sh -c "echo $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS"'
    installed.setting(WATCH, "Service", "TimeoutStopSec=5", noted)
    installed.start(WATCH)
    installed.box.run("systemctl", "stop", WATCH)
    assert "success exited 143" in installed.said(WATCH), installed.told()
    assert installed.box.show(WATCH, "ActiveState") == "inactive"


def test_a_good_configuration_is_taken_up(installed: Installed) -> None:
    """After a reload the agent goes by the new file, as the same process."""
    installed.configure(every="1s")
    installed.install("--watch")
    installed.start(WATCH)
    process = installed.box.show(WATCH, "MainPID")
    installed.configure(port=REFUSING, every="1s")
    installed.box.run("systemctl", "reload", WATCH)
    until(lambda: "FAILED" in installed.box.show(WATCH, "StatusText"), installed.told)
    assert installed.box.show(WATCH, "MainPID") == process


def test_a_bad_configuration_is_refused_and_the_old_one_goes_on(installed: Installed) -> None:
    """A reload with an error in the file names its place, and changes nothing."""
    installed.configure(every="1s")
    installed.install("--watch")
    installed.start(WATCH)
    process = installed.box.show(WATCH, "MainPID")
    installed.box.write(CONFIG, "versoin: 1\n")
    installed.box.run("systemctl", "reload", WATCH)
    until(lambda: any(f"{CONFIG}:1:1" in line for line in installed.said(WATCH)), installed.told)
    until(lambda: "1 of 1 target healthy" in installed.box.show(WATCH, "StatusText"), installed.told)
    assert (installed.box.show(WATCH, "ActiveState"), installed.box.show(WATCH, "MainPID")) == ("active", process)


def test_a_bad_configuration_at_the_start_is_final(installed: Installed) -> None:
    """The agent is not started again and again over a file that nobody has mended."""
    installed.configure()
    installed.install("--watch")
    installed.setting(WATCH, "Service", "RestartSec=0")
    installed.box.write(CONFIG, "versoin: 1\n")
    assert installed.start(WATCH) == 78
    shown = [installed.box.show(WATCH, name) for name in ("ActiveState", "NRestarts")]
    assert shown == ["failed", "0"], installed.told()


def test_the_watchdog_starts_a_hung_agent_anew(installed: Installed) -> None:
    """An agent whose loop stands still gives no sign of life: it is ended and started again, and works."""
    installed.configure(every="1s")
    installed.install("--watch")
    installed.setting(WATCH, "Service", "WatchdogSec=4", "RestartSec=0")
    installed.start(WATCH)
    process = installed.box.show(WATCH, "MainPID")
    installed.box.run("touch", HANGS)
    until(lambda: installed.box.show(WATCH, "NRestarts") != "0", installed.told)
    installed.box.run("rm", HANGS)
    until(lambda: installed.box.show(WATCH, "ActiveState") == "active", installed.told)
    assert "Watchdog timeout" in installed.told()
    assert installed.box.show(WATCH, "MainPID") not in {"0", process}


def test_a_living_agent_keeps_the_watchdog_quiet(installed: Installed) -> None:
    """An agent that works gives its signs of life in time."""
    installed.configure(every="1s")
    installed.install("--watch")
    installed.setting(WATCH, "Service", "WatchdogSec=4")
    installed.start(WATCH)

    def rounds() -> int:
        count = installed.box.show(WATCH, "WatchdogTimestampMonotonic")
        return int(count)

    first = rounds()
    until(lambda: rounds() > first, installed.told)
    second = rounds()
    until(lambda: rounds() > second, installed.told)
    assert installed.box.show(WATCH, "NRestarts") == "0"
