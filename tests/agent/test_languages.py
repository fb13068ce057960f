"""One agent, several languages: what is said of a target is in the target's own, what the agent says of itself in the agent's."""

import contextlib
import json
import re
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from imdoctor.agent.board import Board
from imdoctor.agent.history import History
from imdoctor.agent.recollection import keep_language, kept_language
from imdoctor.agent.record import RunRecord
from imdoctor.agent.state import State
from imdoctor.check import Settings
from imdoctor.config.model import Endpoint
from imdoctor.lab.gateway import Answering
from imdoctor.memory import Memory
from imdoctor.runner import Job
from imdoctor.speech import LANGUAGES, Language, shared, speaking
from tests.agent.knowing import alone
from tests.agent.lab import Watched, watched
from tests.agent.process import agent
from tests.agent.test_alerting import webhook
from tests.agent.test_heartbeat import Answers
from tests.cli.process import CHINA, imdoctor
from tests.render.reports import HEALTHY

BROKEN = Answering(error_code=60010)
HAN = re.compile("[\u4e00-\u9fff]")
TELL = """
import json, os, pathlib, sys
with pathlib.Path("told.jsonl").open("a") as file:
    file.write(json.dumps({"report": sys.stdin.read(), "about": dict(os.environ)}) + "\\n")
"""


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Watched]:
    """Hand out a gateway to watch, which answers with an error."""
    with watched(tmp_path) as found:
        found.answer(BROKEN)
        yield found


def told(folder: Path) -> dict[str, dict[str, str]]:
    """Return what the command was told of each target: its environment, and the report as "report"."""
    lines = [json.loads(line) for line in (folder / "told.jsonl").read_text().splitlines()]
    return {line["about"]["IMDOCTOR_TARGET"]: {**line["about"], "report": line["report"]} for line in lines}


def test_each_target_in_its_own_language(lab: Watched) -> None:
    """Of two targets in one agent each has its alert, its command and its log in its own language; JSON and codes are English."""
    (lab.folder / "tell.py").write_text(TELL)
    events = {"on_change": [sys.executable, "tell.py"], "alerts_env": ["IM_ALERT"]}
    targets = (lab.signing("china", lang="zh"), lab.signing("world", lang="en"))
    config = lab.configure(*targets, events=events, schedule={"confirm": 1})
    with (
        webhook() as (port, got),
        agent(lab.folder, "--config", str(config), environ={"IM_ALERT": f"json://127.0.0.1:{port}/im"}) as running,
    ):
        logged = {event["target"]: event for event in (running.until("opened"), running.until("opened"))}
        assert running.end() == 143
    alerts = {body["title"]: body["message"] for _, body in got}
    commands = told(lab.folder)
    assert alerts == {
        "imdoctor：china：故障发生（probe.error-code）": logged["china"]["event"],
        "imdoctor: world: opened (probe.error-code)": logged["world"]["event"],
    }
    assert re.fullmatch(
        r"china：异常，始于 [\d:]+Z（1 次运行）：.+（probe.error-code）。处理建议：.+。检测主机：.+。",
        logged["china"]["event"],
    )
    assert re.fullmatch(r"world: FAILED since [\d:]+Z \(1 run\): .+ First: .+ Seen from .+\.", logged["world"]["event"])
    for name, language in (("china", "zh"), ("world", "en")):
        assert (commands[name]["IMDOCTOR_MESSAGE"], commands[name]["IMDOCTOR_LANG"]) == (
            logged[name]["event"],
            language,
        )
        assert json.loads(commands[name]["report"])["targets"][0]["name"] == name
        assert HAN.search(commands[name]["report"]) is None
    assert {key: logged["china"][key] for key in ("kind", "cause", "status", "level")} == {
        key: logged["world"][key] for key in ("kind", "cause", "status", "level")
    }


AGENTS: dict[str, tuple[tuple[str, ...], dict[str, str], Language]] = {
    "an option": (("--lang", "zh"), {}, "zh"),
    "the unit's locale": ((), CHINA, "zh"),
    "the option before it": (("--lang", "en"), CHINA, "en"),
}


@pytest.mark.parametrize("row", AGENTS)
def test_without_a_word_the_agents_language(lab: Watched, row: str) -> None:
    """A target without a language is told of in the agent's, and so is the agent itself; another target keeps its own."""
    options, environ, language = AGENTS[row]
    other = {"zh": "en", "en": "zh"}[language]
    (lab.folder / "state").write_text("a file in the folder's place")
    config = lab.configure(lab.signing("own", lang=other), lab.signing("none"), schedule={"confirm": 1})
    with agent(lab.folder, "--config", str(config), *options, environ=environ) as running:
        of_itself = [running.until("history-lost")["event"], running.until("started")["event"]]
        opened = {event["target"]: event["event"] for event in (running.until("opened"), running.until("opened"))}
        assert running.end() == 143
    of_itself.append(running.heard[-1]["event"])
    chinese = [HAN.search(text) is not None for text in (*of_itself, opened["none"], opened["own"])]
    assert chinese == [language == "zh"] * 4 + [other == "zh"]


