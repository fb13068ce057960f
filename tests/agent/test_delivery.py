"""The outbox: order, retries, a queue that is full, and nothing lost in silence. No test waits: its time is virtual."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdoctor.agent.delivery import DeliveryError, Message, Outbox, Patience
from imdoctor.agent.events import Event

LIMIT = 30.0
"""Seconds that a drain may take before a test hangs no longer."""


def message(number: int) -> Message:
    """Return a message that is known by its number."""
    return Message(event=Event(name="opened", level="error", message=f"#{number}"), report=b"", ok=False)


def number(event: Event) -> int:
    """Return the number of the message that an event tells of."""
    return int(event.message.rpartition("#")[2])


@dataclass
class Pager:
    """A receiver that does as its script says: "ok", "no", "never" (a final refusal) or "hang"; then ``rest``."""

    script: list[str] = field(default_factory=list)
    rest: str = "ok"
    name: str = "pager"
    tried: list[int] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)
    closed: int = 0

    async def deliver(self, message: Message) -> None:
        """Take a message, or do not."""
        self.tried.append(number(message.event))
        await asyncio.sleep(0)
        match self.script.pop(0) if self.script else self.rest:
            case "hang":
                await asyncio.Event().wait()
            case "ok":
                self.taken.append(number(message.event))
            case how:
                raise DeliveryError("it says no", final=how == "never")

    async def aclose(self) -> None:
        """Count the closings."""
        self.closed += 1


@dataclass
class World:
    """An outbox with all that it is given, in virtual time."""

    pager: Pager
    told: list[Event] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    now: float = 0.0

    async def sleep(self, seconds: float) -> None:
        """Let virtual time pass."""
        self.waits.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)

    def outbox(
        self,
        *,
        size: int = 100,
        fresh: bool = False,
        patience: Patience | None = None,
        sleep: Callable[[float], Awaitable[None]] | None = None,
    ) -> Outbox:
        """Return the outbox."""
        return Outbox(
            self.pager,
            tell=self.told.append,
            size=size,
            fresh=fresh,
            patience=patience or Patience(),
            clock=lambda: self.now,
            sleep=sleep or self.sleep,
            chance=lambda: 0.5,
        )

    def names(self) -> list[str]:
        """Return what was told, by name."""
        return [event.name for event in self.told]

    def lost(self) -> list[int]:
        """Return the messages that were told as lost."""
        lost = {"delivery-dropped", "delivery-given-up", "delivery-undelivered"}
        return [number(event) for event in self.told if event.name in lost]


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(2000):
        await asyncio.sleep(0)


async def through(outbox: Outbox, steps: Callable[[], Awaitable[None]], *, limit: float = LIMIT) -> None:
    """Run an outbox while the steps are taken, then drain it."""
    worker = asyncio.create_task(outbox.run())
    await steps()
    await outbox.drain(limit)
    await asyncio.sleep(0)  # a worker that had not begun yet has its turn, and finds nothing to do
    assert worker.done()


def play(world: World, numbers: Iterable[int], *, size: int = 100, patience: Patience | None = None) -> World:
    """Put messages one by one, each time when all is quiet, and drain."""

    async def go() -> None:
        outbox = world.outbox(size=size, patience=patience)

        async def steps() -> None:
            for each in numbers:
                outbox.put(message(each))
                await settle()

        await through(outbox, steps)

    asyncio.run(go())
    return world


def test_messages_arrive_in_order() -> None:
    """Messages arrive in the order in which they were put, and there is nothing to tell."""
    world = play(World(Pager()), range(5))
    assert (world.pager.taken, world.told, world.pager.closed) == ([0, 1, 2, 3, 4], [], 1)


def test_retries_back_off() -> None:
    """The waits double from a second to a minute, a little longer each; only the first failure and the recovery are told."""
    world = play(World(Pager(["no"] * 9)), [0, 1])
    assert world.waits == [pytest.approx(1.05 * wait) for wait in (1, 2, 4, 8, 16, 32, 60, 60, 60)]
    assert world.pager.taken == [0, 1]
    assert world.names() == ["delivery-failing", "delivery-works"]
    assert world.told[1].fields["failures"] == 9


@pytest.mark.parametrize(
    ("failures", "chance", "wait"), [(1, 0, 1), (7, 0, 60), (5000, 0, 60), (1, 1, 1.1), (9, 1, 66)]
)
def test_waits(failures: int, chance: float, wait: float) -> None:
    """A wait is bounded, whatever the number of failures."""
    assert Patience().wait(failures, chance) == pytest.approx(wait)


@pytest.mark.parametrize(
    ("pager", "patience", "names", "tried"),
    [
        pytest.param(
            Pager(["never"]), Patience(), ["delivery-given-up", "delivery-works"], [0, 1], id="a final refusal"
        ),
        pytest.param(
            Pager(["no", "no", "no"]),
            Patience(tries=3),
            ["delivery-failing", "delivery-given-up", "delivery-works"],
            [0, 0, 0, 1],
            id="too many tries",
        ),
        pytest.param(
            Pager(["no"] * 4),
            Patience(limit=7),
            ["delivery-failing", "delivery-given-up", "delivery-works"],
            [0, 0, 0, 0, 1],
            id="too old",
        ),
    ],
)
def test_giving_up(pager: Pager, patience: Patience, names: list[str], tried: list[int]) -> None:
    """A message is given up when trying it is of no use any more; that is told, and the next one has its turn."""
    world = play(World(pager), [0, 1], patience=patience)
    assert (world.names(), world.pager.tried, world.lost()) == (names, tried, [0])


def test_an_hour_of_trying() -> None:
    """By default a message is given up an hour after it was put."""
    world = play(World(Pager(rest="no")), [0])
    assert world.lost() == [0]
    assert sum(world.waits[:-1]) < 3600 <= sum(world.waits)


def test_a_full_queue_drops_the_oldest() -> None:
    """While one message hangs, a full queue drops the oldest that waits, and says which and how many."""
    world = World(Pager(["hang"]))

    async def go() -> None:
        outbox = world.outbox(size=2)

        async def steps() -> None:
            for each in range(5):
                outbox.put(message(each))
                await settle()

        await through(outbox, steps, limit=0)

    asyncio.run(go())
    dropped = [event for event in world.told if event.name == "delivery-dropped"]
    assert [(number(event), event.fields["dropped"]) for event in dropped] == [(1, 1), (2, 2)]
    assert world.names()[2:] == ["delivery-undelivered"] * 3
    assert world.lost() == [1, 2, 0, 3, 4]


def test_only_the_newest_is_fresh() -> None:
    """A heartbeat's newer message takes the place of an older one, waiting or refused, without a word."""
    world = World(Pager(["no", "no"]))

    async def go() -> None:
        outbox = world.outbox(fresh=True)
        for each in range(3):
            outbox.put(message(each))

        async def steps() -> None:
            await settle()

        await through(outbox, steps)

    asyncio.run(go())
    assert (world.pager.tried, world.pager.taken) == ([2, 2, 2], [2])
    assert world.names() == ["delivery-failing", "delivery-works"]


