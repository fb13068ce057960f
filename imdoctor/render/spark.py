"""Many numbers on one line: a column of blocks for each, or for several in a row."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeVar

BLOCKS = "▁▂▃▄▅▆▇█"
MISSING = "·"
"""Stands where there is no number."""

T = TypeVar("T")


def spark(values: Sequence[float | None], width: int) -> str:
    """Return one line of at most ``width`` columns, scaled from the least number to the greatest, in the order given.

    Where several numbers share a column the greatest is shown: what was slow once is not averaged away.
    """
    shown = [max((value for value in share if value is not None), default=None) for share in shares(values, width)]
    known = [value for value in values if value is not None]
    least, greatest = min(known, default=0.0), max(known, default=0.0)
    return "".join(MISSING if value is None else _block(value, least, greatest) for value in shown)


def _block(value: float, least: float, greatest: float) -> str:
    if greatest <= least:
        return BLOCKS[0]
    return BLOCKS[min(int((value - least) / (greatest - least) * len(BLOCKS)), len(BLOCKS) - 1)]


def shares(items: Sequence[T], width: int) -> list[Sequence[T]]:
    """Share items out among at most ``width`` columns, in order, as evenly as can be."""
    count = max(1, min(width, len(items)))
    return [items[start:end] for start, end in pairwise(len(items) * column // count for column in range(count + 1))]
