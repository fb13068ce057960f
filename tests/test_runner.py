"""The runner: checks side by side under one deadline, their failures contained, the report made of all."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import ClassVar

import msgspec
import pytest

from imdoctor.check import Check, Settings, Spec
from imdoctor.config.model import Endpoint
from imdoctor.model import CheckReport, Report
from imdoctor.runner import STOPPED, Job, Progress, judge, run
from tests.examples import Follower, Misbehaving, Number

JOB = Job(name="prod", settings=Settings(endpoint=Endpoint("im.example.com")))


def examine(*checks: Check, timeout: float = 10.0, retries: int = 0, progress: Progress | None = None) -> Report:
    """Run checks on one job."""
    told = progress or Progress()
    return asyncio.run(run([JOB], checks, timeout=timeout, retries=retries, retry_wait=0.0, progress=told))


def statuses(report: Report) -> dict[str, str]:
    """Return each check's status."""
    return {item.name: item.status for item in report.targets[0].checks}


@pytest.mark.parametrize(
    ("checks", "status", "code", "expected"),
    [
        pytest.param([Number(1)], "ok", 0, {"number": "ok"}, id="healthy"),
        pytest.param([Number(10)], "warn", 0, {"number": "warn"}, id="a warning"),
        pytest.param([Number(100)], "fail", 2, {"number": "fail"}, id="a failure"),
        pytest.param([], "unknown", 3, {}, id="nothing checked is not healthy"),
        pytest.param([Misbehaving("skip")], "unknown", 3, {"misbehaving": "skipped"}, id="all skipped is not healthy"),
        pytest.param(
            [Misbehaving("skip"), Number(1)],
            "ok",
            0,
            {"misbehaving": "skipped", "number": "ok"},
            id="skipped decides nothing",
        ),
        pytest.param(
            [Misbehaving("unknown"), Number(10)],
            "unknown",
            3,
            {"misbehaving": "unknown", "number": "warn"},
            id="unknown beats warn",
        ),
        pytest.param(
            [Misbehaving("unknown"), Number(100)],
            "fail",
            2,
            {"misbehaving": "unknown", "number": "fail"},
            id="fail beats unknown",
        ),
        pytest.param(
            [Follower(), Number(100)], "fail", 2, {"follower": "blocked", "number": "fail"}, id="blocked by a failure"
        ),
        pytest.param([Follower()], "unknown", 3, {"follower": "blocked"}, id="blocked and nothing failed is unknown"),
    ],
)
def test_status_and_exit_code(checks: Sequence[Check], status: str, code: int, expected: dict[str, str]) -> None:
    """The status is the worst of the checks, and the exit code follows from it alone."""
    report = examine(*checks)
    assert (report.status, report.exit_code, statuses(report)) == (status, code, expected)


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("crash", "KeyError while observing ('lost')"),
        ("foreign", "returned a dict"),
        ("crash-judging", "ZeroDivisionError while judging"),
        ("undeclared", "misbehaving.secretly"),
        ("of-no-kind", "judge yields str"),
    ],
)
def test_a_broken_check_is_unknown_and_says_so(how: str, told: str) -> None:
    """A check that crashes is unknown, says what happened, and takes no other check down."""
    report = examine(Misbehaving(how), Number(1))
    broken = report.targets[0].checks[0]
    assert statuses(report) == {"misbehaving": "unknown", "number": "ok"}
    assert told in broken.summary
    assert "not in the target" in broken.summary


def test_a_check_awaits_another_whatever_their_order() -> None:
    """A check sees what another one observed, in whichever order they are listed; judgement sees all observations."""
    report = examine(Follower(), Number(7))
    assert report.targets[0].checks[0].summary == "7 of ['follower', 'number']"


def test_the_deadline_ends_a_hanging_check() -> None:
    """What is not done in time is unknown; the rest is reported."""
    report = examine(Misbehaving("hang"), Number(1), timeout=0.2)
    assert statuses(report) == {"misbehaving": "unknown", "number": "ok"}
    assert "--timeout" in report.targets[0].checks[0].summary


def test_a_stopped_run_reports_what_was_found() -> None:
    """Cancelling the run gives the report of what was seen so far."""

    async def stopped() -> Report:
        task = asyncio.create_task(run([JOB, JOB], [Misbehaving("hang"), Follower(), Number(100, 100)]))
        await asyncio.sleep(0.1)
        task.cancel()
        return await task

    report = asyncio.run(stopped())
    assert [target.status for target in report.targets] == ["fail", "fail"]
    assert report.targets[0].checks[0].summary == STOPPED


