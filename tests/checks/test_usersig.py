"""The `usersig` check: form, owner, time by the server's clock, and the server's own word."""

import asyncio
from typing import Any

import msgspec
import pytest

from imdoctor.check import Context, Deadline, Finding, Settings
from imdoctor.config.model import Endpoint
from imdoctor.config.secrets import Credential, Secret
from imdoctor.im import usersig as codec
from imdoctor.net.machine import Machine
from imdoctor_checks.observations import ClockSeen, DateSample, UsersigSeen
from imdoctor_checks.usersig import Usersig, read, sound
from imdoctor_checks.words import DAY, duration

KEY = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
NOW = 1_700_000_000.0
MONTH = 30 * DAY


def settings(
    credential: str = "usersig", identifier: str | None = "administrator", sdkappid: int | None = 1400000000
) -> Settings:
    """Return the target's settings."""
    return Settings(
        endpoint=Endpoint("im.example.com"), sdkappid=sdkappid, identifier=identifier, credential=credential
    )


def good(**more: Any) -> UsersigSeen:
    """Return a sound credential, but for what is told."""
    told = {
        "version": 2,
        "identifier": "administrator",
        "sdkappid": 1400000000,
        "issued_at": NOW - DAY,
        "expires_at": NOW + MONTH,
        "signature": True,
        "now": NOW,
        **more,
    }
    return UsersigSeen(**told)


def clock(offset: float, uncertainty: float = 0.5) -> ClockSeen:
    """Return Date samples of a server whose clock is ahead of the host's by ``offset`` seconds, give or take."""
    sample = DateSample(
        sent_at=NOW, answered_at=NOW + 2 * uncertainty - 1.0 + 0.0, date=NOW + offset + uncertainty - 1.0
    )
    return ClockSeen(samples=(sample,))


def codes(seen: UsersigSeen, told: Settings, clock_seen: ClockSeen | None = None) -> list[str]:
    """Return the codes of the judgement, the same before and after a trip through JSON."""
    others = {"clock": clock_seen} if clock_seen else {}
    replayed = msgspec.json.decode(msgspec.json.encode(seen), type=UsersigSeen)
    found, again = (
        [item.code for item in Usersig().judge(one, told, others) if isinstance(item, Finding)]
        for one in (seen, replayed)
    )
    assert found == again
    return found


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        pytest.param(good(), [], id="sound"),
        pytest.param(UsersigSeen(fault="charset", detail="a blank", now=NOW), ["usersig.malformed"], id="malformed"),
        pytest.param(UsersigSeen(fault="truncated", detail="", now=NOW), ["usersig.truncated"], id="truncated"),
        pytest.param(
            UsersigSeen(fault="double-encoded", detail="", now=NOW), ["usersig.double-encoded"], id="encoded twice"
        ),
        pytest.param(
            good(key_fault="whitespace", signature=True), ["usersig.key-whitespace"], id="blank at the key's end"
        ),
        pytest.param(good(key_fault="private-key-pem"), ["usersig.wrong-key"], id="a version 1 key as a version 2 key"),
        pytest.param(good(signature=False), ["usersig.wrong-key"], id="signed with another key"),
        pytest.param(good(signature=None), [], id="no key at hand"),
        pytest.param(good(identifier="Administrator"), ["usersig.identifier-mismatch"], id="another identifier"),
        pytest.param(good(sdkappid=1400000001), ["usersig.sdkappid-mismatch"], id="another app"),
        pytest.param(good(expires_at=NOW), ["usersig.expired"], id="expired this second"),
        pytest.param(good(expires_at=NOW + 1), ["usersig.expiring"], id="expires next second"),
        pytest.param(good(expires_at=NOW + 7 * DAY), ["usersig.expiring"], id="7 days left"),
        pytest.param(good(expires_at=NOW + 7 * DAY + 1), [], id="over 7 days left"),
        pytest.param(good(issued_at=NOW), [], id="made now"),
        pytest.param(good(issued_at=NOW + 1), ["usersig.not-yet-valid"], id="made in a second"),
        pytest.param(
            good(issued_at=NOW - DAY, expires_at=NOW - 1),
            ["usersig.expired", "usersig.lifetime"],
            id="expired and short",
        ),
        pytest.param(good(issued_at=NOW, expires_at=NOW + 50 * 365.25 * DAY), [], id="50 years"),
        pytest.param(
            good(issued_at=NOW, expires_at=NOW + 50 * 365.25 * DAY + 1), ["usersig.lifetime"], id="over 50 years"
        ),
        pytest.param(good(made=True, issued_at=NOW, expires_at=NOW + DAY), [], id="made for this run"),
        pytest.param(good(version=1, signature=None), ["usersig.legacy"], id="version 1"),
    ],
)
def test_judgement(seen: UsersigSeen, expected: list[str]) -> None:
    """Each code, and its neighbour on the other side of every comparison."""
    assert codes(seen, settings()) == expected


