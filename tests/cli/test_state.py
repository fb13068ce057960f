"""`imdoctor run --state DIR`: runs of their own, from a timer, that share a memory."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imdoctor.lab.gateway import Answering
from tests.agent.lab import Watched, watched
from tests.cli.process import KEY, Done, environment, imdoctor

BROKEN = Answering(error_code=60010)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Watched]:
    """Hand out a gateway to call."""
    with watched(tmp_path) as found:
        yield found


def run(lab: Watched, *arguments: str) -> Done:
    """Run once with the memory."""
    return imdoctor(lab.folder, "run", "--state", "state", *arguments)


def events(done: Done) -> list[dict[str, Any]]:
    """Return the events of a run."""
    return [json.loads(line) for line in done.err.splitlines() if line.startswith("{")]


def kinds(done: Done) -> list[str]:
    """Return the kinds of a run's events."""
    return [event["kind"] for event in events(done)]


def test_runs_of_their_own_confirm_and_tell_once(lab: Watched) -> None:
    """A fault is told by the run that confirms it and by no later one; its end by the run that confirms that."""
    lab.configure(lab.signing("prod"))
    told = []
    for answering in (Answering(), BROKEN, BROKEN, BROKEN, Answering(), Answering(), Answering()):
        lab.answer(answering)
        told.append(kinds(run(lab)))
    assert told == [[], [], ["opened"], [], [], ["recovered"], []]


def test_the_report_and_the_exit_code_are_those_of_the_run(lab: Watched) -> None:
    """The memory changes nothing about the run's own verdict: it is told and exits as without."""
    lab.configure(lab.signing("prod"))
    lab.answer(BROKEN)
    done = run(lab, "--format", "json")
    assert done.code == 2
    assert json.loads(done.out)["targets"][0]["diagnosis"][0]["cause"] == "probe.error-code"


def test_a_refused_credential_is_not_sent_again(lab: Watched) -> None:
    """The server's refusal is remembered from process to process: the credential is not sent again, and the verdict stands."""
    lab.configure(lab.signing("prod"))
    lab.answer(Answering(error_code=70003))
    first = run(lab)
    posts = lab.gateway.posts
    second = run(lab)
    assert (first.code, second.code) == (2, 2)
    assert posts == 1
    assert lab.gateway.posts == 1
    assert "usersig.rejected" in second.out
    assert "it has not changed since" in " ".join(second.out.split())
    (lab.folder / "key").write_text(KEY[::-1])
    run(lab)
    assert lab.gateway.posts == 2


def test_what_is_kept_is_for_its_owner_and_holds_no_secret(lab: Watched) -> None:
    """The folder and its files are readable for nobody else, and no secret is in any of them."""
    lab.configure(lab.signing("prod"))
    run(lab)
    folder = lab.folder / "state"
    assert folder.stat().st_mode & 0o077 == 0
    for file in folder.iterdir():
        assert file.stat().st_mode & 0o077 == 0, file
        assert KEY.encode() not in file.read_bytes()


def test_without_a_memory_it_goes_on(lab: Watched) -> None:
    """A folder that cannot be used is told of, and the run is as good as without."""
    lab.configure(lab.target("prod"))
    (lab.folder / "state").write_text("no folder")
    done = run(lab)
    assert done.code == 0
    assert kinds(done) == ["history-lost"]


def test_a_reader_that_goes_away_does_not_end_the_memory(lab: Watched) -> None:
    """Where nobody reads the report, the run is remembered all the same."""
    lab.configure(lab.signing("prod"), schedule={"confirm": 1})
    lab.answer(BROKEN)
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as nobody:
        done = subprocess.run(
            [sys.executable, "-m", "imdoctor", "run", "--state", "state"],
            cwd=lab.folder,
            env=environment(lab.folder),
            stdout=nobody,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 2
    assert '"opened"' in done.stderr
