"""How many different series a task may give within an hour."""

from __future__ import annotations

import tracemalloc

import pytest

from orbital_runtime.engine.series_limit import FEW, HOUR, SeriesLimit


def begun(most):
    limit = SeriesLimit(most)
    assert limit.turn(0)
    return limit


def test_few_series_are_counted_exactly():
    """The limit is met to the series, and who was there before may come again."""
    limit = begun(1000)
    assert [limit.admit(("series", n)) for n in range(1500)] == [True] * 1000 + [False] * 500
    assert limit.count == 1000
    assert all(limit.admit(("series", n)) for n in range(1000))
    assert not limit.admit(("series", 1000))


def test_many_series_are_counted_nearly_so():
    """Far above what is known exactly, less than one series in a thousand is taken for another."""
    most = 4 * FEW
    limit = begun(most)
    admitted = sum(limit.admit(("series", n)) for n in range(2 * most))
    assert most <= admitted <= most * 1.001
    assert all(limit.admit(("series", n)) for n in range(0, most // 2, 7))


def test_what_ended_takes_no_more_memory_than_the_limit():
    """A million series within the hour: four megabytes, however many more are refused."""
    limit = begun(1_000_000)
    tracemalloc.start()
    for n in range(2 * FEW):
        limit.admit(n)
    before, _ = tracemalloc.get_traced_memory()
    for n in range(4 * FEW):
        limit.admit(n)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert before < 5 << 20
    assert after - before < 1 << 16


@pytest.mark.parametrize(("ts", "turns"), [(0, False), (HOUR - 1, False), (HOUR, True), (-1, True)])
def test_an_hour_ends_when_it_is_over_or_the_clock_was_set(ts, turns):
    """All series are new then."""
    limit = begun(1)
    limit.admit("a")
    assert limit.turn(ts) is turns
    assert limit.admit("b") is turns


@pytest.mark.parametrize("series", [10, FEW + 10])
def test_another_takes_over(series):
    """With the hour, and with what was seen in it, few or many."""
    first, second = begun(2 * FEW), SeriesLimit(2 * FEW)
    for n in range(series):
        first.admit(n)
    second.inherit(first)
    assert not second.turn(HOUR - 1)
    assert all(second.admit(n) for n in range(series))
    assert second.count == series


@pytest.mark.parametrize("series", [10, FEW + 10])
def test_another_limit_takes_effect_with_a_reload(series):
    """Whoever raises it because a task met it gets room at once; what was seen is not counted twice."""
    first, second = begun(series), SeriesLimit(2 * series)
    for n in range(series + 5):
        first.admit(n)
    second.inherit(first)
    second.turn(1)
    assert sum(second.admit(n) for n in range(2 * series)) == 2 * series
    assert second.count <= 2 * series