@pytest.mark.parametrize(
    ("seen", "offset", "expected"),
    [
        pytest.param(good(expires_at=NOW + 40 * DAY), 0.0, [], id="clocks agree"),
        pytest.param(
            good(issued_at=NOW - 2 * DAY, expires_at=NOW - 60),
            -600.0,
            ["usersig.expiring"],
            id="expired here, valid at the server",
        ),
        pytest.param(good(expires_at=NOW + 60), 600.0, ["usersig.expired"], id="valid here, expired at the server"),
        pytest.param(good(expires_at=NOW + 600), 600.0, ["usersig.undecidable"], id="ends within the uncertainty"),
        pytest.param(good(issued_at=NOW + 60), 600.0, [], id="in the future here, valid at the server"),
        pytest.param(
            good(issued_at=NOW - 60), -600.0, ["usersig.not-yet-valid"], id="valid here, in the future at the server"
        ),
    ],
)
def test_time_is_the_servers(seen: UsersigSeen, offset: float, expected: list[str]) -> None:
    """Validity is judged over the interval in which the server's time lies."""
    assert codes(seen, settings(), clock(offset)) == expected


def test_missing() -> None:
    """An identifier without a credential is a warning."""
    assert codes(UsersigSeen(), settings("none")) == ["usersig.missing"]


def context(told: Settings, credential: Credential) -> Context:
    """Return a context at a fixed time."""
    return Context(settings=told, machine=Machine(wall=lambda: NOW), deadline=Deadline.after(1), credential=credential)


def test_nothing_configured_is_skipped() -> None:
    """Without identifier and credential the question does not apply."""
    seen = asyncio.run(Usersig().observe(context(settings("none", identifier=None), Credential())))
    assert seen.skipped


@pytest.mark.parametrize(
    ("key", "identifier", "made_at", "sendable", "found"),
    [
        pytest.param(KEY, "administrator", NOW, True, [], id="sound"),
        pytest.param(KEY + "x", "administrator", NOW, False, ["usersig.wrong-key"], id="made with another key"),
        pytest.param(KEY, "someone", NOW, False, ["usersig.identifier-mismatch"], id="for somebody else"),
        pytest.param(KEY, "administrator", NOW - 2 * MONTH, False, ["usersig.expired"], id="expired"),
        pytest.param(KEY, "administrator", NOW + 60, False, ["usersig.not-yet-valid"], id="in the future"),
    ],
)
def test_a_bad_credential_is_not_sendable(
    key: str, identifier: str, made_at: float, *, sendable: bool, found: list[str]
) -> None:
    """What is judged bad here may not be sent; the observation holds no signature and no key."""
    text = codec.make(key=key, sdkappid=1400000000, identifier=identifier, time=int(made_at), expire=int(MONTH))
    credential = Credential(usersig=Secret(text), secret_key=Secret(KEY))
    seen = asyncio.run(Usersig().observe(context(settings("secret_key"), credential)))
    assert (seen.sendable, codes(seen, settings("secret_key"))) == (sendable, found)
    shown = msgspec.json.encode(seen).decode()
    assert KEY not in shown
    assert text[20:60] not in shown


@pytest.mark.parametrize("text", ["", "eJw", "not a usersig", "%2A%2A"])
def test_rubbish_is_never_sendable(text: str) -> None:
    """A text that does not decode may not be sent."""
    assert not sound(read(text, key=None, made=False, now=NOW), settings())


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (119, "119 s"),
        (120, "2.0 min"),
        (7200, "2.0 h"),
        (2 * DAY, "2.0 days"),
        (21 * DAY, "21 days"),
        (4 * 365.25 * DAY, "4.0 years"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    """A duration is shown in its largest fitting unit."""
    assert duration(seconds) == text
