"""Many numbers on one line."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdoctor.render.spark import BLOCKS, MISSING, shares, spark


@pytest.mark.parametrize(
    ("values", "width", "line"),
    [
        pytest.param([], 10, "·", id="nothing"),
        pytest.param([1.0], 10, "▁", id="one"),
        pytest.param([2.0, 2.0], 10, "▁▁", id="all the same"),
        pytest.param([0, 1, 2, 3, 4, 5, 6, 7], 10, BLOCKS, id="from the least to the greatest"),
        pytest.param([0.0, 0.124, 0.126, 1.0], 10, "▁▁▂█", id="on each side of a block"),
        pytest.param([1.0, None, 3.0], 10, "▁·█", id="not measured"),
        pytest.param([None, None], 10, "··", id="never measured"),
        pytest.param([1.0, 3.0, 1.0, 1.0], 2, "█▁", id="the greatest of a column"),
        pytest.param([1.0, None, None, 3.0, None, None], 3, "▁█·", id="what was measured in a column"),
        pytest.param([-1.0, 1.0], 10, "▁█", id="below nothing"),
        pytest.param([1.0, 2.0], 0, "█", id="no room"),
    ],
)
def test_a_line(values: Sequence[float | None], width: int, line: str) -> None:
    """Each number is a block by its place between the least and the greatest."""
    assert spark(values, width) == line


@given(values=st.lists(st.none() | st.floats(-1e300, 1e300), max_size=200), width=st.integers(1, 100))
def test_it_fits(values: list[float | None], width: int) -> None:
    """A line is never wider than its room, holds nothing but blocks, and shows the greatest number."""
    line = spark(values, width)
    assert len(line) == max(1, min(width, len(values)))
    assert set(line) <= {*BLOCKS, MISSING}
    known = [value for value in values if value is not None]
    assert (BLOCKS[-1] in line) or len(set(known)) < 2 or max(known) - min(known) in {0.0, float("inf")}


@given(count=st.integers(0, 300), width=st.integers(1, 100))
def test_items_are_shared_out(count: int, width: int) -> None:
    """Every item stands in one share, in order, and no share is longer than another by more than one."""
    found = shares(range(count), width)
    assert [item for share in found for item in share] == list(range(count))
    assert max(map(len, found)) - min(map(len, found)) <= 1