@pytest.mark.parametrize(
    ("numbers", "retries", "status", "attempts"),
    [
        pytest.param([100, 1], 1, "ok", ["fail"], id="well the second time"),
        pytest.param([100, 100, 10], 5, "warn", ["fail", "fail"], id="ends when it no longer fails"),
        pytest.param([100, 100], 1, "fail", ["fail"], id="no more than told"),
        pytest.param([1000, 1], 3, "fail", [], id="what is final is not tried again"),
        pytest.param([10, 1], 3, "warn", [], id="a warning is not tried again"),
    ],
)
def test_retries_keep_every_attempt(numbers: list[int], retries: int, status: str, attempts: list[str]) -> None:
    """A target that fails is examined again, and every earlier attempt stands in the report."""
    report = examine(Number(*numbers), retries=retries)
    check = report.targets[0].checks[0]
    assert (check.status, [attempt.status for attempt in check.attempts]) == (status, attempts)
    assert all(attempt.findings[0].code == "number.too-high" for attempt in check.attempts)


def test_no_try_is_begun_that_cannot_end() -> None:
    """Where the wait is longer than the time that is left, the first verdict stands at once."""
    report = asyncio.run(run([JOB], [Number(100, 1)], timeout=10.0, retries=3, retry_wait=3600.0))
    check = report.targets[0].checks[0]
    assert (check.status, check.attempts) == ("fail", [])


class Stopper(Progress):
    """Cancels a task as soon as a target waits for its next try."""

    task: "asyncio.Task[Report]"

    def again(self, target: str, seconds: float) -> None:
        """Cancel the run."""
        assert (target, seconds) == (JOB.name, 100.0)
        self.task.cancel()


def test_a_run_that_is_stopped_between_two_tries_says_what_it_found() -> None:
    """Cancelling the run while a target waits for its next try gives the report of the tries so far."""

    async def stopped() -> Report:
        progress = Stopper()
        running = run([JOB], [Number(100, 100)], timeout=1000.0, retries=3, retry_wait=100.0, progress=progress)
        progress.task = asyncio.create_task(running)
        return await progress.task

    check = asyncio.run(stopped()).targets[0].checks[0]
    assert (check.status, check.attempts) == ("fail", [])
    assert check.summary != STOPPED


class Wavering(Number):
    """A number that has a code for coming and going."""

    findings: ClassVar[Mapping[str, Spec]] = {
        **Number.findings,
        "number.intermittent": Spec("warn", title="", message="{failed} of {total} ({errors})", why="", remedy=()),
    }


def test_what_an_earlier_attempt_met_comes_and_goes() -> None:
    """A failure that a later attempt does not meet is named as intermittent, with what was met; one that stays is not."""
    report = examine(Wavering(100, 100, 1), retries=3)
    (finding,) = report.targets[0].checks[0].findings
    assert (finding.code, finding.message) == ("number.intermittent", "2 of 3 (number.too-high)")
    assert [one.cause for one in report.targets[0].diagnosis] == ["number.intermittent"]
    assert (report.status, report.exit_code) == ("warn", 0)
    stays = examine(Wavering(100, 100), retries=1).targets[0].checks[0]
    assert [finding.code for finding in stays.findings] == ["number.too-high"]


class Recorder(Progress):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def started(self, target: str, check: str) -> None:
        """Keep the start."""
        self.told.append(f"{target} {check} started")

    def finished(self, target: str, report: CheckReport) -> None:
        """Keep the end."""
        self.told.append(f"{target} {report.name} {report.status}")


def test_progress_is_told() -> None:
    """Whoever watches hears each check start and end."""
    recorder = Recorder()
    examine(Number(10), Misbehaving("crash"), progress=recorder)
    assert sorted(recorder.told) == sorted(
        ["prod number started", "prod misbehaving started", "prod number warn", "prod misbehaving unknown"]
    )


@pytest.mark.parametrize("numbers", [1, 10, 100])
def test_a_saved_report_is_judged_alike(numbers: int) -> None:
    """A report that went through JSON gives the same verdict without any I/O, crashed checks included."""
    checks = (Follower(), Number(numbers), Misbehaving("crash"))
    report = examine(*checks)
    saved = msgspec.json.decode(msgspec.json.encode(report), type=Report)
    again = judge(saved, checks)
    assert msgspec.to_builtins(again) == msgspec.to_builtins(report)


def test_texts_are_filled_in() -> None:
    """Messages name the data; what nobody knows is shown as a question mark instead of crashing."""
    report = examine(Number(100))
    (finding,) = report.targets[0].checks[0].findings
    assert finding.message == "100 of im.example.com"
