"""The one timer of all tasks: how late it came is how long other work held the loop."""

from __future__ import annotations

import asyncio

import pytest

from orbital_runtime.scheduler.timer import LONGEST_SLEEP, Timer


class Bell:
    """A timer, and how often it rang."""

    def __init__(self, clock):
        self.rang = asyncio.Queue()
        self.timer = Timer(clock, lambda: self.rang.put_nowait(None))


@pytest.fixture
async def bell(clock):
    bell = Bell(clock)
    yield bell
    bell.timer.stop()


async def test_the_lag_is_the_time_by_which_the_alarm_was_late(bell, clock):
    """Set to a moment from now, and heard 0.3 s after that: the lag is 0.3 s, neither more nor less."""
    bell.timer.set(clock.steady() + 0.01)
    clock.advance(0.31)
    await bell.rang.get()
    assert bell.timer.lag.count == 1
    assert bell.timer.lag.sum == pytest.approx(0.3, abs=1e-6)


async def test_an_alarm_in_time_has_no_lag(bell, clock):
    """Rung a hair early, as timers are: that is 0, not less."""
    bell.timer.set(clock.steady() + 0.01)
    await bell.rang.get()
    assert (bell.timer.lag.count, bell.timer.lag.sum) == (1, 0)


async def test_what_is_due_at_once_says_nothing_about_the_loop(bell, clock):
    """A task that was due already is late for its own reasons: that is `sentinel_task_lateness_seconds`."""
    bell.timer.set(clock.steady() - 5)
    await bell.rang.get()
    assert bell.timer.lag.count == 0


async def test_where_nothing_is_due_the_lag_is_of_the_longest_sleep(bell, clock):
    """With no task at all the loop is looked at once a second."""
    bell.timer.set(None)
    assert bell.timer.overdue == pytest.approx(-LONGEST_SLEEP)
    clock.advance(LONGEST_SLEEP + 2)
    await bell.rang.get()
    assert bell.timer.lag.sum == pytest.approx(2, abs=1e-6)
