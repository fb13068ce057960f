"""`imdoctor watch` as a whole process: what it tells and when, how it is reloaded and stopped, what it survives."""

import json
import signal
import sys
import urllib.request
from pathlib import Path

import pytest

from imdoctor.lab.gateway import Answering
from tests.agent.lab import Watched, watched
from tests.agent.process import agent
from tests.agent.test_alerting import webhook
from tests.cli.process import KEY, imdoctor

BROKEN = Answering(error_code=60010)


@pytest.fixture
def lab(tmp_path: Path) -> "object":
    """Hand out a gateway to watch."""
    with watched(tmp_path) as found:
        yield found


def test_an_incident_is_told_once_and_so_is_its_end(lab: Watched) -> None:
    """A fault is told when it is confirmed, with its cause; nothing while it lasts; its end with how long it took."""
    config = lab.configure(lab.signing("prod"), checks={"probe": {"every": "0s"}})
    with agent(lab.folder, "--config", str(config)) as running:
        running.until("started")
        lab.answer(BROKEN)
        opened = running.until("opened")
        assert (opened["target"], opened["cause"], opened["status"]) == ("prod", "probe.error-code", "fail")
        assert opened["level"] == "error"
        lab.answer(Answering())
        over = running.until("recovered")
        assert over["seconds"] > 0
        assert over["runs"] >= 2
        assert running.end() == 143
    assert [kind for kind in running.kinds() if kind in {"opened", "recovered", "worse", "changed"}] == [
        "opened",
        "recovered",
    ]
    assert running.kinds()[-1] == "stopping"
    assert KEY not in json.dumps(running.heard)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_stops_it(lab: Watched, number: signal.Signals, code: int) -> None:
    """A signal ends the agent by the signal's exit code, with the history whole, and standard output empty."""
    with agent(lab.folder, "--config", str(lab.configure(lab.target("prod")))) as running:
        running.until("started")
        assert running.end(number) == code
        assert running.process.stdout
        assert running.process.stdout.read() == ""
    assert (lab.folder / "state/imdoctor/imdoctor.db").exists()


def test_a_stop_cuts_a_round_that_hangs(lab: Watched) -> None:
    """A round that would take long is cut off, and is not taken for a verdict: nothing of it is told."""
    hanging = lab.target("hanging", endpoint=f"127.0.0.1:{lab.silent}", timeout="60s")
    config = lab.configure(hanging, schedule={"confirm": 1})
    with agent(lab.folder, "--config", str(config), "--timeout", "300") as running:
        running.until("started")
        assert running.end() == 143
    assert "opened" not in running.kinds()


def test_a_reload_takes_a_good_configuration_and_refuses_a_bad_one(lab: Watched) -> None:
    """SIGHUP reads the configuration anew: a bad one is refused with its errors and the old one goes on; a good one holds."""
    config = lab.configure(lab.target("prod"))
    good = config.read_text()
    with agent(lab.folder, "--config", str(config)) as running:
        running.until("started")
        config.write_text(good.replace('"every"', '"evry"'))
        running.send(signal.SIGHUP)
        refused = running.until("refused")
        assert "did you mean every?" in refused["event"]
        assert "imdoctor.yaml:" in refused["event"]
        lab.configure(lab.target("prod"), lab.signing("test"), schedule={"confirm": 1})
        running.send(signal.SIGHUP)
        assert running.until("reloaded")["targets"] == 2
        lab.answer(Answering(status=503))
        assert {running.until("opened")["target"], running.until("opened")["target"]} == {"prod", "test"}
        assert running.end() == 143


def test_a_target_that_the_command_line_names_may_not_go(lab: Watched) -> None:
    """A reload that loses a target named by --target is refused like any bad configuration."""
    config = lab.configure(lab.target("prod"), lab.target("test"))
    with agent(lab.folder, "--config", str(config), "--target", "test") as running:
        running.until("started")
        lab.configure(lab.target("prod"))
        running.send(signal.SIGHUP)
        assert "no target 'test'" in running.until("refused")["event"]
        assert running.end() == 143


def test_a_secret_that_goes_is_told_and_the_last_one_serves(lab: Watched) -> None:
    """A key file that vanishes under a running agent is an event; the last credential serves meanwhile."""
    config = lab.configure(lab.signing("prod"), checks={"probe": {"every": "0s"}})
    with agent(lab.folder, "--config", str(config)) as running:
        running.until("started")
        (lab.folder / "key").rename(lab.folder / "moved")
        assert "key" in running.until("credential-unreadable")["event"]
        (lab.folder / "moved").rename(lab.folder / "key")
        lab.answer(BROKEN)
        running.until("opened", cause="probe.error-code")
        (lab.folder / "key").unlink()
        running.until("credential-unreadable")
        lab.answer(Answering())
        running.until("recovered")  # by the last credential: it was sent, and served
        assert running.end() == 143
    assert running.kinds().count("credential-unreadable") == 2


