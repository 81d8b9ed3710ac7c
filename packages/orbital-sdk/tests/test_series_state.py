"""What a processor remembers of each series."""

import gc

from orbital_sdk import PerSeries
from orbital_sdk.testing import make_layout, make_origin


class Last:
    value = 0


def test_each_series_of_a_task_has_one():
    """The same for every layout that has it; another task's is another."""
    state = PerSeries(Last)
    first = state.of(make_layout(["a", "b"]))
    again = state.of(make_layout(["b", "c"]))
    other = state.of(make_layout(["a"], origin=make_origin("task-2")))
    assert first[1] is again[0]
    assert len({id(one) for one in (*first, *again, *other)}) == 4


def test_it_lives_as_long_as_somebody_holds_it():
    """So a task that has gone leaves nothing behind."""
    state = PerSeries(Last)
    held = state.of(make_layout(["a", "b"]))
    kept = held[0]
    del held
    gc.collect()
    assert len(state) == 1
    assert state.of(make_layout(["a"])) == [kept]
