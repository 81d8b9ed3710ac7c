"""A hold begins at the loop's last turn, not when somebody noticed it."""

from __future__ import annotations

import pytest

from orbital_runtime.clock import ManualClock
from orbital_runtime.guard.watchdog.pulse import Pulse


class Loop:
    """It turns when it is told to."""

    def __init__(self) -> None:
        self.calls = []

    def is_closed(self):
        return False

    def call_soon_threadsafe(self, call):
        self.calls.append(call)

    def turn(self):
        calls, self.calls = self.calls, []
        for call in calls:
            call()


@pytest.fixture
def loop():
    return Loop()


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def pulse(loop, clock):
    return Pulse(loop, clock.steady)


def test_a_hold_is_as_long_as_the_loop_did_not_turn(pulse, loop, clock):
    """With the time before it was asked, and without what comes after its answer."""
    clock.advance(0.1)
    pulse.ask(0.1)
    clock.advance(1.5)
    assert pulse.held() == pytest.approx(1.6)
    loop.turn()
    ended = clock.steady()
    clock.advance(5)
    assert pulse.held() == 0
    assert pulse.turned == ended


def test_a_machine_that_was_away_held_nothing(pulse, clock):
    """Nobody asked while it slept: only the pause that was meant counts."""
    clock.advance(3600)
    pulse.ask(0.1)
    assert pulse.held() == pytest.approx(0.1)


def test_the_next_one_who_holds_it_begins_anew(pulse, clock):
    """He is on before the question is, and the time of the one before is not his."""
    pulse.ask(0.1)
    clock.advance(3)
    pulse.reset()
    assert pulse.held() == 0
    clock.advance(1)
    assert pulse.held() == pytest.approx(1)


def test_a_loop_that_was_not_asked_holds_nothing(pulse, clock):
    """It may sleep for as long as it likes."""
    clock.advance(3600)
    assert pulse.held() == 0


def test_a_loop_that_is_held_is_asked_once(pulse, loop, clock):
    """A thousand questions would all be answered when it turns."""
    for _ in range(1000):
        pulse.ask(0.1)
    assert len(loop.calls) == 1