def test_a_slot_that_comes_too_early_is_missed_and_counted(lab: Watched) -> None:
    """A round that takes longer than its period has the next slot left out, and says so."""
    config = lab.configure(lab.target("slow", endpoint=f"127.0.0.1:{lab.silent}", timeout="4s"))
    with agent(lab.folder, "--config", str(config)) as running:
        running.until("started")
        assert running.until("missed")["target"] == "slow"
        assert running.end() == 143


def test_a_box_that_forgets_idle_connections_shows(lab: Watched) -> None:
    """A connection is kept from round to round: where it dies at rest without a word, that is the cause, and the only one."""
    forgetful = lab.target("prod", endpoint=f"127.0.0.1:{lab.forgetful(1.0)}", timeout="3.5s")
    config = lab.configure(forgetful, schedule={"every": "6s", "confirm": 1})
    with agent(lab.folder, "--config", str(config)) as running:
        running.until("started")
        opened = running.until("opened")
        assert (opened["status"], opened["causes"]) == ("warn", "probe.idle-drop")
        assert running.end() == 143


def test_a_command_gets_no_secret(lab: Watched) -> None:
    """The variables that hold secrets stay with the agent."""
    (lab.folder / "tell.py").write_text(
        "import os, pathlib\npathlib.Path('environment').write_text(repr(dict(os.environ)))\n"
    )
    account = {"sdkappid": 1400000000, "identifier": "administrator", "secret_key_env": "IM_KEY"}
    events = {"on_change": [sys.executable, "tell.py"], "heartbeat_env": "IM_BEAT"}
    config = lab.configure(lab.target("prod", **account), events=events, schedule={"confirm": 1})
    lab.answer(BROKEN)
    secrets = {"IM_KEY": KEY, "IM_BEAT": f"http://127.0.0.1:{lab.silent}/very-secret-path", "PLAIN": "seen"}
    with agent(lab.folder, "--config", str(config), environ=secrets) as running:
        running.until("opened")
        assert running.end() == 143
    seen = (lab.folder / "environment").read_text()
    assert "'PLAIN': 'seen'" in seen
    assert KEY not in seen
    assert "very-secret-path" not in seen


def _alert(port: int) -> dict[str, str]:
    return {"IM_ALERT": f"json://127.0.0.1:{port}/im"}


def test_an_alert_reaches_a_service(lab: Watched) -> None:
    """A service by its apprise URL gets one message for one event."""
    config = lab.configure(lab.signing("prod"), events={"alerts_env": ["IM_ALERT"]}, checks={"probe": {"every": "0s"}})
    with webhook() as (port, got), agent(lab.folder, "--config", str(config), environ=_alert(port)) as running:
        running.until("started")
        lab.answer(BROKEN)
        running.until("opened")
        lab.answer(Answering())
        running.until("recovered")
        assert running.end() == 143
    assert [body["title"] for _, body in got] == [
        "imdoctor: prod: opened (probe.error-code)",
        "imdoctor: prod: recovered (probe.error-code)",
    ]


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({}, "has no variable IM_ALERT"),
        ({"IM_ALERT": "nobody://very-secret-token"}, "apprise does not know such a URL"),
    ],
)
def test_an_alert_that_cannot_be_sent_is_a_configuration_error(
    lab: Watched, environ: dict[str, str], told: str
) -> None:
    """A variable that is missing, or holds no service's URL, is told before anything is watched, without what it holds."""
    lab.configure(lab.target("prod"), events={"alerts_env": ["IM_ALERT"]})
    done = imdoctor(lab.folder, "config", "check", "imdoctor.yaml", environ=environ)
    assert done.code == 78
    assert told in done.err
    assert "very-secret-token" not in done.err


TELL = """
import json, os, pathlib, sys
report = json.load(sys.stdin)
about = {name: value for name, value in os.environ.items() if name.startswith("IMDOCTOR_")}
line = json.dumps({"about": about, "status": report["status"], "targets": [one["name"] for one in report["targets"]]})
with pathlib.Path("told.jsonl").open("a") as file:
    file.write(line + "\\n")
"""


