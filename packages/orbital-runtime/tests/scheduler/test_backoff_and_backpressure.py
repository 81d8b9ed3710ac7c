"""How often a task runs while its device is down or the buffer fills."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbital_runtime.scheduler.pacing.backoff import while_down
from orbital_runtime.scheduler.pacing.backpressure import FULL_RATE, under_pressure


def test_probing_slows_to_a_cap() -> None:
    """One lost answer changes nothing; then 10 s becomes 20, 40, and 60 at most."""
    assert [while_down(n, 10, 60) for n in range(6)] == [1, 1, 2, 4, 6, 6]


@pytest.mark.parametrize("interval", [60, 61, 3600])
def test_slow_tasks_do_not_get_slower(interval: float) -> None:
    """A task that runs less often than the cap anyway keeps its interval."""
    assert while_down(1_000_000, interval, 60) == 1


@given(
    failures=st.integers(0, 10_000),
    interval=st.floats(0.001, 10_000),
    longest=st.floats(0.001, 10_000),
)
def test_the_effective_interval_is_bounded(failures: int, interval: float, longest: float) -> None:
    """Runs are never further apart than max(interval, cap), however long the device is down."""
    assert while_down(failures, interval, longest) * interval <= max(interval, longest) * (1 + 1e-9)


def test_below_the_high_water_mark_nothing_slows_down() -> None:
    """Up to and at the mark all run at full rate; so they do if nobody can tell the fill."""
    for fill in (0.0, 0.5, 0.8, math.nan, -1.0):
        assert under_pressure(fill, 0.8, 4) == FULL_RATE


def test_low_priorities_slow_down_first() -> None:
    """Priority 0 is as slow as it may get before priority 1 slows down at all, and so on to 9."""
    assert under_pressure(0.81, 0.8, 4) == (2, 1, 1, 1, 1, 1, 1, 1, 1, 1)
    assert under_pressure(0.82, 0.8, 4) == (4, 1, 1, 1, 1, 1, 1, 1, 1, 1)
    assert under_pressure(0.9, 0.8, 4) == (4, 4, 4, 4, 4, 1, 1, 1, 1, 1)
    assert under_pressure(1.0, 0.8, 4) == (4,) * 10


@given(
    fill=st.floats(-1, 3), mark=st.floats(0, 1), slowest=st.integers(1, 20), more=st.floats(0, 1)
)
def test_the_users_floor_holds(fill: float, mark: float, slowest: int, more: float) -> None:
    """At any fill and mark: between full rate and the user's floor, higher priorities never slower, and
    a fuller buffer never faster.
    """
    pace = under_pressure(fill, mark, slowest)
    assert len(pace) == 10
    assert all(1 <= n <= slowest for n in pace)
    assert list(pace) == sorted(pace, reverse=True)
    fuller = under_pressure(fill + more, mark, slowest)
    assert all(a <= b for a, b in zip(pace, fuller, strict=True))
