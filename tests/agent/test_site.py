"""What the listener answers: each path, without a secret, and all of it by a real agent."""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from imdoctor.agent.events import Event
from imdoctor.agent.now import AgentNow
from imdoctor.agent.shown import Shown
from imdoctor.agent.site import Site
from imdoctor.agent.talk import Answer, Asked
from imdoctor.render.json import schema
from tests.agent.knowing import FAILED_NOW, HEALTHY_NOW, LEAKING_NOW, MASK, SECRET, STARTED, UNSEEN_NOW, agent, target
from tests.agent.lab import watched
from tests.agent.process import agent as running_agent
from tests.cli.process import here
from tests.render.test_prometheus import samples_of_openmetrics, series, values

ALL = agent(HEALTHY_NOW, FAILED_NOW, UNSEEN_NOW)
TAKES_BOTH = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"


def site(now: AgentNow, page: Callable[[AgentNow], bytes] | None = None, heard: list[Event] | None = None) -> Site:
    """Return what answers for an agent."""
    told: list[Event] = [] if heard is None else heard
    return Site(Shown(lambda: now, lambda: MASK), say=told.append, page=page)


def answer(now: AgentNow, path: str, accept: str = "") -> Answer:
    """Return what is answered to a path."""
    return asyncio.run(site(now, lambda known: repr(known).encode()).answer(Asked(path=path, accept=accept)))


