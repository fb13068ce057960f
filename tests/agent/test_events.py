"""What is said of a change and of the program itself: by whole sentences, as a tired person reads them."""

from datetime import UTC, datetime
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdoctor.agent import own_events
from imdoctor.agent.events import Event, length, moment, of_change, one_line, verdict
from imdoctor.agent.record import CauseSeen, RunRecord
from imdoctor.agent.state import Change, Incident, Kind
from imdoctor.model import Status
from imdoctor.speech import speaking

BEGAN = datetime(2026, 3, 1, 10, 31, 5, tzinfo=UTC).timestamp()
EXPIRED = CauseSeen(
    code="tls.cert-expired",
    severity="fail",
    title="The certificate has expired",
    address="43.141.10.1",
    remedy="See its dates: `openssl x509`.",
)
SLOW = CauseSeen(code="probe.slow", severity="warn", title="The call is slow")
KNOWN = msgspec.structs.replace(EXPIRED, remedy="Check this host's clock: `timedatectl`.")
BARE = CauseSeen(code="x.y", severity="fail", title="Something\nis wrong")


def change(
    kind: Kind,
    status: Status = "fail",
    *causes: CauseSeen,
    after: float = 60,
    ended: float | None = None,
    count: int = 2,
    worst: Status = "fail",
) -> Change:
    """Return a change ``after`` seconds of an incident; one that ended did so after so many seconds."""
    incident = Incident(
        began=BEGAN,
        confirmed_at=BEGAN + 60,
        ended=None if ended is None else BEGAN + ended,
        status=worst,
        causes=causes,
        count=count,
    )
    return Change(kind=kind, target="prod", at=BEGAN + after, before=None, status=status, incident=incident)


SENTENCES = {
    "opened": (
        change("opened", "fail", EXPIRED, SLOW),
        "error",
        (
            "prod: FAILED since 10:31:05Z (2 runs): The certificate has expired at 43.141.10.1 (tls.cert-expired). "
            "First: See its dates: `openssl x509`. Seen from web1."
        ),
    ),
    "opened by a warning, without an address and a remedy": (
        change("opened", "warn", SLOW, count=1, worst="warn"),
        "warning",
        "prod: WORKS, WITH WARNINGS since 10:31:05Z (1 run): The call is slow (probe.slow). Seen from web1.",
    ),
    "opened without a cause": (
        change("opened", "unknown", worst="unknown"),
        "warning",
        (
            "prod: NOT KNOWN since 10:31:05Z (2 runs): no cause is known, and the run's report shows what could not be checked. "
            "Seen from web1."
        ),
    ),
    "opened by a cause of two lines": (
        change("opened", "fail", BARE),
        "error",
        "prod: FAILED since 10:31:05Z (2 runs): Something is wrong (x.y). Seen from web1.",
    ),
    "worse": (
        change("worse", "fail", EXPIRED, count=7),
        "error",
        (
            "prod: worse, now FAILED; not healthy since 10:31:05Z (7 runs): "
            "The certificate has expired at 43.141.10.1 (tls.cert-expired). First: See its dates: `openssl x509`. Seen from web1."
        ),
    ),
    "better, the next day": (
        change("better", "warn", SLOW, after=86400),
        "warning",
        (
            "prod: better, now WORKS, WITH WARNINGS; not healthy since 2026-03-01 10:31:05Z (2 runs): "
            "The call is slow (probe.slow). Seen from web1."
        ),
    ),
    "another cause": (
        change("changed", "fail", EXPIRED),
        "error",
        (
            "prod: still FAILED, and its first cause is another now; not healthy since 10:31:05Z (2 runs): "
            "The certificate has expired at 43.141.10.1 (tls.cert-expired). First: See its dates: `openssl x509`. Seen from web1."
        ),
    ),
    "recovered": (
        change("recovered", "ok", EXPIRED, after=7500, ended=7500, count=121),
        "info",
        (
            "prod: HEALTHY again after 2 h 5 min (since 10:31:05Z, 121 bad runs). "
            "The cause was: The certificate has expired at 43.141.10.1 (tls.cert-expired). Seen from web1."
        ),
    ),
    "recovered from what nobody knows": (
        change("recovered", "ok", ended=60, count=1, worst="unknown"),
        "info",
        "prod: HEALTHY again after 1 min (since 10:31:05Z, 1 bad run). No cause was found. Seen from web1.",
    ),
    "flapping, at a good moment": (
        change("flapping", "ok", EXPIRED),
        "error",
        (
            "prod: FLAPPING since 10:31:05Z (2 runs): its verdict changes from run to run; silent until it settles. Now: "
            "The certificate has expired at 43.141.10.1 (tls.cert-expired). First: See its dates: `openssl x509`. Seen from web1."
        ),
    ),
    "settled and healthy": (
        change("settled", "ok", SLOW, ended=45),
        "info",
        (
            "prod: settled, HEALTHY again after 45 s (since 10:31:05Z, 2 bad runs). "
            "The cause was: The call is slow (probe.slow). Seen from web1."
        ),
    ),
    "settled and failed": (
        change("settled", "fail", SLOW),
        "error",
        "prod: settled, now FAILED; not healthy since 10:31:05Z (2 runs): The call is slow (probe.slow). Seen from web1.",
    ),
}


