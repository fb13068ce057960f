"""At a terminal: as wide as it is, in colours unless they are not wanted, with a live line for each check."""

import json
import re
import signal
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from imdoctor.render.json import render
from imdoctor.render.wrap import columns
from tests.cli.process import here, imdoctor
from tests.cli.terminal import seated
from tests.render.worlds import saved

RUN = ("run", "127.0.0.1:1", "--check", "client")
"""A run that sends nothing: exit code 3, since nothing is known."""
COLOUR = "\x1b[35mNOT KNOWN\x1b[0m"
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"
"""What the live board does to the cursor."""


@pytest.fixture
def bound() -> Iterator[socket.socket]:
    """Give a socket that has a port of loopback and refuses, until it listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held


def endpoint(bound: socket.socket) -> str:
    """Return a socket's address as HOST."""
    return f"127.0.0.1:{bound.getsockname()[1]}"


AT_A_TERMINAL: dict[str, tuple[tuple[str, ...], Mapping[str, str], bool]] = {
    "unasked": ((), {}, True),
    "NO_COLOR": ((), {"NO_COLOR": "1"}, False),
    "NO_COLOR that is empty": ((), {"NO_COLOR": ""}, True),
    "a terminal without colours": ((), {"TERM": "dumb"}, False),
    "never": (("--color", "never"), {}, False),
    "never, by its variable": ((), {"IMDOCTOR_COLOR": "never"}, False),
    "always, in spite of NO_COLOR": (("--color=always",), {"NO_COLOR": "1"}, True),
}


@pytest.mark.parametrize("name", AT_A_TERMINAL)
def test_colours_at_a_terminal(tmp_path: Path, name: str) -> None:
    """Colours are there unless somebody said no; what is asked for on the command line counts most."""
    arguments, environ, coloured = AT_A_TERMINAL[name]
    with seated(tmp_path, *RUN, *arguments, environ=environ) as at:
        assert at.code() == 3
    assert at.out.text.startswith(COLOUR if coloured else "NOT KNOWN")
    assert ("\x1b[" in at.out.text) == coloured


@pytest.mark.parametrize(
    ("arguments", "coloured"), [((), False), (("--color", "always"), True)], ids=["auto", "always"]
)
def test_colours_off_a_terminal(tmp_path: Path, arguments: tuple[str, ...], *, coloured: bool) -> None:
    """Off a terminal there are none, unless they are asked for; a file never has any."""
    done = imdoctor(tmp_path, *RUN, *arguments, "--output", "text=report.txt")
    assert ("\x1b[" in done.out) == coloured
    assert "\x1b" not in (tmp_path / "report.txt").read_text()


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_a_page_is_as_wide_as_the_terminal(tmp_path: Path, width: int) -> None:
    """No line is wider than the terminal, and a terminal of up to 99 columns is made use of."""
    (tmp_path / "report.json").write_text(render(saved()["dns.egress-mismatch/costly"]))
    with seated(tmp_path, "judge", "report.json", columns=width, environ={"NO_COLOR": "1"}) as at:
        at.code()
    widths = [columns(line) for line in at.out.text.splitlines()]
    assert min(width, 99) - 16 <= max(widths) <= width


def test_a_line_for_each_check_while_it_runs(tmp_path: Path) -> None:
    """Each check has its line while it runs; at the end the board is gone, and the cursor is back."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        wanted = ("--check=tls", "--check=client", "--no-third-party")
        with seated(tmp_path, "run", endpoint(silent), *wanted) as at:
            at.err.wait_for("tls")
            assert HIDE in at.err.text
            at.process.send_signal(signal.SIGINT)
            assert at.code() == 130
    assert at.err.text.rstrip("\x1b[2KA1\r\n").endswith(SHOW)
    assert "stopped before it was done" in " ".join(at.out.text.split())


@pytest.mark.parametrize("arguments", [("-q",), ()], ids=["quiet", "on a terminal that is dumb"])
def test_no_board(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """With -q, and where the cursor cannot be moved, standard error stays empty."""
    environ = {} if arguments else {"TERM": "dumb"}
    with seated(tmp_path, *RUN, *arguments, environ=environ) as at:
        assert at.code() == 3
    assert at.err.text == ""


def test_a_target_that_comes_up(tmp_path: Path, bound: socket.socket) -> None:
    """--retries tries a target again until it is up; the board counts down to that; every try is in the report and on the page."""
    arguments = ("--check=tcp", "--no-third-party", "--retries=10", "--retry-wait=500ms", "--output=json=report.json")
    with seated(tmp_path, "run", endpoint(bound), *arguments, environ={"NO_COLOR": "1"}) as at:
        at.err.wait_for("once more")
        bound.listen()
        assert at.code() == 0
    report = json.loads((tmp_path / "report.json").read_text())
    (check,) = report["targets"][0]["checks"]
    assert check["status"] in {"ok", "warn"}
    assert check["attempts"]
    assert {attempt["status"] for attempt in check["attempts"]} == {"fail"}
    tries = len(check["attempts"]) + 1
    assert f"Tried {tries} times: FAIL, " in at.out.text
    assert re.search(rf"tried {tries} times", here(tmp_path, "judge", "-q", f"{tmp_path}/report.json").out)
    told = " ".join(here(tmp_path, "judge", "-v", f"{tmp_path}/report.json").out.split())
    assert "attempt 1: fail, tcp.refused" in told


def test_no_wait_goes_beyond_the_runs_time(tmp_path: Path, bound: socket.socket) -> None:
    """A try that could not end within --timeout is not waited for."""
    arguments = ("--check=tcp", "--no-third-party", "--retries=3", "--retry-wait=10m", "--format=json")
    done = imdoctor(tmp_path, "run", endpoint(bound), *arguments)
    assert done.code == 2
    assert json.loads(done.out)["targets"][0]["checks"][0]["attempts"] == []


def test_a_stop_between_two_tries(tmp_path: Path, bound: socket.socket) -> None:
    """Ctrl-C while a target waits for its next try ends the run at once, with the report of the tries so far."""
    arguments = ("--check=tcp", "--no-third-party", "--retries=3", "--retry-wait=10m", "--timeout=1h")
    with seated(tmp_path, "run", endpoint(bound), *arguments, environ={"NO_COLOR": "1"}) as at:
        at.err.wait_for("once more")
        at.process.send_signal(signal.SIGINT)
        assert at.code() == 130
    assert at.out.text.startswith("FAILED: ")
    assert "tcp.refused" in at.out.text


def test_one_line_for_each_target(tmp_path: Path) -> None:
    """-q prints status, target, first cause, code and time, a line for each target, and exits as ever; JSON and files are whole."""
    (tmp_path / "imdoctor.yaml").write_text("targets: [{name: a, client: {timeout: 2s}}, {name: b}]\n")
    done = imdoctor(tmp_path, "run", "-q", "--check=client")
    assert done.code == 3
    first, second = done.out.splitlines()
    assert re.fullmatch(
        r"WARN console\.tim\.qq\.com:443 \(a\): .+ \(client\.timeout-too-short, [0-9.]+ (us|ms)\)", first
    )
    assert second.startswith("UNKNOWN console.tim.qq.com:443 (b): nothing was checked (")
    whole = imdoctor(tmp_path, "run", "-q", "--check=client", "--format=json", "--output=text=report.txt")
    assert whole.out.startswith("{")
    assert "What to do:" in (tmp_path / "report.txt").read_text()
