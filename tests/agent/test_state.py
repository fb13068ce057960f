"""What is worth telling of a target's runs: each event once, with its beginning, its end and its causes."""

from collections.abc import Sequence
from itertools import cycle, islice, pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdoctor.agent.record import CauseSeen, RunRecord
from imdoctor.agent.state import MOST_CAUSES, Change, State, step
from imdoctor.model import Status

STATUSES: dict[str, Status] = {"o": "ok", "w": "warn", "u": "unknown", "f": "fail"}
RUNS = st.text("owufF", max_size=120)
CONFIRM = st.integers(1, 12)


def cause(code: str) -> CauseSeen:
    """Return a cause."""
    return CauseSeen(code=code, severity="fail", title=f"about {code}")


def runs(letters: str) -> list[RunRecord]:
    """Return runs a minute apart: ok, warn, unknown, fail; each bad one has the cause of its letter, unknown has none."""
    return [
        RunRecord(
            target="prod",
            at=60.0 * number,
            seconds=1.0,
            status=STATUSES[letter.lower()],
            causes=() if letter in "ou" else (cause(letter),),
        )
        for number, letter in enumerate(letters, 1)
    ]


def fold(seen: Sequence[RunRecord], confirm: int, state: State | None = None) -> tuple[State, list[Change]]:
    """Return what runs come to, and all that is told on the way."""
    state, told = state or State(), list[Change]()
    for run in seen:
        state, changes = step(state, run, confirm)
        told += changes
    return state, told


def said(changes: Sequence[Change]) -> str:
    """Write changes as "run kind before>status", runs counted from 1."""
    return ", ".join(f"{item.at / 60:.0f} {item.kind} {item.before}>{item.status}" for item in changes)


TOLD: dict[str, tuple[int, str, str]] = {
    "nothing seen": (2, "", ""),
    "healthy": (2, "oooooo", ""),
    "healthy at once": (1, "o", ""),
    "the first run fails": (1, "f", "1 opened None>fail"),
    "not yet confirmed": (2, "of", ""),
    "confirmed": (2, "off", "3 opened None>fail"),
    "confirmed after good runs": (2, "ooff", "4 opened ok>fail"),
    "broken from the start": (2, "ff", "2 opened None>fail"),
    "a single odd run": (2, "oooofoooo", ""),
    "two odd runs of three": (3, "ooffooo", ""),
    "a row of another status before": (2, "owff", "4 opened None>fail"),
    "recovery at once": (1, "ofo", "2 opened ok>fail, 3 recovered fail>ok"),
    "recovery confirmed": (2, "offofoo", "3 opened None>fail, 7 recovered fail>ok"),
    "recovery not yet": (3, "offfoo", "4 opened None>fail"),
    "worse": (2, "owwff", "3 opened None>warn, 5 worse warn>fail"),
    "worse by way of unknown": (2, "wwuuff", "2 opened None>warn, 4 worse warn>unknown, 6 worse unknown>fail"),
    "better": (2, "ffww", "2 opened None>fail, 4 better fail>warn"),
    "better and worse in one incident": (2, "ffwwff", "2 opened None>fail, 4 better fail>warn, 6 worse warn>fail"),
    "another cause": (2, "fffFF", "2 opened None>fail, 5 changed fail>fail"),
    "another cause in one run": (2, "ffFff", "2 opened None>fail"),
    "another cause, not yet": (3, "fffFF", "3 opened None>fail"),
    "a first cause after none": (2, "ffuu", "2 opened None>fail, 4 better fail>unknown"),
    "unknown without a cause, and again": (2, "uuuu", "2 opened None>unknown"),
    "flapping": (2, "ofofof", "6 flapping None>fail"),
    "one change fewer": (2, "oofofo", ""),
    "five changes within the window": (5, "foofoofffo", "10 flapping None>fail"),
    "five changes, one run too far apart": (5, "foofooffffo", ""),
    "flapping goes on": (2, "ofof" * 20, "6 flapping None>fail"),
    "flapping settles at ok": (2, "ofofofooooo", "6 flapping None>fail, 11 settled None>ok"),
    "flapping settles as failed": (2, "ofofofffff", "6 flapping None>fail, 10 settled None>fail"),
    "one run fewer settles nothing": (2, "ofofoffff", "6 flapping None>fail"),
    "more runs to settle when more are to agree": (7, "ofofofooooo", "6 flapping None>fail"),
    "as many as are to agree": (7, "ofofofooooooo", "6 flapping None>fail, 13 settled None>ok"),
    "what flapped is looked at anew": (2, "ofofofooooofo", "6 flapping None>fail, 11 settled None>ok"),
    "flapping begins in an incident": (2, "fffofofo", "2 opened None>fail, 8 flapping fail>fail"),
    "an incident that flaps, and ends": (
        2,
        "fffofofoooooo",
        "2 opened None>fail, 8 flapping fail>fail, 12 settled fail>ok",
    ),
    "between unknown and failed": (2, "oufufuf", "6 flapping None>fail"),
    "pairs": (
        2,
        "ooffooffooffooff" * 3,
        "4 opened ok>fail, 6 recovered fail>ok, 8 opened ok>fail, 10 recovered fail>ok, 11 flapping ok>fail",
    ),
    "bad without agreement, quick": (3, "o" + "uuff" * 10, "10 flapping None>fail"),
    "bad without agreement, slow": (5, "o" + "uuufff" * 4, "21 opened None>unknown"),
    "bad without agreement, when much must agree": (15, "o" + ("u" * 10 + "f" * 10) * 2, "31 opened None>unknown"),
    "bad without agreement, then failed": (
        5,
        "o" + "uuufff" * 3 + "uuufffff",
        "21 opened None>unknown, 27 worse unknown>fail",
    ),
}


