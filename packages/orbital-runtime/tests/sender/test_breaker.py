"""The circuit breaker: closed, open, half-open with one probe."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orbital_runtime.sender.pacing.breaker import Breaker, State


def opened(failures=3, reset=30.0):
    breaker = Breaker(failures=failures, reset=reset)
    for _ in range(failures):
        breaker.failure(100.0)
    return breaker


def test_it_opens_after_failures_in_a_row():
    """A success in between starts the count anew."""
    breaker = Breaker(failures=3, reset=30)
    breaker.failure(0)
    breaker.failure(0)
    breaker.success()
    breaker.failure(0)
    breaker.failure(0)
    assert breaker.state is State.CLOSED
    breaker.failure(0)
    assert breaker.state is State.OPEN
    assert not breaker.allow(29.9)


def test_b18_half_open_admits_one_probe():
    """B-18: the older sentinel's half-open breaker admitted unlimited requests."""
    breaker = opened()
    assert breaker.allow(130.0)
    assert breaker.state is State.HALF_OPEN
    assert not any(breaker.allow(now) for now in (130.0, 131.0, 1e9))


def test_the_probe_decides():
    """A probe that succeeds closes the breaker; one that fails opens it for the whole time again."""
    breaker = opened()
    assert breaker.allow(130.0)
    breaker.failure(131.0)
    assert (breaker.state, breaker.probe_at) == (State.OPEN, 161.0)
    assert breaker.allow(161.0)
    breaker.success()
    assert breaker.state is State.CLOSED
    breaker.failure(162.0)
    assert breaker.state is State.CLOSED


def test_a_probe_without_an_answer_is_not_waited_for():
    """A cancelled probe lets the next one through; it never shuts the breaker for ever."""
    breaker = opened()
    assert breaker.allow(130.0)
    breaker.abandon(131.0)
    assert breaker.allow(131.0)


def test_a_person_may_hurry_it():
    """Asked to try now, it lets the one probe through early."""
    breaker = opened()
    breaker.probe_now(101.0)
    assert breaker.allow(101.0)
    assert not breaker.allow(101.0)


@given(
    st.lists(st.sampled_from(["success", "failure", "abandon", "probe_now", "allow"]), max_size=60)
)
def test_it_never_shuts_for_ever(steps):
    """Whatever happened, an attempt is let through once its time has come and no probe is out."""
    breaker, now = Breaker(failures=2, reset=5), 0.0
    for step in steps:
        now += 1
        getattr(breaker, step)(*(() if step == "success" else (now,)))
    breaker.abandon(now)
    assert breaker.allow(now + 5)
