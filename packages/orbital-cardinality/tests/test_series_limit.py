"""How many different series a task may give within an hour."""

from __future__ import annotations

import tracemalloc

import pytest

from orbital_cardinality.series_limit import FEW, FIRST, HOUR, SeriesLimit


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


def test_memory_grows_in_steps_and_not_with_what_comes_and_goes():
    """A quarter of a megabyte for 65,000 series within the hour, one more for 260,000, no object each."""
    limit = begun(1_000_000)
    tracemalloc.start()
    held = []
    for start, stop in [(0, 2 * FEW), (2 * FEW, FIRST), (FIRST, FIRST + FEW)]:
        for n in range(start, stop):
            limit.admit(n)
        held.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert held[0] < 300_000
    assert held[1] - held[0] < 1 << 16
    assert 1_000_000 < held[2] - held[1] < 1_200_000


def test_beyond_the_first_step_nearly_all_are_counted():
    """Where two filters are asked, less than one series in a thousand is taken for another as well."""
    limit = begun(2 * FIRST)
    admitted = sum(limit.admit(("series", n)) for n in range(3 * FIRST))
    assert 2 * FIRST <= admitted <= 2 * FIRST * 1.001 + 100
    assert all(limit.admit(("series", n)) for n in range(0, 2 * FIRST - 1, 997))


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
