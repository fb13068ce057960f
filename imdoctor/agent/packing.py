"""A run in few bytes: what repeats from run to run is kept once, as a part with a number, and times in microseconds.

A check's name and all but the values of its measurements are such a part (a Shape), and so is a cause. What is
left of a run are those numbers, statuses and values: some 150 bytes in the place of 2,600.
"""

import math
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec.structs import replace

from imdoctor.agent.record import CauseSeen, CheckSeen, RunRecord
from imdoctor.model import Measurement, Status, Unit

STATUSES: tuple[Status, ...] = ("ok", "warn", "fail", "unknown", "blocked", "skipped")
"""Their numbers in the database: add at the end only."""
MICRO = 1_000_000
LONGEST = 1e12
"""Seconds that still count in microseconds in 64 bits; what is longer stays as it is."""


class Shape(msgspec.Struct, frozen=True, array_like=True):
    """A check, and what it measures."""

    name: str
    measured: tuple[Measurement, ...]
    """Without their values."""


class CheckPacked(msgspec.Struct, frozen=True, array_like=True):
    """A check of one run: the number of its shape, and its values in the shape's order; seconds as whole microseconds."""

    shape: int
    status: int
    seconds: int | float | None
    values: tuple[int | float | None, ...]


class RunPacked(msgspec.Struct, frozen=True, array_like=True):
    """The causes of a run by number, and its checks."""

    causes: tuple[int, ...]
    checks: tuple[CheckPacked, ...]


def pack(run: RunRecord, number: Callable[[bytes], int]) -> bytes:
    """Return a run's causes and checks; ``number`` gives each part that is kept once its number."""
    encode = msgspec.msgpack.encode
    checks = [
        CheckPacked(
            number(encode(Shape(check.name, tuple(replace(it, value=None) for it in check.measurements)))),
            STATUSES.index(check.status),
            _smaller(check.seconds, "seconds"),
            tuple(_smaller(it.value, it.unit) for it in check.measurements),
        )
        for check in run.checks
    ]
    return encode(RunPacked(tuple(number(encode(cause)) for cause in run.causes), tuple(checks)))


def unpack(packed: bytes, part: Callable[[int], bytes]) -> tuple[tuple[CauseSeen, ...], tuple[CheckSeen, ...]]:
    """Return a run's causes and checks. Raises msgspec.MsgspecError, LookupError or ValueError for what is damaged."""
    found = msgspec.msgpack.decode(packed, type=RunPacked)
    causes = tuple(msgspec.msgpack.decode(part(number), type=CauseSeen) for number in found.causes)
    return causes, tuple(_check(check, msgspec.msgpack.decode(part(check.shape), type=Shape)) for check in found.checks)


def _check(check: CheckPacked, shape: Shape) -> CheckSeen:
    return CheckSeen(
        name=shape.name,
        status=STATUSES[check.status],
        seconds=_larger(check.seconds, "seconds"),
        measurements=tuple(
            replace(item, value=_larger(value, item.unit))
            for item, value in zip(shape.measured, check.values, strict=True)
        ),
    )


def _smaller(value: float | None, unit: Unit) -> float | None:
    """Return a number as it takes the fewest bytes: a whole one if it can be."""
    if value is None or not math.isfinite(value) or abs(value) >= LONGEST:
        return value
    if unit == "seconds":
        return round(value * MICRO)
    return int(value) if value == int(value) else value


def _larger(value: float | None, unit: Unit) -> float | None:
    if value is None:
        return None
    return value / MICRO if unit == "seconds" and isinstance(value, int) else float(value)


def storable(run: RunRecord) -> RunRecord:
    """Return a run that can be written: half a character of somebody's text, which UTF-8 has no form for, as an escape."""
    try:
        msgspec.msgpack.encode(run)
    except UnicodeEncodeError:
        return msgspec.convert(_escaped(msgspec.to_builtins(run)), RunRecord)
    return run


def _escaped(value: Any) -> Any:  # noqa: ANN401 - whatever a Struct holds
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_escaped(key): _escaped(item) for key, item in value.items()}
    return [_escaped(item) for item in value] if isinstance(value, list | tuple) else value
