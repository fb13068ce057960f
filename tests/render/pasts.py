"""The past of a target as literals: runs a minute apart, with a gap, a slow spell and a fault that is still there."""

from msgspec.structs import replace

from imdoctor.model import Measurement, Report
from imdoctor.render.past import Past, Point, Run, Trouble
from tests.render.reports import FAILED, HOSTILE, LEDGER, TIMED, call, report

BEGIN = 1772280000.0
"""2026-02-28 12:00 UTC."""
MINUTE = 60.0


def run(number: int) -> Run:
    """Return one run: slow from the 30th to the 39th, failed from the 100th on."""
    bad, slow = number >= 100, 4.0 if 30 <= number < 40 else 1.0
    lookup = Measurement("lookup", 0.06 * slow, "seconds", {"server": "119.29.29.29", "type": "A"}, warn=(0.0, 0.2))
    connect = Measurement("connect", 0.0213, "seconds", {"address": "203.0.113.7"}, warn=(0.0, 1.0))
    calls = call("cold", **{name: seconds * slow for name, seconds in LEDGER.items()})
    checks = {
        "dns": Point(status="warn" if slow > 1 else "ok", measurements=(lookup,)),
        "tcp": Point(status="ok", measurements=(connect,)),
        "tls": Point(status="fail" if bad else "ok"),
        "probe": Point(status="blocked" if bad else "ok", measurements=() if bad else calls),
    }
    if number % 60 == 0:
        checks["usersig"] = Point(status="ok")
    status = "fail" if bad else checks["dns"].status
    return Run(at=BEGIN + number * MINUTE, status=status, checks=checks)


PAST = Past(
    at=BEGIN + 119 * MINUTE,
    since=BEGIN + 100 * MINUTE,
    flapping=True,
    troubles=(
        Trouble(began=BEGIN + 100 * MINUTE, status="fail", causes=("The certificate has expired",)),
        Trouble(began=BEGIN - 7200, ended=BEGIN - 3600, status="warn", causes=("Slow", HOSTILE)),
    ),
    runs=tuple(run(number) for number in range(120) if not 60 <= number < 70),
)
WATCHED: Report = report(FAILED, replace(TIMED, name="frankfurt"))
"""Two targets, of which the first has this past."""
