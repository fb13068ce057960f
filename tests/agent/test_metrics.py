"""The agent's metrics: what it adds to a report's, both formats, and what is rendered once only."""

import asyncio
import shutil
import subprocess

import pytest
from msgspec.structs import replace

from imdoctor.agent.metrics import PER_WATCHED, Exposition
from imdoctor.agent.now import AgentNow
from imdoctor.agent.state import State
from imdoctor.model import Measurement
from imdoctor.render.figures import Form
from tests.agent.knowing import BEGAN, FAILED_NOW, HEALTHY_NOW, STARTED, UNSEEN_NOW, agent, alone, target
from tests.render.reports import HEALTHY, HOST, check
from tests.render.reports import target as reported
from tests.render.test_prometheus import samples_of_openmetrics, series, values

ALL = agent(HEALTHY_NOW, FAILED_NOW, UNSEEN_NOW)


def text(now: AgentNow, form: Form = "plain", exposition: Exposition | None = None) -> str:
    """Return an agent's metrics."""
    return asyncio.run((exposition or Exposition("0.1.0", HOST)).text(now, form))


def test_the_agent_tells_of_itself() -> None:
    """Whether it lives and is ready, how late its loop was, and how often the clock was stepped."""
    told = text(ALL)
    assert values(told, "imdoctor_agent_start_timestamp_seconds") == [STARTED]
    assert values(told, "imdoctor_agent_alive") == values(told, "imdoctor_agent_ready") == [1]
    assert values(told, "imdoctor_agent_loop_lag_seconds") == [0.004]
    assert values(told, "imdoctor_agent_clock_steps_total") == [2]
    assert values(text(agent(alive=False, ready=False)), "imdoctor_agent_alive") == [0]


def test_rounds_and_missed_slots_are_counted() -> None:
    """Both are counters of each target, also of one that was not examined yet."""
    told = text(ALL)
    assert values(told, "imdoctor_runs_total", target="prod") == [3]
    assert values(told, "imdoctor_missed_slots_total", target="prod") == [1]
    assert values(told, "imdoctor_runs_total", target="new") == [0]


def test_the_confirmed_status_stands_beside_the_last() -> None:
    """A rule that is not to fire at the first bad run asks for the confirmed one; a target that nobody examined has neither."""
    told = text(agent(replace(FAILED_NOW, state=State(status="ok")), UNSEEN_NOW))
    assert values(told, "imdoctor_target_status", target="test", status="fail") == [1]
    assert values(told, "imdoctor_target_confirmed_status", target="test", status="fail") == [0]
    assert values(told, "imdoctor_target_confirmed_status", target="test", status="ok") == [1]
    assert values(told, "imdoctor_target_status", target="new") == []
    assert values(told, "imdoctor_target_confirmed_status", target="new") == []


def test_an_open_incident_has_its_start() -> None:
    """Since when a target is in trouble stands there while it is, and not otherwise."""
    told = text(ALL)
    assert values(told, "imdoctor_incident_start_timestamp_seconds") == [BEGAN]
    assert values(told, "imdoctor_incident_start_timestamp_seconds", target="test") == [BEGAN]


def test_flapping_is_told() -> None:
    """A target whose status comes and goes says so."""
    flapping = replace(HEALTHY_NOW, state=State(status="ok", flapping=True))
    assert values(text(agent(flapping)), "imdoctor_target_flapping") == [1]
    assert values(text(ALL), "imdoctor_target_flapping", target="prod") == [0]


def test_both_formats_say_the_same() -> None:
    """OpenMetrics, which its own parser reads, holds the same samples, and its end."""
    told = text(ALL, "openmetrics")
    assert dict(samples_of_openmetrics(told)) == series(text(ALL))
    assert told.endswith("# EOF\n")
    assert told.count("# EOF") == 1


@pytest.mark.needs("program:promtool")
def test_promtool_has_nothing_to_say() -> None:
    """Prometheus' own linter is silent."""
    command = [shutil.which("promtool") or "promtool", "check", "metrics"]
    done = subprocess.run(command, input=text(ALL), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_family_stands_in_one_place() -> None:
    """However many targets there are, a family is described once, and its samples follow."""
    lines = text(ALL).splitlines()
    described = [line for line in lines if line.startswith("# TYPE ")]
    assert len(set(described)) == len(described)
    names = [line.partition("{")[0].partition(" ")[0] for line in lines if not line.startswith("#")]
    runs = [name for name, before in zip(names, ["", *names], strict=False) if name != before]
    assert len(set(runs)) == len(runs)


def test_the_series_of_the_agent_are_counted() -> None:
    """A target has as many series of the agent's own as is documented."""
    told, without = series(text(agent(FAILED_NOW))), series(text(agent()))
    own = {"imdoctor_runs_total", "imdoctor_missed_slots_total", "imdoctor_target_confirmed_status"}
    own |= {"imdoctor_target_flapping", "imdoctor_incident_start_timestamp_seconds"}
    assert sum(name in own for name, _ in told.keys() - without.keys()) == PER_WATCHED


def test_a_change_shows_at_once() -> None:
    """What was rendered before serves again only while the target is just the same."""
    exposition = Exposition("0.1.0", HOST)
    assert values(text(ALL, exposition=exposition), "imdoctor_target_status", target="prod", status="ok") == [1]
    worse = agent(target("prod", alone(replace(HEALTHY, status="fail"), "prod")), FAILED_NOW)
    told = text(worse, exposition=exposition)
    assert values(told, "imdoctor_target_status", target="prod", status="fail") == [1]
    assert values(told, "imdoctor_target_status", target="new") == []
    counted = agent(replace(FAILED_NOW, missed=9))
    assert values(text(counted, exposition=exposition), "imdoctor_missed_slots_total") == [9]
    assert text(ALL, exposition=exposition) == text(ALL)


def test_no_check_takes_the_agents_names() -> None:
    """A measurement that would be called as a figure of the agent is left out, and counted."""
    check_of_that_name = check("agent", measurements=(Measurement("alive", 7.0, "count"),))
    told = text(agent(target("prod", alone(reported("prod", "ok", (check_of_that_name,)), "prod"))))
    assert values(told, "imdoctor_agent_alive") == [1]
    assert values(told, "imdoctor_left_out") == [1]


def test_two_targets_agree_on_a_name() -> None:
    """A name that means one thing for one target means no other for the next."""
    first = check("x", measurements=(Measurement("y", 1.0, "count"),))
    second = check("x", measurements=(Measurement("y", 1.0, "info"),))
    both = [target(name, alone(reported(name, "ok", (one,)), name)) for name, one in (("a", first), ("b", second))]
    told = text(agent(*both), "openmetrics")
    assert samples_of_openmetrics(told)
    assert values(text(agent(*both)), "imdoctor_left_out", target="b") == [1]