@pytest.mark.parametrize("name", SENTENCES)
def test_sentences(name: str) -> None:
    """A change is told with its target, verdict, time, cause, first remedy and place, at the level of its status."""
    told, level, sentence = SENTENCES[name]
    event = of_change(told, "web1")
    assert (event.message, event.level, event.name) == (sentence, level, told.kind)


def test_every_kind_is_told() -> None:
    """No kind of change lacks its sentence."""
    assert {told.kind for told, _, _ in SENTENCES.values()} == set(get_args(Kind))


def test_facts() -> None:
    """Programs find the same facts as fields, and those that there are none of are left out."""
    event = of_change(change("recovered", "ok", EXPIRED, SLOW, EXPIRED, ended=90.5), "web1")
    assert (event.target, event.cause, event.status) == ("prod", "tls.cert-expired", "ok")
    assert event.fields == {
        "host": "web1",
        "since": "2026-03-01T10:31:05.000Z",
        "runs": 2,
        "seconds": 90.5,
        "address": "43.141.10.1",
        "causes": "tls.cert-expired, probe.slow",
    }
    bare = of_change(change("opened", "unknown"), "")
    assert (bare.cause, bare.fields) == (None, {"since": "2026-03-01T10:31:05.000Z", "runs": 2})
    assert "Seen from" not in bare.message


def run(target: str, status: Status, *causes: CauseSeen) -> RunRecord:
    """Return a run."""
    return RunRecord(target=target, at=BEGAN, seconds=0.1, status=status, causes=causes)


@pytest.mark.parametrize(
    ("runs", "level", "sentence"),
    [
        pytest.param([run("a", "ok"), run("b", "ok")], "info", "HEALTHY: 2 of 2 targets healthy.", id="all healthy"),
        pytest.param(
            [run("a", "ok"), run("b", "fail", EXPIRED), run("c", "unknown")],
            "error",
            "FAILED: 1 of 3 targets healthy; b FAILED (The certificate has expired at 43.141.10.1 (tls.cert-expired)); c NOT KNOWN.",
            id="two are not",
        ),
        pytest.param([], "warning", "NOT KNOWN: nothing was run yet.", id="nothing was run"),
    ],
)
def test_verdict(runs: list[RunRecord], level: str, sentence: str) -> None:
    """The verdict over all targets tells how many are healthy, and the cause of each that is not."""
    event = verdict(runs, "web1")
    assert (event.message, event.level) == (f"{sentence} Seen from web1.", level)


