"""What an agent knows, as literals: for whoever shows it."""

from typing import Any

from msgspec.structs import replace

from imdoctor.agent.now import AgentNow, TargetNow
from imdoctor.agent.record import CauseSeen
from imdoctor.agent.state import Incident, State
from imdoctor.config.secrets import Mask, Secret
from imdoctor.model import Cause, Report, TargetReport
from tests.render.reports import EXPIRED, FAILED, HEALTHY, report

STARTED = 1772366000.0
BEGAN = 1772366100.0
SECRET = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
MASK = Mask.of([Secret(SECRET)])
OPEN = State(
    status="fail",
    since=BEGAN,
    incident=Incident(
        began=BEGAN,
        confirmed_at=BEGAN + 60,
        status="fail",
        causes=(CauseSeen(code="tls.cert-expired", severity="fail", title="The certificate has expired"),),
        count=2,
    ),
)
LEAKING: Cause = replace(EXPIRED, address=f"10.0.0.1/{SECRET}", because=[f"the server said {SECRET}"])


def alone(target: TargetReport, name: str) -> Report:
    """Return a run's report of one target."""
    return report(replace(target, name=name))


def target(name: str = "prod", run: Report | None = None, **more: Any) -> TargetNow:
    """Return a target as it is now."""
    fields = {"endpoint": "console.tim.qq.com:443", "report": run, "runs": 3, "missed": 1, **more}
    return TargetNow(name=name, **fields)


HEALTHY_NOW = target("prod", alone(HEALTHY, "prod"), state=State(status="ok", since=STARTED))
FAILED_NOW = target("test", alone(FAILED, "test"), state=OPEN)
UNSEEN_NOW = target("new", runs=0, missed=0)
LEAKING_NOW = target("leaky", alone(replace(FAILED, diagnosis=[LEAKING]), "leaky"))


def agent(*targets: TargetNow, **more: Any) -> AgentNow:
    """Return an agent as it is now."""
    fields = {"started_at": STARTED, "ready": True, "loop_lag": 0.004, "clock_steps": 2, **more}
    return AgentNow(targets=targets, **fields)
