"""What the agent remembers, as its page draws it: from the history's file to the page."""

from pathlib import Path

from msgspec.structs import replace

from imdoctor.agent.past import past_of
from imdoctor.agent.record import CheckSeen
from imdoctor.agent.state import State
from imdoctor.model import Measurement, Status
from imdoctor.render.html import page
from imdoctor.render.past import Past
from tests.agent.remembering import cause, opened, run
from tests.render.reports import FAILED, report


def test_a_history_is_drawn(tmp_path: Path) -> None:
    """Runs, limits, the state and the incidents go from the history's file into the page."""
    history = opened(tmp_path)
    limited = Measurement("handshake", 0.4, "seconds", warn=(0.0, 0.5))
    for number in range(1, 11):
        status: Status = "fail" if 3 <= number < 5 or number >= 8 else "ok"
        checks = (CheckSeen(name="tls", status=status, measurements=(limited,)),)
        history.fold(replace(run(number, status, causes=(cause(),)), checks=checks), 2)
    incidents = [known.incident for known in history.incidents("prod")]
    past = past_of(history.state("prod"), history.runs("prod"), incidents)
    history.close()
    assert (past.at, past.since, past.flapping) == (600.0, 480.0, False)
    assert [(one.began, one.ended, one.causes) for one in past.troubles] == [
        (480.0, None, ("The certificate has expired",)),
        (180.0, 300.0, ("The certificate has expired",)),
    ]
    shown = page(report(FAILED), {"prod": past})
    assert "handshake: 400 ms at the longest, limit 500 ms" in shown
    assert "In this state since <time" in shown


def test_an_agent_that_just_began() -> None:
    """Without a run there is no past."""
    assert past_of(State(), (), ()) == Past()
