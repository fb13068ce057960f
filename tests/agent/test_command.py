"""Commands as receivers: real programs, good and bad, and what is left of them."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from imdoctor.agent.command import Command
from imdoctor.agent.delivery import DeliveryError, Message, Outbox
from imdoctor.agent.events import Event

TIMEOUT = 10.0
SOON = 0.8
GRACE = 0.2
EVENT = Event(name="opened", level="error", message="prod: FAILED", target="prod", cause="tls.timeout", status="fail")
LARGE = b"x" * (1 << 20)
"""More than a pipe holds."""


def run(
    *argv: str,
    report: bytes = b'{"version": 1}',
    event: Event = EVENT,
    timeout: float = TIMEOUT,
    environ: dict[str, str] | None = None,
    grace: float = GRACE,
) -> str | None:
    """Deliver a message to a command; return its error."""
    command = Command(argv=argv, timeout=timeout, environ=os.environ if environ is None else environ, grace=grace)
    try:
        asyncio.run(command.deliver(Message(event=event, report=report, ok=False)))
    except DeliveryError as error:
        return str(error)
    return None


def shell(script: str, *, report: bytes = b"", timeout: float = TIMEOUT) -> str | None:
    """Deliver a message to a shell script."""
    return run("/bin/sh", "-c", script, report=report, timeout=timeout)


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """Hold every test to leaving no descriptor, no child and no zombie behind."""
    before = held()
    yield
    assert held() == before


def held() -> tuple[int, set[str]]:
    """Return how many descriptors this process has, and its children, zombies included."""
    stats = {path.parent.name: text(path).rpartition(")")[2].split() for path in Path("/proc").glob("[0-9]*/stat")}
    children = {pid for pid, fields in stats.items() if fields[1:2] == [str(os.getpid())]}
    return len(list(Path("/proc/self/fd").iterdir())), children


def text(path: Path) -> str:
    """Return a file's text; "" for a process that has gone."""
    try:
        return path.read_text()
    except OSError:
        return ""


@pytest.mark.parametrize("report", [b'{"version": 1}', b"", LARGE], ids=["small", "empty", "large"])
def test_the_report_is_its_input(tmp_path: Path, report: bytes) -> None:
    """The program reads the report, and its end, on standard input."""
    assert run("/bin/sh", "-c", 'cat > "$1"', "sh", str(tmp_path / "in"), report=report) is None
    assert (tmp_path / "in").read_bytes() == report


def test_arguments_are_no_shells(tmp_path: Path) -> None:
    """What a shell would take for a command is an argument."""
    told = f"; touch {tmp_path}/no $(touch {tmp_path}/no)"
    assert (
        run(sys.executable, "-c", f"import sys; open({str(tmp_path / 'yes')!r}, 'w').write(sys.argv[1])", told) is None
    )
    assert [path.name for path in tmp_path.iterdir()] == ["yes"]
    assert (tmp_path / "yes").read_text() == told


@pytest.mark.parametrize(
    ("event", "facts"),
    [
        pytest.param(EVENT, ["opened", "prod", "tls.timeout", "fail", "prod: FAILED"], id="all of them"),
        pytest.param(Event(name="late", level="info", message="故"), ["late", "", "", "", "故"], id="some of them"),
    ],
)
def test_the_environment(tmp_path: Path, event: Event, facts: list[str]) -> None:
    """The facts are in the environment, the given one stays, and what was meant for the agent's own service does not."""
    environ = {
        "PATH": "/usr/bin:/bin",
        "KEPT": "1",
        "IMDOCTOR_TARGET": "another",
        "NOTIFY_SOCKET": "/run/x",
        "WATCHDOG_USEC": "1",
        "JOURNAL_STREAM": "1:2",
    }
    assert run("/bin/sh", "-c", 'env -0 > "$1"', "sh", str(tmp_path / "env"), event=event, environ=environ) is None
    seen = dict(line.split("=", 1) for line in (tmp_path / "env").read_text().split("\0") if line)
    assert [seen[f"IMDOCTOR_{name}"] for name in ("EVENT", "TARGET", "CAUSE", "STATUS", "MESSAGE")] == facts
    assert seen["IMDOCTOR_LANG"] == "en"
    assert seen["KEPT"] == "1"
    assert not seen.keys() & {"NOTIFY_SOCKET", "WATCHDOG_USEC", "JOURNAL_STREAM"}


GOOD = {
    "reads nothing": "exit 0",
    "closes its input": "exec 0<&-; exit 0",
    "reads a little": "head -c 1 >/dev/null",
    "says much on both": "head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2",
    "closes everything": "exec 0<&- 1>&- 2>&-; exit 0",
}


@pytest.mark.parametrize("name", GOOD)
def test_programs_that_are_fine(name: str) -> None:
    """A program that exits with 0 has taken the message, whatever it does with it."""
    assert shell(GOOD[name], report=LARGE) is None


BAD = {
    "exits with 3": ("exit 3", "it exited with 3"),
    "says why": ("echo no such pager >&2; exit 1", "it exited with 1: no such pager"),
    "says much": (
        "printf 'a%.0s' $(seq 1000) >&2; printf 'b%.0s' $(seq 199) >&2; exit 1",
        "it exited with 1: a" + "b" * 199,
    ),
    "says it in Chinese": ("printf '坏%.0s' $(seq 300) >&2; exit 1", "it exited with 1: " + "坏" * 200),
    "says it to a terminal": ("printf 'a\\033[31m\\nb' >&2; exit 1", "it exited with 1: a [31m b"),
    "says it through a child": ("(sleep 0.1; echo late >&2) & exit 1", "it exited with 1: late"),
    "is killed": ("kill -SEGV $$", "it was ended by SIGSEGV"),
    "is killed without a name": ("kill -40 $$", "it was ended by signal 40"),
}


