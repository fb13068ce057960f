"""The bounds that measurements carry: what lies outside of them is what its check warns of."""

import msgspec
import pytest

from imdoctor import Measurement, Observation
from imdoctor.check import Check, Settings
from imdoctor.config.model import Endpoint
from imdoctor.net.certificate import Certificate
from imdoctor.net.connect import Connect
from imdoctor.net.handshake import Handshake
from imdoctor_checks.clock import Clock
from imdoctor_checks.observations import ClockSeen, DateSample, TcpSeen, TlsAddress, TlsSeen, UsersigSeen
from imdoctor_checks.tcp import Tcp
from imdoctor_checks.tls import Tls
from imdoctor_checks.usersig import Usersig
from tests.checks.judging import HOST, findings

SETTINGS = Settings(endpoint=Endpoint(HOST), sdkappid=1400000000, identifier="administrator", credential="usersig")
NOW, DAY = 1_700_000_000.0, 86400.0


def connected(seconds: float) -> TcpSeen:
    """Return an address that took so long."""
    return TcpSeen(connects=(Connect(address="43.141.10.1", port=443, seconds=seconds),))


def shaken(left: float) -> TlsSeen:
    """Return a good handshake, whose certificate ends in so many seconds."""
    leaf = Certificate(subject="", issuer="", not_before=NOW - DAY, not_after=NOW + left, sha256="", pem="")
    shake = Handshake(server_name="a", seconds=0.1, version="TLSv1.3", chain=(leaf,))
    return TlsSeen(now=NOW, paths=(TlsAddress(address="a", handshake=shake),))


def signed(left: float, *, made: bool = False) -> UsersigSeen:
    """Return a usersig that ends in so many seconds."""
    return UsersigSeen(
        version=2,
        identifier="administrator",
        sdkappid=1400000000,
        issued_at=NOW - 30 * DAY,
        expires_at=NOW + left,
        now=NOW,
        made=made,
    )


def dated(offset: float) -> ClockSeen:
    """Return a clock that is off by so many seconds."""
    return ClockSeen(samples=(DateSample(sent_at=NOW, answered_at=NOW + 0.1, date=NOW + offset),))


ROWS = [
    pytest.param(Tcp(), connected(1.0), False, id="connected in a second"),
    pytest.param(Tcp(), connected(1.01), True, id="connected in more"),
    pytest.param(Tls(), shaken(22 * DAY), False, id="a certificate with 22 days left"),
    pytest.param(Tls(), shaken(20 * DAY), True, id="a certificate with 20 days left"),
    pytest.param(Usersig(), signed(8 * DAY), False, id="a usersig with 8 days left"),
    pytest.param(Usersig(), signed(6 * DAY), True, id="a usersig with 6 days left"),
    pytest.param(Usersig(), signed(DAY, made=True), False, id="a usersig made for the run"),
    pytest.param(Usersig(), signed(-DAY), True, id="a usersig that has expired"),
    pytest.param(Clock(), dated(29.0), False, id="a clock 29 s behind"),
    pytest.param(Clock(), dated(33.0), True, id="a clock 33 s behind"),
    pytest.param(Clock(), dated(-33.0), True, id="a clock 33 s ahead"),
]


@pytest.mark.parametrize(("check", "seen", "outside"), ROWS)
def test_a_number_outside_its_bounds_is_a_finding(check: Check, seen: Observation, *, outside: bool) -> None:
    """A measurement lies outside its bounds where its check has something against it, and only there."""
    taken = [item for item in check.judge(seen, SETTINGS, {}) if isinstance(item, Measurement)]
    assert taken
    assert any(out(item) for item in taken) == outside
    assert bool(findings(check, seen, SETTINGS)) == outside


def out(item: Measurement) -> bool:
    """Tell whether a number lies outside of a bound of its."""
    for bounds in (item.warn, item.fail):
        if bounds is not msgspec.UNSET and item.value is not None:
            least, most = bounds
            if (least is not None and item.value < least) or (most is not None and item.value > most):
                return True
    return False