def test_metrics_are_in_the_old_format() -> None:
    """Who says nothing of formats gets the one that everybody reads."""
    told = answer(ALL, "/metrics")
    assert (told.status, told.kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert values(told.body.decode(), "imdoctor_runs_total", target="test") == [3]


def test_metrics_are_in_openmetrics_for_who_takes_it() -> None:
    """As Prometheus asks, it gets OpenMetrics, with the same figures."""
    told = answer(ALL, "/metrics", TAKES_BOTH)
    assert told.kind == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert dict(samples_of_openmetrics(told.body.decode())) == series(answer(ALL, "/metrics").body.decode())


HEALTH = {
    "alive": ("/healthz", {"alive": True}, 200),
    "hanging": ("/healthz", {"alive": False}, 503),
    "ready": ("/-/ready", {"ready": True}, 200),
    "not ready": ("/-/ready", {"ready": False}, 503),
    "ready, hanging": ("/-/ready", {"ready": True, "alive": False}, 200),
    "alive, not ready": ("/healthz", {"ready": False}, 200),
}


@pytest.mark.parametrize("name", HEALTH)
def test_health_is_a_status(name: str) -> None:
    """Whether the agent lives, and whether it is ready, are two questions with a status each."""
    path, told, status = HEALTH[name]
    assert answer(agent(**told), path).status == status


def test_the_report_is_one_of_all_targets() -> None:
    """The last runs are joined to one report, by the contract's schema, with the status and exit code of the worst."""
    told = answer(ALL, "/api/v1/report")
    report = json.loads(told.body)
    Draft202012Validator(schema()).validate(report)
    assert told.kind == "application/json"
    assert [one["name"] for one in report["targets"]] == ["prod", "test"]
    assert (report["status"], report["exit_code"]) == ("fail", 2)


def test_the_report_spans_its_runs() -> None:
    """It begins with the oldest run in it, and lasts until the end of the newest."""
    assert HEALTHY_NOW.report
    later = replace(HEALTHY_NOW.report, started_at="2026-03-01T12:01:00.000Z", duration_seconds=2.0)
    report = json.loads(answer(agent(HEALTHY_NOW, target("late", later)), "/api/v1/report").body)
    assert (report["started_at"], report["duration_seconds"]) == ("2026-03-01T12:00:00.000Z", 62.0)


def test_before_the_first_run_nothing_is_known() -> None:
    """An agent that has examined nothing yet does not call itself healthy."""
    report = json.loads(answer(agent(UNSEEN_NOW), "/api/v1/report").body)
    assert (report["status"], report["exit_code"], report["targets"]) == ("unknown", 3, [])
    assert report["started_at"].startswith("2026-03-01T")
    assert STARTED > 0


def test_the_page_is_of_what_may_be_shown() -> None:
    """The page is made of the agent as it is now."""
    told = answer(ALL, "/")
    assert told.kind == "text/html; charset=utf-8"
    assert b"tls.cert-expired" in told.body


def test_without_a_page_there_is_none() -> None:
    """Without a page the root is 404, and says what there is."""
    told = asyncio.run(site(ALL).answer(Asked(path="/")))
    assert (told.status, b"/metrics" in told.body) == (404, True)


@pytest.mark.parametrize("path", ["/none", "/metrics/", "/../etc/passwd", "//metrics", "/METRICS"])
def test_other_paths_are_404(path: str) -> None:
    """What is not there is 404."""
    assert answer(ALL, path).status == 404


@pytest.mark.parametrize("path", Site.ROUTES)
def test_no_secret_is_answered(path: str) -> None:
    """A secret that a server repeats stands in no answer, in no format."""
    for accept in ("", TAKES_BOTH):
        told = answer(agent(LEAKING_NOW), path, accept)
        assert SECRET.encode() not in told.body
    assert b"***" in answer(agent(LEAKING_NOW), "/api/v1/report").body


def test_a_new_run_is_masked_too() -> None:
    """What was masked before serves again for the same run only."""
    now = [agent(HEALTHY_NOW)]
    shown = Shown(lambda: now[0], lambda: MASK)

    async def twice() -> tuple[AgentNow, AgentNow]:
        before = await shown.all()
        now[0] = agent(replace(LEAKING_NOW, name="prod"))
        return before, await shown.all()

    before, after = asyncio.run(twice())
    assert before.targets[0].report == HEALTHY_NOW.report
    assert SECRET not in repr(after)


def test_a_defect_is_told_and_answered() -> None:
    """A page that cannot be made answers 500 without details; the log has them."""

    def broken(known: AgentNow) -> bytes:
        raise LookupError(f"no such thing in {len(known.targets)}")

    heard: list[Event] = []
    told = asyncio.run(site(ALL, broken, heard).answer(Asked(path="/")))
    assert (told.status, b"no such thing" in told.body) == (500, False)
    assert [(event.name, "no such thing in 3" in event.message) for event in heard] == [("defect", True)]


def test_a_whole_agent_is_asked(tmp_path: Path) -> None:
    """`imdoctor watch --listen` serves what its rounds find out, tells where, and ends as without."""
    with watched(tmp_path) as lab:
        config = lab.configure(lab.signing("prod"))
        with running_agent(lab.folder, "--config", str(config), "--listen", "127.0.0.1:0") as running:
            where = running.until("listening")["address"]
            while fetched(where, "/-/ready")[0] != 200:
                pass
            text = fetched(where, "/metrics")[1]
            assert values(text, "imdoctor_target_status", target="prod", status="ok") == [1]
            assert values(text, "imdoctor_usersig_expires_timestamp_seconds", target="prod")
            assert json.loads(fetched(where, "/api/v1/report")[1])["targets"][0]["name"] == "prod"
            assert fetched(where, "/healthz")[0] == 200
            assert "prod" in fetched(where, "/")[1]
            assert running.end() == 143


def fetched(where: str, path: str) -> tuple[int, str]:
    """Return the status and body of an answer."""
    try:
        with urllib.request.urlopen(f"http://{where}{path}") as told:
            return told.status, told.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_a_port_that_is_taken_is_a_matter_of_configuration(tmp_path: Path) -> None:
    """An agent that cannot listen where it should says so, and does not begin: exit 78, which systemd does not start again."""
    with watched(tmp_path) as lab:
        config = lab.configure(lab.target("prod"))
        with running_agent(lab.folder, "--config", str(config), "--listen", f"127.0.0.1:{lab.port}") as running:
            assert running.process.wait(60) == 78
            told = running.until(None)["event"]  # type: ignore[arg-type]  # a line that is no event
            assert f"--listen: cannot listen on 127.0.0.1:{lab.port}: another process does" in told


USAGE = {
    "no address": (("--listen", "web-1:9877"), "is no address of this machine"),
    "with --once": (("--listen", "0", "--once"), "leave one of them out"),
}


@pytest.mark.parametrize("name", USAGE)
def test_wrong_usage_is_told(tmp_path: Path, name: str) -> None:
    """What the option cannot mean is a usage error."""
    arguments, message = USAGE[name]
    done = here(tmp_path, "watch", "127.0.0.1", *arguments)
    assert (done.code, message in done.err) == (64, True), done.err