def test_a_newer_heartbeat_ends_the_tries_of_an_older_one() -> None:
    """A message that is tried again and again gives way to a newer one, and the back-off goes on."""
    world = World(Pager(["no", "no", "no"]))

    async def go() -> None:
        async def sleep(seconds: float) -> None:
            await world.sleep(seconds)
            if len(world.waits) == 2:
                outbox.put(message(1))

        outbox = world.outbox(fresh=True, sleep=sleep)
        outbox.put(message(0))
        await through(outbox, settle)

    asyncio.run(go())
    assert (world.pager.tried, world.pager.taken) == ([0, 0, 1, 1], [1])
    assert world.waits == [pytest.approx(1.05 * wait) for wait in (1, 2, 4)]


def test_draining_hurries() -> None:
    """The end does not wait for a back-off: each message has one more try, and what stays is told."""
    world = World(Pager(["no", "no", "ok", "no"]))

    async def forever(seconds: float) -> None:
        world.waits.append(seconds)
        await asyncio.Event().wait()

    async def go() -> None:
        outbox = world.outbox(sleep=forever)
        for each in range(3):
            outbox.put(message(each))
        await through(outbox, settle)

    asyncio.run(go())
    assert (world.pager.tried, world.pager.taken, world.lost()) == ([0, 0, 1, 2], [1], [0, 2])
    assert world.names() == ["delivery-failing", "delivery-undelivered", "delivery-works", "delivery-undelivered"]


