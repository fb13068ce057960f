"""The ledger of phases, and the watch over the event loop's lateness."""

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdoctor.net.ledger import LATE, PHASES, TICK, LagWatch, close

times = st.dictionaries(st.sampled_from(PHASES), st.floats(0, 1e3))


@given(times, st.floats(0, 1e3))
def test_phases_add_up(phases: dict[str, float], rest: float) -> None:
    """The phases and the rest add up to the total; what was not measured stays None."""
    ledger = close(phases, sum(phases.values()) + rest, late=False)
    known = [getattr(ledger, phase) for phase in PHASES]
    assert [value is None for value in known] == [phase not in phases for phase in PHASES]
    assert sum(value or 0.0 for value in known) + (ledger.other or 0.0) == pytest.approx(ledger.total)


@pytest.mark.parametrize(("took", "late"), [(TICK, False), (TICK + LATE, False), (TICK + LATE + 0.001, True)])
def test_the_watch_notices_lateness(took: float, *, late: bool) -> None:
    """A tick that took too long makes what was measured meanwhile late, and what came after it not."""
    now = [0.0]
    watch = LagWatch(lambda: now[0])
    watch.begin()
    now[0] = took
    assert watch.late_since(0.0) is late
    watch.end()
    assert watch.late_since(0.0) is late
    assert watch.late_since(took) is False


def test_a_loop_that_was_held_up_is_noticed() -> None:
    """Whoever holds the loop up for longer than a tick and its grace is noticed, while it ticks and after; stopped, it ticks no more."""

    async def held_up(watch: LagWatch) -> list[bool]:
        watch.start()
        await asyncio.sleep(2 * TICK)
        started = watch.now()
        time.sleep(2 * (TICK + LATE))  # noqa: ASYNC251 - this is what is to be noticed
        seen = [watch.late_since(started)]
        await asyncio.sleep(2 * TICK)
        seen.append(watch.late_since(started))
        watch.stop()
        await asyncio.sleep(2 * (TICK + LATE))
        seen.append(watch.late_since(watch.now()))  # nobody has ended the last tick
        return seen

    assert asyncio.run(held_up(LagWatch())) == [True, True, True]
