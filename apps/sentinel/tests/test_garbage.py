"""The garbage collector leaves out what has come to stay."""

from __future__ import annotations

import gc
import weakref
from itertools import pairwise

import pytest

from orbital_sentinel.process.garbage import LEAST, MOST, SHARE, WORTH, Survivors, settle


class Node:
    """Something in a circle."""

    def __init__(self) -> None:
        self.me = self


class Clock:
    """Steady seconds, set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(autouse=True)
def survivors(clock: Clock):
    gc.unfreeze()
    gc.collect()
    one = Survivors(clock)
    gc.callbacks.append(one)
    yield one
    gc.callbacks.remove(one)
    gc.unfreeze()


def test_survivors_are_left_out_of_the_next_full_collection():
    """What survived one is frozen: no later one looks at it, though it may be garbage by then."""
    node = Node()
    gc.collect()
    gone = weakref.ref(node)
    del node
    gc.collect()
    assert gone() is not None


def test_what_died_later_is_found_when_its_time_comes(clock: Clock):
    """Nothing is forgotten for ever: after a minute all is looked at again."""
    node = Node()
    gc.collect()
    gone = weakref.ref(node)
    del node
    clock.now = LEAST
    gc.collect()
    assert gone() is None


def test_looking_at_everything_takes_a_thousandth_of_the_time(clock: Clock, survivors: Survivors):
    """Where it took long, the next such look is as much later."""
    full = {"generation": 2, "collected": 0}
    clock.now = LEAST
    survivors("start", full)
    clock.now += 2.0
    survivors("stop", full)
    node = Node()
    gc.collect()
    gone = weakref.ref(node)
    del node
    clock.now += 2.0 / SHARE - 1
    gc.collect()
    assert gone() is not None
    clock.now += 1
    gc.collect()
    assert gone() is None


def test_looks_that_find_little_become_rare(clock: Clock, survivors: Survivors):
    """Each pause is twice the one before, up to six hours; one that was worth it begins at a minute again."""
    looks: list[float] = []

    def collect(found: int) -> None:
        survivors("start", {"generation": 2})
        if not gc.get_freeze_count():  # it looks at everything
            looks.append(clock.now)
        survivors("stop", {"generation": 2, "collected": found})

    for step in [LEAST] * 16 + [MOST / 12] * 48:  # each look counts all objects of the process
        clock.now += step
        collect(10)
    pauses = [later - earlier for earlier, later in pairwise(looks)]
    assert pauses[:3] == [2 * LEAST, 4 * LEAST, 8 * LEAST]
    assert pauses[-1] == MOST
    clock.now = looks[-1] + MOST
    collect(WORTH)
    for _ in range(2):
        clock.now += LEAST
        collect(10)
    assert looks[-1] - looks[-2] == LEAST


def test_young_garbage_goes_as_ever(survivors: Survivors):
    """Only full collections freeze."""
    survivors("start", {"generation": 1})
    survivors("stop", {"generation": 1})
    assert gc.get_freeze_count() == 0


def test_settling_makes_young_collections_rare():
    """More objects have to be new than before."""
    before = gc.get_threshold()
    made = settle()
    try:
        assert gc.get_threshold()[0] > before[0]
        assert made in gc.callbacks
    finally:
        gc.set_threshold(*before)
        gc.callbacks.remove(made)
