"""Runs of series: whatever a sender's requests are cut into, the same series make the same layouts."""

from __future__ import annotations

from itertools import cycle, islice
from types import SimpleNamespace

import pytest

from orbital_runtime.receiving.runs import Runs
from orbital_sdk import Metric

SERIES = [Metric("m", labels=("n",)).series(str(n)) for n in range(1999)]


class Plans:
    """Makes plans, and counts the rows that they have."""

    def __init__(self) -> None:
        self.rows = 0

    def __call__(self, series) -> SimpleNamespace:
        self.rows += len(series)
        return SimpleNamespace(course=object())


def cut(runs: Runs, series: tuple) -> list[tuple]:
    """The runs of one request."""
    found, start = [], 0
    while start < len(series):
        found.append(runs.at(series, start).series)
        start += len(found[-1])
    return found


def requests(size: int, count: int) -> list[tuple]:
    """All series in turn, again and again, cut into requests of one size."""
    endless = cycle(SERIES)
    return [tuple(islice(endless, size)) for _ in range(count)]


@pytest.mark.parametrize("size", [1, 7, 500, 1999])
def test_runs_are_the_request(size):
    """None is left out, and none stands twice."""
    runs = Runs(Plans())
    for request in requests(size, 20):
        assert sum(cut(runs, request), ()) == request


def test_a_series_twice_is_in_two_runs():
    """No layout may have it twice."""
    for run in cut(Runs(Plans()), (SERIES[0], SERIES[1]) * 3):
        assert len(set(run)) == len(run)


def test_borders_that_shift_make_few_new_layouts():
    """Of requests cut elsewhere each time, less than one row in twenty is in a new layout."""
    plans = Plans()
    runs = Runs(plans)
    seen = requests(500, 200)
    for request in seen[:20]:
        cut(runs, request)
    plans.rows = 0
    pieces = sum(len(cut(runs, request)) for request in seen[20:])
    assert plans.rows < 180 * 500 / 20
    assert pieces < 180 * 30