def test_a_reload_changes_the_language(lab: Watched) -> None:
    """A new language counts from the next message on, and the unit that alerts learns it from the agent's history."""
    lab.answer(Answering())
    probing = {"probe": {"every": "0s"}}
    config = lab.configure(lab.signing("prod"), checks=probing)
    with agent(lab.folder, "--config", str(config)) as running:
        running.until("started")
        lab.configure(lab.signing("prod"), defaults={"lang": "zh"}, checks=probing)
        running.send(signal.SIGHUP)
        running.until("reloaded")
        lab.answer(BROKEN)
        assert running.until("opened")["event"].startswith("prod：异常，始于 ")
        assert running.end() == 143
    alert = imdoctor(lab.folder, "systemd", "alert", "--state", "state/imdoctor", "imdoctor-watch.service")
    assert json.loads(alert.err)["event"].startswith("prod：异常，始于 ")


def test_the_heartbeat(lab: Watched) -> None:
    """The body of a heartbeat is in the language that the targets share."""
    hears = Answers("200 OK")
    beat = {"heartbeat": f"http://127.0.0.1:{lab.lab.serve(hears)}/ping"}
    config = lab.configure(lab.signing("prod"), defaults={"lang": "zh"}, events=beat, schedule={"confirm": 1})
    assert imdoctor(lab.folder, "run", "--config", str(config), "--state", "state").code == 2
    (request,) = hears.requests
    head, _, body = request.decode().partition("\r\n\r\n")
    assert head.startswith("POST /ping/fail ")
    assert body.startswith("异常：1 个目标中 0 个正常；prod 异常（")


def test_runs_of_their_own(lab: Watched) -> None:
    """`run --state` tells of a target in its language, and prints its report in the reader's; so does the unit that alerts."""
    config = lab.configure(lab.signing("prod", lang="zh"), schedule={"confirm": 1})
    done = imdoctor(lab.folder, "run", "--config", str(config), "--state", "state")
    assert json.loads(done.err)["event"].startswith("prod：异常，始于 ")
    assert done.out.startswith("FAILED: ")
    alert = imdoctor(lab.folder, "systemd", "alert", "--state", "state", "imdoctor.service")
    assert json.loads(alert.err)["event"].startswith("prod：异常，始于 ")


def remembered(folder: Path, memory: Memory) -> History:
    """Return a folder's history, with what is new in a memory."""
    history = History.open(folder, keep=86400.0, size=2**24, wall=time.time)
    for key in memory.changed:
        history.keep(*key, memory.entries[key].at, memory.entries[key].value)
    return history


def test_a_language_is_kept_beside_the_runs(tmp_path: Path) -> None:
    """Whoever knows the history alone learns a target's language from it, and no longer once its configuration names none."""
    memory = Memory(lasting=True)
    keep_language(memory, "world", None)
    assert memory.changed == set()
    kept: list[Language | None] = []
    for language in ("zh", None):
        keep_language(memory, "prod", language)
        with contextlib.closing(remembered(tmp_path, memory)) as history:
            kept += [kept_language(history, "prod"), kept_language(history, "world")]
    assert kept == ["zh", None, None, None]


def test_a_language_of_another_release_is_none(tmp_path: Path) -> None:
    """What is kept in a form that this release does not know is told in the language spoken."""
    with contextlib.closing(remembered(tmp_path, Memory())) as history:
        for value in (msgspec.msgpack.encode({"language": "fr"}), b"\xc1"):
            history.keep("prod", "language", 0.0, value)
            assert kept_language(history, "prod") is None


SHARED: dict[str, tuple[Sequence[Language | None], Language, Language]] = {
    "all Chinese": (("zh", "zh"), "en", "zh"),
    "all English": (("en", "en"), "zh", "en"),
    "one of each, by an English agent": (("zh", "en"), "en", "en"),
    "one of each, by a Chinese one": (("zh", "en"), "zh", "zh"),
    "one says nothing, which is English": (("zh", None), "en", "en"),
    "one says nothing, which is Chinese": (("zh", None), "zh", "zh"),
    "nobody says anything": ((None, None), "zh", "zh"),
    "nobody is there": ((), "zh", "zh"),
}


@pytest.mark.parametrize("row", SHARED)
def test_what_targets_share(row: str) -> None:
    """All targets' language is spoken of them all, and the agent's where they differ."""
    languages, agents, expected = SHARED[row]
    with speaking(agents):
        assert shared(languages) == expected


def test_the_verdict_over_all() -> None:
    """A board tells of its targets in the language that they share; one that is gone counts no more."""
    board = Board()
    for language in LANGUAGES:
        note(board, language, language)
    assert board.verdict("").message == "HEALTHY: 2 of 2 targets healthy."
    board.keep(["zh"])
    assert board.verdict("").message == "正常：1 个目标中 1 个正常。"


def note(board: Board, name: str, language: Language | None) -> None:
    """Note a round in which all was well."""
    job = Job(name=name, settings=Settings(endpoint=Endpoint("im.example.com")), language=language)
    run = RunRecord(target=name, at=0.0, seconds=0.1, status="ok")
    board.note(job, alone(HEALTHY, name), run, State(status="ok"))
