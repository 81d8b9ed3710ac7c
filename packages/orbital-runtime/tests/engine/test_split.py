"""A large collection in parts."""

from __future__ import annotations

import pytest

from orbital_runtime.engine.batching.split import ROWS, parts
from orbital_sdk.testing import make_batch, make_layout


@pytest.mark.parametrize("count", [0, 1, ROWS, ROWS + 1, 3 * ROWS, 3 * ROWS + 7])
@pytest.mark.parametrize("times", [False, True])
def test_nothing_is_lost_and_the_order_stays(count, times):
    """Rows, values and times of the parts are those of the whole, and no part is large."""
    own = list(range(count)) if times else None
    whole = make_batch([float(n) for n in range(count)], times=own, layout=make_layout(count))
    cut = list(parts(whole))
    assert all(len(part) == len(part.layout) <= ROWS for part in cut)
    assert [item for part in cut for item in part.items()] == list(whole.items())
    assert len(cut) == max(1, -(-count // ROWS))


def test_what_is_small_is_handed_on_as_it_is():
    """It costs the usual collection nothing."""
    batch = make_batch(ROWS)
    assert next(parts(batch)) is batch


def test_layouts_of_parts_are_made_once():
    """The next collection meets the same ones, so that no buffer and no writer begins anew."""
    layout = make_layout(2 * ROWS + 1)
    first, second = (list(parts(make_batch(len(layout), layout=layout))) for _ in range(2))
    assert [part.layout for part in first] == [part.layout for part in second]


def test_stale_markers_stay_what_they_are():
    """A large device that is gone ends all its series."""
    ended = list(parts(make_batch(ROWS + 1, stale=True)))
    assert [part.samples for part in ended] == [0, 0]
    assert all(part.stale for part in ended)
