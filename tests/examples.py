"""Small checks that the engine's tests run: one for each way in which a check may behave."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar

import msgspec

from imdoctor import Context, Egress, Finding, Judged, Measurement, Observation, Settings, Spec, Summary


class NumberSeen(Observation, frozen=True, kw_only=True):
    """A number, as an observation."""

    number: int = 0


class Quiet:
    """What the example checks have in common with every other: they send nothing."""

    def plan(self, ctx: Context) -> Iterable[Egress]:
        """Send nothing."""
        del ctx
        return ()


SPECS = ("too-high", "fail"), ("high", "warn"), ("odd", "info")


class Number(Quiet):
    """Sees a number, and judges it."""

    name: ClassVar[str] = "number"
    title: ClassVar[str] = "Is the number low?"
    step: ClassVar[int | None] = 2
    findings: ClassVar[Mapping[str, Spec]] = {
        "number.too-high": Spec("fail", "Too high", "{number} of {host}", "It is {number}.", ("Lower it.",)),
        "number.high": Spec("warn", "High", "{number}", "It is {number}.", ("Lower it.",)),
        "number.final": Spec("fail", "Final", "{number}", "It is {number}.", ("Leave it.",), final=True),
    }

    def __init__(self, *numbers: int) -> None:
        self.numbers = iter(numbers)

    async def observe(self, ctx: Context) -> NumberSeen:
        """See the next number."""
        await asyncio.sleep(0)
        del ctx
        return NumberSeen(number=next(self.numbers))

    def judge(self, seen: NumberSeen, settings: Settings, others: Mapping[str, Observation]) -> Iterator[Judged]:
        """Judge it: 10 is high, 100 too high, 1000 final."""
        del settings, others
        for least, code in ((1000, "number.final"), (100, "number.too-high"), (10, "number.high")):
            if seen.number >= least:
                yield Finding(code, data={"number": seen.number})
                break
        yield Measurement("number", seen.number, "count")
        yield Summary(f"it is {seen.number}")


class Follower(Quiet):
    """Waits for Number's observation, and is blocked when that is too high."""

    name: ClassVar[str] = "follower"
    title: ClassVar[str] = "Is the number there?"
    step: ClassVar[int | None] = None
    findings: ClassVar[Mapping[str, Spec]] = {}

    async def observe(self, ctx: Context) -> NumberSeen:
        """See what Number saw."""
        seen = await ctx.seen("number", NumberSeen)
        if seen is None or seen.number >= 100:
            return NumberSeen(blocked_by="number")
        return seen

    def judge(self, seen: NumberSeen, settings: Settings, others: Mapping[str, Observation]) -> Iterator[Judged]:
        """Say whether the judgement had the other's observation."""
        del settings
        yield Summary(f"{seen.number} of {sorted(others)}")


class Misbehaving(Quiet):
    """Does whatever a broken check may do, by the word it is made with."""

    name: ClassVar[str] = "misbehaving"
    title: ClassVar[str] = "What can go wrong?"
    step: ClassVar[int | None] = None
    findings: ClassVar[Mapping[str, Spec]] = {}

    def __init__(self, how: str) -> None:
        self.how = how

    async def observe(self, ctx: Context) -> NumberSeen:
        """Crash, hang, or return something else, as told."""
        del ctx
        if self.how == "crash":
            raise KeyError("lost")
        if self.how == "hang":
            await asyncio.Event().wait()
        if self.how == "foreign":
            return msgspec.convert({"a": 1}, dict)  # type: ignore[return-value]  # the wrong type is what is tried
        return NumberSeen(
            skipped="not today" if self.how == "skip" else None,
            unknown="too dark to see" if self.how == "unknown" else None,
        )

    def judge(self, seen: NumberSeen, settings: Settings, others: Mapping[str, Observation]) -> Iterator[Judged]:
        """Crash, or find what was never declared, as told."""
        del seen, settings, others
        if self.how == "crash-judging":
            raise ZeroDivisionError
        if self.how == "undeclared":
            yield Finding("misbehaving.secretly")
        if self.how == "of-no-kind":
            yield "all is well"  # type: ignore[misc]  # the wrong type is what is tried