@pytest.mark.parametrize("name", TOLD)
def test_what_is_told(name: str) -> None:
    """Each event is told once, by the run that confirms it."""
    confirm, letters, expected = TOLD[name]
    assert said(fold(runs(letters), confirm)[1]) == expected


INCIDENTS: dict[str, tuple[int, str, str]] = {
    "opened": (2, "oofff", "3-: fail x2 f"),
    "recovered": (2, "oofffFofoo", "3-9: fail x5 fF"),
    "the first row only": (2, "owff", "3-: fail x2 f"),
    "the worst status stays": (2, "ffwwoo", "1-5: fail x4 wf"),
    "worse": (2, "wwff", "1-: fail x4 fw"),
    "the cause that is in force stands first": (2, "ffFF", "1-: fail x4 Ff"),
    "a cause seen once stands behind": (2, "ffFffoo", "1-6: fail x5 fF"),
    "flapping begins with the first bad run": (2, "ooofofofoooooo", "4-9: fail x3 f"),
    "flapping takes no run of an incident that has ended": (2, "ffoofofof", "5-: fail x2 f"),
    "the worst that was seen while flapping": (2, "owowowofooooo", "2-9: fail x4 wf"),
    "flapping in an incident": (2, "wwoWofofooooo".lower(), "1-9: fail x5 wf"),
    "without a cause": (1, "uo", "1-2: unknown x1 "),
}


@pytest.mark.parametrize("name", INCIDENTS)
def test_incidents(name: str) -> None:
    """The last incident told: from its first bad run to the first good one after it, its worst status, its runs and causes."""
    confirm, letters, expected = INCIDENTS[name]
    incident = fold(runs(letters), confirm)[1][-1].incident
    ended = f"{incident.ended / 60:.0f}" if incident.ended else ""
    codes = "".join(item.code for item in incident.causes)
    assert f"{incident.began / 60:.0f}-{ended}: {incident.status} x{incident.count} {codes}" == expected


@pytest.mark.parametrize(
    ("confirm", "letters", "status", "since"),
    [
        pytest.param(2, "o", None, None, id="not yet confirmed"),
        pytest.param(2, "ooo", "ok", 1, id="the first ok"),
        pytest.param(2, "ooofo", "ok", 1, id="an odd run changes nothing"),
        pytest.param(2, "ooffF", "fail", 3, id="failed"),
        pytest.param(2, "ffww", "warn", 3, id="better"),
        pytest.param(2, "offoo", "ok", 4, id="recovered"),
        pytest.param(2, "ooofofof", "ok", 8, id="flapping: since it was told"),
        pytest.param(2, "ooofofofffff", "fail", 8, id="settled: since the runs agree"),
    ],
)
def test_the_present_state(confirm: int, letters: str, status: Status | None, since: int | None) -> None:
    """The confirmed status stands since the first run that showed it."""
    state, _ = fold(runs(letters), confirm)
    assert (state.status, state.since) == (status, since and since * 60.0)


