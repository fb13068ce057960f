"""What runs remember: for how long, whose it is, and that of several who ask at once one makes it."""

import asyncio
from dataclasses import dataclass, field

import msgspec
import pytest

from imdoctor.memory import Entry, Memory


class Fact(msgspec.Struct, frozen=True):
    """Something worth remembering."""

    number: int


class Other(msgspec.Struct, frozen=True):
    """What another release keeps under the same name."""

    text: str


@dataclass
class Clock:
    """A wall clock that a test sets."""

    now: float = 1_700_000_000.0

    def __call__(self) -> float:
        """Return the time (Unix seconds)."""
        return self.now


@dataclass
class Maker:
    """Makes facts, and counts them; it may have nothing to make one of."""

    made: int = 0
    nothing: bool = False
    waits: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self) -> Fact | None:
        """Make one, when it may."""
        await self.waits.wait()
        self.made += 1
        return None if self.nothing else Fact(self.made)


def lasting(clock: Clock) -> Memory:
    """Return a memory that lasts."""
    return Memory(lasting=True, wall=clock)


@pytest.mark.parametrize(
    ("age", "known"), [(0.0, True), (59.9, True), (60.0, False), (-1.0, False)], ids=["now", "young", "old", "ahead"]
)
def test_what_is_kept_is_known_for_a_while(age: float, *, known: bool) -> None:
    """A value is recalled until it is too old; one from the future (the clock was set back) is not."""
    clock = Clock()
    memory = lasting(clock)
    memory.keep("fact", Fact(7))
    clock.now += age
    found = memory.recall("fact", Fact, within=60.0)
    assert (found is not None) is known
    assert found is None or (found.value, round(found.age, 3)) == (Fact(7), age)


def test_a_run_of_its_own_remembers_nothing() -> None:
    """A memory that does not last keeps nothing, and makes what it is asked for each time."""
    memory = Memory()
    memory.keep("fact", Fact(7))
    assert memory.recall("fact", Fact) is None
    maker = Maker()
    maker.waits.set()

    async def twice() -> None:
        for _ in range(2):
            await memory.lately("fact", Fact, 60.0, maker)

    asyncio.run(twice())
    assert maker.made == 2


def test_each_target_has_its_own() -> None:
    """What one target keeps no other recalls, nor the host."""
    memory = lasting(Clock())
    memory.of("prod").keep("fact", Fact(1))
    assert memory.of("test").recall("fact", Fact) is None
    assert memory.recall("fact", Fact) is None
    found = memory.of("prod").recall("fact", Fact)
    assert found is not None
    assert found.value == Fact(1)
    assert memory.changed == {("prod", "fact")}


@pytest.mark.parametrize("value", [b"", b"\xc1", msgspec.msgpack.encode(Other("x")), msgspec.msgpack.encode([1, 2])])
def test_what_another_release_kept_is_not_known(value: bytes) -> None:
    """A value in another form is as good as none."""
    clock = Clock()
    memory = Memory(lasting=True, wall=clock, entries={("", "fact"): Entry(clock.now, value)})
    assert memory.recall("fact", Fact) is None


def test_several_who_ask_at_once_get_one() -> None:
    """Of several who ask for the same at the same time one makes it, and all get it; later ones until it is too old."""
    clock, maker = Clock(), Maker()
    memory = lasting(clock)

    async def ask() -> list[int | None]:
        asked = [asyncio.create_task(memory.lately("fact", Fact, 60.0, maker)) for _ in range(5)]
        await asyncio.sleep(0)
        maker.waits.set()
        found = [await one for one in asked]
        found.append(await memory.lately("fact", Fact, 60.0, maker))
        clock.now += 61
        found.append(await memory.lately("fact", Fact, 60.0, maker))
        return [None if one is None else one.value.number for one in found]

    assert asyncio.run(ask()) == [1, 1, 1, 1, 1, 1, 2]


def test_nothing_is_not_kept() -> None:
    """Where there was nothing to make it of, the next one tries again."""
    maker = Maker(nothing=True)
    maker.waits.set()
    memory = lasting(Clock())

    async def ask() -> list[object]:
        return [await memory.lately("fact", Fact, 60.0, maker) for _ in range(2)]

    assert asyncio.run(ask()) == [None, None]
    assert maker.made == 2


def test_one_who_is_cut_off_leaves_the_others_nothing_to_wait_for() -> None:
    """When the one that makes it is cancelled, those that wait get none, and the next one makes it."""
    maker = Maker()
    memory = lasting(Clock())

    async def ask() -> tuple[object, Fact | None]:
        first = asyncio.create_task(memory.lately("fact", Fact, 60.0, maker))
        await asyncio.sleep(0)
        second = asyncio.create_task(memory.lately("fact", Fact, 60.0, maker))
        await asyncio.sleep(0)
        first.cancel()
        waited = await second
        maker.waits.set()
        found = await memory.lately("fact", Fact, 60.0, maker)
        return waited, None if found is None else found.value

    assert asyncio.run(ask()) == (None, Fact(1))