def test_a_command_is_told_of_each_change(lab: Watched) -> None:
    """The command gets one call for each change, with the report on its standard input and the facts in its environment."""
    (lab.folder / "tell.py").write_text(TELL)
    events = {"on_change": [sys.executable, str(lab.folder / "tell.py")]}
    config = lab.configure(lab.signing("prod"), lab.target("calm"), events=events, checks={"probe": {"every": "0s"}})
    with agent(lab.folder, "--config", str(config)) as running:
        running.until("started")
        lab.answer(BROKEN)
        running.until("opened", target="prod")
        lab.answer(Answering())
        running.until("recovered", target="prod")
        assert running.end() == 143
    text = (lab.folder / "told.jsonl").read_text()
    opened, recovered = (json.loads(line) for line in text.splitlines())
    assert opened["targets"] == recovered["targets"] == ["prod"]
    assert opened["about"]["IMDOCTOR_EVENT"] == "opened"
    assert opened["about"]["IMDOCTOR_CAUSE"] == "probe.error-code"
    assert (opened["status"], recovered["status"]) == ("fail", "ok")
    assert KEY not in text


def test_without_a_history_it_goes_on(lab: Watched) -> None:
    """A folder that cannot hold a history is told once, and the agent confirms and tells without it."""
    (lab.folder / "state").write_text("a file in the folder's place")
    config = lab.configure(lab.signing("prod"), checks={"probe": {"every": "0s"}})
    with agent(lab.folder, "--config", str(config)) as running:
        running.until("history-lost")
        lab.answer(BROKEN)
        running.until("opened")
        assert running.end() == 143
    assert running.kinds().count("history-lost") == 1


def test_a_restart_remembers(lab: Watched) -> None:
    """An incident that is open when the agent stops is not opened again by the next one, and ends there."""
    config = lab.configure(lab.signing("prod"), checks={"probe": {"every": "0s"}})
    lab.answer(BROKEN)
    with agent(lab.folder, "--config", str(config)) as running:
        running.until("opened")
        assert running.end() == 143
    with agent(lab.folder, "--config", str(config)) as again:
        again.until("started")
        lab.answer(Answering())
        again.until("recovered")
        assert again.end() == 143
    assert "opened" not in again.kinds()


ONCE = [
    pytest.param(Answering(), 0, id="healthy"),
    pytest.param(Answering(status=503), 2, id="a failure"),
]


@pytest.mark.parametrize(("answering", "code"), ONCE)
def test_one_round(lab: Watched, answering: Answering, code: int) -> None:
    """--once makes one round of every target and exits by the worst of them."""
    lab.answer(answering)
    config = lab.configure(lab.target("prod"), lab.target("test"))
    with agent(lab.folder, "--config", str(config), "--once") as running:
        assert running.process.wait(timeout=60) == code


def test_a_configuration_in_the_working_directory_is_not_read_unasked(lab: Watched) -> None:
    """A configuration may name commands: the one of the working directory counts only when it is named."""
    lab.configure(lab.target("prod"), events={"on_change": [""]})
    done = imdoctor(
        lab.folder,
        "watch",
        "127.0.0.1:9",
        "--once",
        "--check",
        "client",
        environ={"STATE_DIRECTORY": str(lab.folder / "s")},
    )
    assert done.code == 3, done.err


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        pytest.param(("--sandbox",), 64, "imdoctor run", id="the sandbox is for run"),
        pytest.param(("--config", "nowhere.yaml"), 78, "does not exist", id="no configuration"),
        pytest.param(("--check", "tpc", "127.0.0.1:9"), 64, "did you mean tcp?", id="no such check"),
    ],
)
def test_bad_usage(tmp_path: Path, arguments: tuple[str, ...], code: int, told: str) -> None:
    """What cannot be watched is refused with a sentence before anything is sent."""
    done = imdoctor(tmp_path, "watch", *arguments)
    assert done.code == code
    assert told in done.err


def test_the_status_page_shows_what_is_and_what_was(lab: Watched) -> None:
    """With --listen the agent shows a page: each target, its cause and remedy, and its past from the history; no secret."""
    config = lab.configure(lab.signing("prod"), lab.target("calm"), checks={"probe": {"every": "0s"}})
    with agent(lab.folder, "--config", str(config), "--listen", "127.0.0.1:0") as running:
        where = running.until("listening")["address"]
        lab.answer(BROKEN)
        running.until("opened", target="prod")
        with urllib.request.urlopen(f"http://{where}/") as answer:
            page = answer.read().decode()
            assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert running.end() == 143
    assert "probe.error-code" in page
    assert "calm" in page
    assert page.count("<svg") >= 2
    assert "<script" not in page
    assert KEY not in page