def test_an_incident_remembers_so_many_causes() -> None:
    """The causes of an endless incident are bounded, and the one in force is among them."""
    seen = [
        RunRecord(target="prod", at=float(at), seconds=1, status="fail", causes=(cause(str(at // 2)),))
        for at in range(100)
    ]
    incident = fold(seen, 2)[1][-1].incident
    assert len(incident.causes) == MOST_CAUSES
    assert incident.causes[0].code == "49"


@given(letters=RUNS, confirm=CONFIRM)
def test_each_event_is_told_once(letters: str, confirm: int) -> None:
    """At most one change a run; what opens ends at most once; nothing but its end is told of flapping while it lasts."""
    state, opened, flapping = State(), False, False
    for run in runs(letters):
        state, changes = step(state, run, confirm)
        assert len(changes) <= 1
        for change in changes:
            assert change.kind == "settled" if flapping else change.kind != "settled"
            assert opened is (change.kind not in {"opened", "flapping"}) or change.kind == "flapping"
            flapping = change.kind == "flapping"
            opened = change.incident.ended is None
        assert (state.incident is not None, state.flapping) == (opened, flapping)
        assert state.flapping or opened is (state.status not in {None, "ok"})


@given(letters=RUNS, confirm=CONFIRM, at=st.integers(0, 120))
def test_a_history_folds_in_two_halves(letters: str, confirm: int, at: int) -> None:
    """A state that goes through JSON (and MessagePack) between two runs goes on as if nothing had been."""
    seen = runs(letters)
    state, told = fold(seen[:at], confirm)
    for codec in (msgspec.json, msgspec.msgpack):
        again = codec.decode(codec.encode(state), type=State)
        assert again == state
        final, more = fold(seen[at:], confirm, again)
        assert (final, told + more) == fold(seen, confirm)


@given(
    confirm=st.integers(2, 9),
    rows=st.lists(st.tuples(st.sampled_from("owuf"), st.integers(1, 8)), min_size=2, max_size=2),
    times=st.integers(1, 30),
)
def test_alternation_is_told_once(confirm: int, rows: list[tuple[str, int]], times: int) -> None:
    """Two statuses that alternate at any rhythm, in rows too short to be confirmed, are told once at most; if never ok, told."""
    period = "".join(letter * min(length, confirm - 1) for letter, length in rows)
    _, told = fold(runs(period * times), confirm)
    if any(before != after for before, after in pairwise(period)):
        assert len([change for change in told if change.kind not in {"worse", "better"}]) <= 1
    if "o" not in period and len(period) * times >= 20:
        assert told


@given(letters=st.text("owuf", min_size=1, max_size=12), confirm=st.integers(1, 9))
def test_nothing_bad_is_silent_for_ever(letters: str, confirm: int) -> None:
    """A target that is never ok is told of, whatever its statuses do, in 20 runs or twice as many as must agree."""
    bad = "".join(islice(cycle(letters.replace("o", "") or "u"), max(20, 2 * confirm)))
    assert fold(runs(bad), confirm)[1]


@given(before=st.integers(0, 30), odd=st.sampled_from("wufF"), after=st.integers(0, 30))
def test_a_single_odd_run_is_never_told(before: int, odd: str, after: int) -> None:
    """With two runs to agree, one odd run among good ones is no news, wherever it stands."""
    assert fold(runs("o" * before + odd + "o" * after), 2)[1] == []


@given(letters=RUNS, confirm=CONFIRM)
def test_times_are_those_of_runs(letters: str, confirm: int) -> None:
    """An incident begins before it is confirmed and before it ends, holds no run twice, and no two of them overlap."""
    ended = 0.0
    for change in fold(runs(letters), confirm)[1]:
        incident = change.incident
        assert ended <= incident.began <= incident.confirmed_at <= change.at
        assert incident.count <= (change.at - incident.began) / 60 + 1
        if incident.ended is not None:
            assert incident.began < incident.ended <= change.at
            ended = incident.ended