OWN = {
    "started": (own_events.started(1, "0.2"), "info", "imdoctor 0.2 watches 1 target."),
    "stopping": (own_events.stopping("SIGTERM"), "info", "Stopping: SIGTERM."),
    "missed": (
        own_events.missed("prod", 3),
        "warning",
        (
            "prod: 3 runs left out: the one before was not over, or this machine was busy or asleep. "
            "Where this goes on, make schedule.every longer or watch fewer targets."
        ),
    ),
    "late": (
        own_events.late(2.345),
        "warning",
        "This program was late by 2.3 s: times measured meanwhile say so. Is the machine short of CPU?",
    ),
    "stepped forward": (
        own_events.stepped(3600),
        "warning",
        "This machine's clock was set forward by 1 h or slept meanwhile: lengths of time across it are wrong. See `timedatectl`.",
    ),
    "stepped back": (
        own_events.stepped(-1.5),
        "warning",
        "This machine's clock was set back by 1.5 s: lengths of time across it are wrong. See `timedatectl`.",
    ),
    "reloaded": (own_events.reloaded(2), "info", "The configuration was read anew: 2 targets."),
    "refused": (
        own_events.refused(["f:1:2: no", "f:3:4: neither"]),
        "error",
        "The new configuration is refused, and the one before goes on. Mend this and reload: f:1:2: no; f:3:4: neither",
    ),
    "history lost": (own_events.history_lost("disk full"), "error", "Runs go on without history: disk full"),
    "history back": (own_events.history_back(), "info", "History is kept again."),
    "failing": (
        own_events.delivery_failing("page", "exited\nwith 3"),
        "warning",
        "page does not take messages: exited with 3. They are tried again.",
    ),
    "works": (own_events.delivery_works("page", 1), "info", "page takes messages again, after 1 failure."),
    "given up": (
        own_events.delivery_given_up("page", own_events.history_back(), "exited with 3"),
        "error",
        "page: given up: exited with 3. Not delivered: History is kept again.",
    ),
    "dropped": (
        own_events.delivery_dropped("page", own_events.stopping("x" * 300), 2),
        "error",
        "page: too many messages wait, the oldest was dropped (2 so far). Not delivered: Stopping: " + "x" * 190 + "…",
    ),
    "undelivered": (
        own_events.undelivered("page", own_events.history_back()),
        "error",
        "page: stopped before this was delivered: History is kept again.",
    ),
}


@pytest.mark.parametrize("name", OWN)
def test_own_events(name: str) -> None:
    """What the program says of itself tells what happened and what to do."""
    event, level, sentence = OWN[name]
    assert (event.message, event.level) == (sentence, level)


def test_own_events_have_names_of_their_own() -> None:
    """Programs can tell the events apart, and from the kinds of a change."""
    events: list[Event] = [event for event, _, _ in OWN.values()]
    names = {event.name for event in events}
    assert len(names) == len(OWN) - 1, "a clock stepped forward and back is one"
    assert not names & set(get_args(Kind))


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-5, "0 s"),
        (0.4, "0 s"),
        (45, "45 s"),
        (59.6, "1 min"),
        (60, "1 min"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (3659, "1 h"),
        (7500, "2 h 5 min"),
        (90000, "1 d 1 h"),
    ],
)
def test_length(seconds: float, told: str) -> None:
    """A length of time is told in its two greatest units."""
    assert length(seconds) == told


@pytest.mark.parametrize(("after", "told"), [(0, "10:31:05Z"), (48534, "10:31:05Z"), (48535, "2026-03-01 10:31:05Z")])
def test_moment(after: float, told: str) -> None:
    """A time of another day is told with its date."""
    assert moment(BEGAN, BEGAN + after) == told


@given(st.text())
def test_one_line(text: str) -> None:
    """Whatever is told becomes one line that no terminal takes for a command."""
    assert one_line(text).isprintable()
    assert one_line(one_line(text)) == one_line(text)


IN_CHINESE = {
    "opened": (
        change("opened", "fail", KNOWN),
        (
            "prod：异常，始于 10:31:05Z（2 次运行）：证书已过期（43.141.10.1）（tls.cert-expired）。"
            "处理建议：检查本机时钟：`timedatectl`。检测主机：web1。"
        ),
    ),
    "without a cause": (
        change("opened", "unknown", worst="unknown"),
        "prod：未知，始于 10:31:05Z（2 次运行）：原因不明，运行报告中可以看到哪些项目无法检查。检测主机：web1。",
    ),
    "recovered": (
        change("recovered", "ok", KNOWN, after=3600, ended=3500, count=9),
        (
            "prod：恢复为正常，此前持续 58 分钟 20 秒（始于 10:31:05Z，9 次异常运行）。"
            "原因是：证书已过期（43.141.10.1）（tls.cert-expired）。检测主机：web1。"
        ),
    ),
}


@pytest.mark.parametrize("name", IN_CHINESE)
def test_a_change_in_chinese(name: str) -> None:
    """A cause that was remembered in English is told in Chinese; name and fields stay as they are."""
    seen, message = IN_CHINESE[name]
    with speaking("zh"):
        event = of_change(seen, "web1")
    assert event == msgspec.structs.replace(of_change(seen, "web1"), message=message)


def test_the_programs_own_events_in_chinese() -> None:
    """What a receiver's error says is told again, its name as well."""
    failing = ("the command /bin/tell", "it exited with 3")
    with speaking("zh"):
        event = own_events.delivery_failing(*failing)
    assert event.message == "命令 /bin/tell 没有接收消息：退出码为 3。稍后重试。"
    assert event.fields == own_events.delivery_failing(*failing).fields
