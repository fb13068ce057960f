"""Runs to remember, and a process that remembers them: `python -m tests.agent.remembering FOLDER FIRST COUNT SIZE [TARGET]`.

It prints each run's number when it has been remembered, or what went wrong, and prunes as it goes.
"""

import math
import sys
from pathlib import Path

from imdoctor.agent.database import HistoryError
from imdoctor.agent.history import History
from imdoctor.agent.record import CauseSeen, CheckSeen, RunRecord
from imdoctor.model import Measurement, Status

ROOT = Path(__file__).parents[2]
DAY = 86400.0
LARGE = 256 * 1024 * 1024


def wall() -> float:
    """Return a time of day that stands."""
    return 1_800_000_000.0


def opened(folder: Path, *, keep: float = 30 * DAY, size: int = LARGE, check: bool = False) -> History:
    """Open a history."""
    return History.open(folder, keep=keep, size=size, wall=wall, check=check)


def cause(code: str = "tls.cert-expired") -> CauseSeen:
    """Return a cause."""
    return CauseSeen(
        code=code, severity="fail", title="The certificate has expired", address="203.0.113.7", remedy="Renew."
    )


def run(number: int, status: Status = "ok", *, target: str = "prod", causes: tuple[CauseSeen, ...] = ()) -> RunRecord:
    """Return a run: the n-th, one a minute."""
    labels = {"address": "203.0.113.7"}
    measured = (
        Measurement("connect", 0.002 + number % 100 * 1e-5, "seconds", labels),
        Measurement("rtt", None, "seconds", labels),
        Measurement("hops", float(number % 7), "count"),
    )
    return RunRecord(
        target=target,
        at=60.0 * number,
        seconds=0.5,
        status=status,
        causes=causes if status != "ok" else (),
        checks=(CheckSeen(name="tcp", status="ok", seconds=0.004, measurements=measured),),
    )


def main(folder: str, first: str, count: str, size: str, target: str = "prod") -> None:
    """Remember runs until they are done or this process is."""
    history = History.open(Path(folder), keep=math.inf, size=int(size), wall=wall)
    for number in range(int(first), int(first) + int(count)):
        try:
            history.fold(run(number, target=target), 2)
            history.prune()
            print(number, flush=True)  # noqa: T201 - to the test that started it
        except HistoryError as error:
            print(error, flush=True)  # noqa: T201 - as above
    history.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
