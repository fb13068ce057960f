"""The `clock` check: an interval from Date headers, and what a wrong clock changes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdoctor.check import Observation
from imdoctor.net.call import Call
from imdoctor.net.certificate import Certificate
from imdoctor.net.handshake import Handshake
from imdoctor_checks.clock import Clock, _sample
from imdoctor_checks.observations import ClockSeen, DateSample, ServerTime, TlsAddress, TlsSeen, UsersigSeen, bounds
from tests.checks.judging import codes, findings

NOW = 1_700_000_000.0
DAY = 86400.0


def sample(offset: float, trip: float = 0.1) -> DateSample:
    """Return a Date header of a server whose clock is ahead by ``offset`` seconds, its fraction cut off."""
    return DateSample(sent_at=NOW, answered_at=NOW + trip, date=float(int(NOW + trip / 2 + offset)))


def tls(starts: float, ends: float, *, passes: bool | None = None) -> TlsSeen:
    """Return a chain that did not verify, with these dates from now; ``passes``: as of the server's time."""
    leaf = Certificate(subject="", issuer="", not_before=NOW + starts, not_after=NOW + ends, sha256="", pem="")
    shake = Handshake(server_name="a", error="verify", chain=(leaf,))
    looked = ServerTime(at=NOW, passes=passes)
    return TlsSeen(now=NOW, paths=(TlsAddress(address="a", handshake=shake, server_time=looked),))


def usersig(starts: float, ends: float) -> UsersigSeen:
    """Return a usersig with these times from now."""
    return UsersigSeen(issued_at=NOW + starts, expires_at=NOW + ends, now=NOW)


@pytest.mark.parametrize(
    ("samples", "others", "expected"),
    [
        pytest.param((), {}, ["clock.unknown"], id="no Date"),
        pytest.param((sample(0.0),), {}, [], id="right"),
        pytest.param((sample(29.0),), {}, [], id="29 s behind"),
        pytest.param((sample(33.0),), {}, ["clock.skewed"], id="33 s behind"),
        pytest.param((sample(-33.0),), {}, ["clock.skewed"], id="33 s ahead"),
        pytest.param(
            (sample(600.0),), {"tls": tls(-DAY, DAY)}, ["clock.skewed"], id="10 minutes change no certificate"
        ),
        pytest.param(
            (sample(-2 * DAY),),
            {"tls": tls(-30 * DAY, -DAY)},
            ["clock.skewed:fail"],
            id="by the server's time not expired",
        ),
        pytest.param(
            (sample(-2 * DAY),), {"tls": tls(-900 * DAY, -400 * DAY)}, ["clock.skewed"], id="expired by either"
        ),
        pytest.param(
            (sample(-2 * DAY),),
            {"tls": tls(-30 * DAY, -DAY, passes=False)},
            ["clock.skewed"],
            id="verified as of the server's time it fails as well",
        ),
        pytest.param(
            (sample(-2 * DAY),),
            {"tls": tls(-30 * DAY, -DAY, passes=True)},
            ["clock.skewed:fail"],
            id="verified as of the server's time it passes",
        ),
        pytest.param(
            (sample(2 * DAY),),
            {"tls": tls(DAY, 90 * DAY)},
            ["clock.skewed:fail"],
            id="by the server's time valid already",
        ),
        pytest.param(
            (sample(600.0),), {"usersig": usersig(-60, 300)}, ["clock.skewed:fail"], id="the usersig is over there"
        ),
        pytest.param(
            (sample(600.0),), {"usersig": usersig(-60, 900)}, ["clock.skewed"], id="the usersig is valid by either"
        ),
    ],
)
def test_judgement(samples: tuple[DateSample, ...], others: dict[str, Observation], expected: list[str]) -> None:
    """A clock is off from 30 s on, and that is a failure where it changes a verdict."""
    assert codes(Clock(), ClockSeen(samples=samples), others=others) == expected


def test_a_wrong_clock_explains_what_it_changes_only() -> None:
    """What the server's own time would take back is explained, and nothing else."""
    (finding,) = findings(Clock(), ClockSeen(samples=(sample(-2 * DAY),)), others={"tls": tls(-30 * DAY, -DAY)})
    assert finding.explains == ("tls.cert-expired",)
    (finding,) = findings(Clock(), ClockSeen(samples=(sample(-2 * DAY),)), others={"tls": tls(-900 * DAY, -400 * DAY)})
    assert finding.explains == ()


@given(
    st.floats(-1e6, 1e6),
    st.lists(st.tuples(st.floats(0, 10), st.floats(0, 10), st.floats(0, 1000)), min_size=1, max_size=5),
)
def test_the_interval_holds_the_truth(offset: float, trips: list[tuple[float, float, float]]) -> None:
    """Whatever the delays each way, the true offset lies in the interval."""
    samples = []
    for there, back, later in trips:
        sent = NOW + later
        samples.append(
            DateSample(sent_at=sent, answered_at=sent + there + back, date=float((sent + there + offset) // 1))
        )
    low, high = bounds(ClockSeen(samples=tuple(samples))) or (1.0, -1.0)
    assert low - 1e-3 <= offset <= high + 1e-3


@pytest.mark.parametrize(
    ("headers", "there"),
    [
        ({"date": "Tue, 14 Nov 2023 22:13:20 GMT"}, True),
        ({"date": "Tue, 14 Nov 2023 22:13:20 GMT", "age": "7"}, False),
        ({"date": "yesterday"}, False),
        ({}, False),
    ],
    ids=["a Date", "a Date from a cache", "rubbish", "none"],
)
def test_which_headers_count(headers: dict[str, Any], *, there: bool) -> None:
    """A Date beside an Age comes from a cache and tells another time; rubbish tells none."""
    seen = _sample(Call(request="GET /", kind="cold", headers=headers, sent_at=NOW, answered_at=NOW + 0.1))
    assert (seen is not None) is there