def test_draining_does_not_wait_for_a_receiver_that_hangs() -> None:
    """A drain ends when its time is over, and tells what stays undelivered, the message under way first."""
    world = World(Pager(rest="hang"))

    async def go() -> None:
        outbox = world.outbox()
        for each in range(2):
            outbox.put(message(each))
        await through(outbox, settle, limit=0.01)
        outbox.put(message(2))

    asyncio.run(go())
    assert (world.lost(), world.names()) == ([0, 1, 2], ["delivery-undelivered"] * 3)
    assert world.pager.closed == 1


def test_draining_without_a_worker() -> None:
    """An outbox whose worker never ran, or was cancelled, tells everything as undelivered."""
    idle, cancelled = World(Pager()), World(Pager(rest="hang"))

    async def go() -> None:
        outbox = idle.outbox()
        outbox.put(message(0))
        await outbox.drain(LIMIT)
        outbox = cancelled.outbox()
        outbox.put(message(1))
        worker = asyncio.create_task(outbox.run())
        await settle()
        worker.cancel()
        await outbox.drain(LIMIT)

    asyncio.run(go())
    assert (idle.lost(), cancelled.lost()) == ([0], [1])


STEPS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 12)), max_size=12)
"""How many messages are put, and how many turns the loop then has."""
SCRIPTS = st.lists(st.sampled_from(["ok", "ok", "no", "no", "never", "hang"]), max_size=30)


@given(STEPS, SCRIPTS, st.integers(1, 5), st.integers(1, 4), st.booleans())
def test_nothing_is_lost_in_silence(
    steps: list[tuple[int, int]],
    script: list[str],
    size: int,
    tries: int,
    run: bool,
) -> None:
    """Whatever happens, each message is delivered once or told as lost once, and those delivered keep their order."""
    world = World(Pager(list(script)))
    total = sum(count for count, _ in steps)

    async def go() -> None:
        outbox = world.outbox(size=size, patience=Patience(tries=tries))

        async def put() -> None:
            numbers = iter(range(total))
            for count, turns in steps:
                for _ in range(count):
                    outbox.put(message(next(numbers)))
                for _ in range(turns):
                    await asyncio.sleep(0)

        if run:
            await through(outbox, put, limit=0.002)
        else:
            await put()
            await outbox.drain(0)

    asyncio.run(go())
    assert sorted(world.pager.taken + world.lost()) == list(range(total))
    assert world.pager.taken == sorted(world.pager.taken)
    assert world.names().count("delivery-works") <= sum(how in {"no", "never"} for how in script)


@given(STEPS, SCRIPTS)
def test_heartbeats_never_go_back(steps: list[tuple[int, int]], script: list[str]) -> None:
    """Heartbeats are tried in their order, and the last one is delivered or told as lost."""
    world = World(Pager(list(script)))
    total = sum(count for count, _ in steps)

    async def go() -> None:
        outbox = world.outbox(fresh=True)

        async def put() -> None:
            numbers = iter(range(total))
            for count, turns in steps:
                for _ in range(count):
                    outbox.put(message(next(numbers)))
                for _ in range(turns):
                    await asyncio.sleep(0)

        await through(outbox, put, limit=0.002)

    asyncio.run(go())
    assert world.pager.tried == sorted(world.pager.tried)
    assert not total or (total - 1) in world.pager.taken + world.lost()
    assert "delivery-dropped" not in world.names()
