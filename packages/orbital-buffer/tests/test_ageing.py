"""What is too old, by a wall clock that may be wrong for a while."""

from __future__ import annotations

import math

import pytest

from orbital_buffer.model.ageing import PATIENCE, Ageing
from orbital_runtime.clock import ManualClock

WEEK = 7 * 86400
AHEAD = 40 * 86400


class TwoClocks(ManualClock):
    """A wall clock that somebody sets, beside one that goes on."""

    wrong = 0.0

    def utc_ms(self) -> int:
        return round((self.now + self.wrong) * 1000)


def begun() -> tuple[TwoClocks, Ageing]:
    """After the patience of the start."""
    clock = TwoClocks()
    ageing = Ageing(clock)
    ageing.before_ms(WEEK)
    clock.advance(PATIENCE)
    ageing.before_ms(WEEK)
    return clock, ageing


def test_nothing_is_too_old_until_the_clock_has_stood():
    """A start with a clock that is weeks ahead, and right a minute later, lets nothing go."""
    clock = TwoClocks()
    clock.wrong = AHEAD
    ageing = Ageing(clock)
    assert ageing.before_ms(WEEK) == -math.inf
    clock.advance(60)
    clock.wrong = 0
    assert ageing.before_ms(WEEK) == -math.inf
    clock.advance(PATIENCE)
    assert ageing.before_ms(WEEK) == clock.utc_ms() - WEEK * 1000


def test_a_step_ahead_is_believed_when_it_has_stood():
    """Not before an hour is over; a step back is at once."""
    clock, ageing = begun()
    right = ageing.before_ms(WEEK)
    clock.wrong = AHEAD
    assert ageing.before_ms(WEEK) == right
    clock.advance(PATIENCE - 1)
    assert ageing.before_ms(WEEK) == right + (PATIENCE - 1) * 1000
    clock.advance(1)
    assert ageing.before_ms(WEEK) == clock.utc_ms() - WEEK * 1000
    clock.wrong = 0
    assert ageing.before_ms(WEEK) == clock.utc_ms() - WEEK * 1000


def test_seconds_ahead_again_and_again_are_never_believed():
    """Each of them begins anew."""
    clock, ageing = begun()
    for _ in range(100):
        clock.wrong = AHEAD
        ageing.before_ms(WEEK)
        clock.advance(PATIENCE - 1)
        clock.wrong = 0
        assert ageing.before_ms(WEEK) == clock.utc_ms() - WEEK * 1000


def test_a_clock_that_is_put_right_slowly_is_followed():
    """NTP lets it run a little faster."""
    clock, ageing = begun()
    for _ in range(100):
        clock.advance(10)
        clock.wrong += 0.5
        assert ageing.before_ms(WEEK) == pytest.approx(clock.utc_ms() - WEEK * 1000, abs=1)