@pytest.mark.parametrize("name", BAD)
def test_programs_that_fail(name: str) -> None:
    """Any other end is a failure, told with the end of what the program says of it."""
    script, error = BAD[name]
    assert shell(script) == error


def test_programs_that_cannot_be_started(tmp_path: Path) -> None:
    """A program that is not there, is none, or may not be run, is told as that."""
    files = {"text": ("no script\n", 0o755), "locked": ("#!/bin/sh\n", 0o644), "orphan": ("#!/nowhere/sh\n", 0o755)}
    for name, (text, mode) in files.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(mode)
    errors = {name: run(str(tmp_path / name)) for name in ("missing", *files)}
    assert errors == {
        "missing": "it could not be started: there is no such program, or no interpreter for it",
        "text": "it could not be started: Exec format error",
        "locked": "it could not be started: Permission denied",
        "orphan": "it could not be started: there is no such program, or no interpreter for it",
    }
    assert run("/bin/sh", "\0") == "it could not be started: embedded null byte"


def test_an_outbox_tries_again(tmp_path: Path) -> None:
    """Before an outbox, a program that fails at first is started anew until it takes the message."""
    script = f"echo x >> {tmp_path}/tries; test $(wc -l < {tmp_path}/tries) -ge 3"
    told: list[Event] = []

    async def at_once(seconds: float) -> None:
        assert seconds >= 1

    async def go() -> None:
        command = Command(argv=("/bin/sh", "-c", script), timeout=TIMEOUT, environ=os.environ)
        outbox = Outbox(command, tell=told.append, sleep=at_once)
        worker = asyncio.create_task(outbox.run())
        outbox.put(Message(event=EVENT, report=b"", ok=False))
        while len(told) < 2:  # noqa: ASYNC110 - what is told is a list
            await asyncio.sleep(0.001)
        await outbox.drain(TIMEOUT)
        await worker

    asyncio.run(go())
    assert [event.name for event in told] == ["delivery-failing", "delivery-works"]
    assert told[0].message == "the command /bin/sh does not take messages: it exited with 1. They are tried again."


def test_its_name_shows_no_argument() -> None:
    """A command is known by its program; a token among its arguments is not shown."""
    command = Command(argv=("/usr/bin/page", "--token=hunter2"), timeout=1, environ={})
    assert command.name == "the command /usr/bin/page"


def alive(pid: int) -> bool:
    """Tell whether a process runs; a zombie does not."""
    fields = text(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return bool(fields) and fields[0] != "Z"


SLOW = {
    "waits": "sleep 1000 & echo $! > child; echo $$ > self; wait",
    "does not heed SIGTERM": "trap '' TERM; sleep 1000 & echo $! > child; echo $$ > self; while :; do sleep 1000; done",
    "ends, its child does not heed SIGTERM": "(trap '' TERM; echo go > ready; sleep 1000) & echo $! > child; echo $$ > self; wait",
    "stopped itself": "sleep 1000 & echo $! > child; echo $$ > self; kill -STOP $$",
}


@pytest.mark.parametrize("name", SLOW)
def test_programs_that_take_too_long(tmp_path: Path, name: str) -> None:
    """A program that takes too long is ended with all that it started, politely or not."""
    assert shell(f"cd {tmp_path}; echo waiting >&2; {SLOW[name]}", timeout=SOON) == (
        f"it did not end within {SOON:g} s and was stopped: waiting"
    )
    assert not any(alive(int((tmp_path / file).read_text())) for file in ("child", "self"))


def test_a_program_may_end_in_order(tmp_path: Path) -> None:
    """SIGTERM comes first, and leaves time to tidy up."""
    script = f"trap 'sleep 0.05; echo tidy > {tmp_path}/done; exit 0' TERM; while :; do sleep 0.01; done"
    error = run("/bin/sh", "-c", script, timeout=SOON, grace=TIMEOUT)
    assert error == f"it did not end within {SOON:g} s and was stopped"
    assert (tmp_path / "done").read_text() == "tidy\n"


@pytest.mark.parametrize("code", [0, 4])
def test_a_child_that_holds_the_pipes(tmp_path: Path, code: int) -> None:
    """A child left in the background holds nothing up, and goes on."""
    said = "echo failed >&2; " if code else ""
    script = f"sleep 1000 & echo $! > {tmp_path}/child; {said}exit {code}"
    assert shell(script) == (f"it exited with {code}: failed" if code else None)
    child = int((tmp_path / "child").read_text())
    assert alive(child)
    os.kill(child, signal.SIGKILL)


def test_a_delivery_that_is_cancelled(tmp_path: Path) -> None:
    """A delivery that is cut short leaves no process behind."""

    async def go() -> None:
        script = f"echo $$ > {tmp_path}/self; exec sleep 1000"
        command = Command(argv=("/bin/sh", "-c", script), timeout=TIMEOUT, environ=os.environ, grace=GRACE)
        task = asyncio.create_task(command.deliver(Message(event=EVENT, report=b"", ok=False)))
        while not ((tmp_path / "self").exists() and (tmp_path / "self").read_text()):  # noqa: ASYNC110 - a file tells when
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(go())
    assert not alive(int((tmp_path / "self").read_text()))
