"""Every world's report, judged again: a change to the rules shows here as a change of verdicts, on a machine without root.

`python -m tests.lab --save` makes the reports anew, in real worlds; docs/accuracy.md tells of them.
"""

import json
from pathlib import Path

import msgspec
import pytest

from imdoctor.model import Report
from tests.cli.process import here
from tests.lab import accuracy
from tests.lab.corpus import VERDICTS, Kept, judged, load
from tests.lab.outcome import Named, Outcome
from tests.lab.worlds import WORLDS

CORPUS = {kept.world: kept for kept in load()}


def test_the_corpus_is_of_these_worlds() -> None:
    """Each world has its report, and no report is of a world that is gone."""
    assert set(CORPUS) == {world.name for world in WORLDS}


@pytest.mark.parametrize("kept", CORPUS.values(), ids=CORPUS)
def test_a_report_judged_again_says_the_same(kept: Kept, tmp_path: Path) -> None:
    """`imdoctor judge` on the saved report gives the same causes, findings, statuses and exit code."""
    file = tmp_path / "report.json"
    file.write_bytes(msgspec.json.encode(kept.report))
    done = here(tmp_path, "judge", str(file), "--format", "json")
    again = json.loads(done.out)
    assert again["exit_code"] == done.code == kept.report.exit_code
    assert gist(msgspec.convert(again, Report)) == gist(kept.report)


def gist(report: Report) -> object:
    """Return what a judgement decides, without the words that it is told in."""
    return [
        (
            target.status,
            [
                (one.cause, one.severity, one.confidence, one.address, one.explains, one.ruled_out)
                for one in target.diagnosis
            ],
            [(one.name, one.status, [(f.code, f.severity, f.address) for f in one.findings]) for one in target.checks],
        )
        for target in report.targets
    ]


def test_verdicts_are_those_that_were_written_down() -> None:
    """The rules as they are now give the verdicts of verdicts.txt: a change shows there as a diff (`python -m tests.lab --rejudge`)."""
    assert judged() == VERDICTS.read_text().splitlines()


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_a_world_is_named_rightly(world: object) -> None:
    """The written verdict of each world is the one that its truth asks for."""
    known = next(one for one in WORLDS if one is world)
    causes = [one.cause for one in CORPUS[known.name].report.targets[0].diagnosis]
    assert [cause for cause in causes if cause in known.expect or cause not in known.allow] == list(known.expect)


def test_every_world_has_its_truth_seen_by_other_means() -> None:
    """No world is taken at its word."""
    assert [world.name for world in WORLDS if not world.truth] == []


def test_the_gate_sees_what_is_wrong() -> None:
    """A false alarm, a wrong cause called certain, a wrong exit code and an unseen truth each make a world wrong."""
    alarm = Outcome(world="a", expected=(), named=(Named("tcp.slow", "warn", "certain"),), exit_code=0)
    astray = Outcome(
        world="b", expected=("tcp.timeout",), named=(Named("tcp.refused", "fail", "certain"),), exit_code=2
    )
    right = Outcome(world="c", expected=("tcp.timeout",), named=(Named("tcp.timeout", "fail", "likely"),), exit_code=2)
    outcomes = [alarm, astray, right]
    assert [one.right for one in outcomes] == [False, False, True]
    assert accuracy.false_alarms(outcomes) == ["a"]
    assert accuracy.wrong_certain(outcomes) == ["a: tcp.slow", "b: tcp.refused"]
    for how in (
        {"exit_code": 0},
        {"untrue": ("dig says otherwise",)},
        {"replays": False},
        {"sure": {"tcp.timeout": "certain"}},
    ):
        assert not msgspec.structs.replace(right, **how).right
    assert "tcp.timeout | 2 | tcp.refused 1, tcp.timeout 1" in accuracy.matrix(outcomes)
