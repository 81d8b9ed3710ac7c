"""Intervals are a set of whole numbers, whatever is done to them."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from orbital_buffer.model.intervals import Intervals

spans = st.tuples(st.integers(0, 40), st.integers(0, 12)).map(lambda s: (s[0], s[0] + s[1]))
steps = st.lists(st.tuples(st.sampled_from(["add", "discard"]), spans), max_size=30)


def numbers(intervals):
    return {n for start, stop in intervals for n in range(start, stop)}


def replay(steps):
    intervals, plain = Intervals(), set()
    for name, (start, stop) in steps:
        getattr(intervals, name)(start, stop)
        (plain.update if name == "add" else plain.difference_update)(range(start, stop))
    return intervals, plain


@given(steps, spans)
def test_intervals_are_a_set(steps, span):
    """Adding, discarding, looking and counting give what a plain set of numbers gives."""
    intervals, plain = replay(steps)
    assert numbers(intervals) == plain
    assert len(intervals) == len(plain)
    assert bool(intervals) == bool(plain)
    assert intervals.first == min(plain, default=None)
    assert numbers(intervals.within(*span)) == plain & set(range(*span))
    assert {n for n in range(-1, 60) if n in intervals} == plain


@given(steps)
def test_intervals_stay_few(steps):
    """They are sorted and never touch, so that equal sets are equal and a position stays small."""
    intervals, plain = replay(steps)
    pairs = list(intervals)
    assert all(start < stop for start, stop in pairs)
    assert all(left[1] < right[0] for left, right in pairwise(pairs))
    assert intervals == Intervals((n, n + 1) for n in plain)


@given(steps, steps)
def test_intervals_take_in_and_out_whole_sets(one, two):
    """Union and difference are those of sets, and the other set stays as it was."""
    (left, plain), (right, other) = replay(one), replay(two)
    left.update(right)
    assert numbers(left) == plain | other
    left.difference_update(right)
    assert numbers(left) == plain - other
    assert numbers(right) == other


def test_a_long_outage_is_one_interval():
    """A million unacknowledged batches in a row take no more room than one."""
    intervals = Intervals()
    for start in range(0, 1_000_000, 1000):
        intervals.add(start, start + 1000)
    assert list(intervals) == [(0, 1_000_000)]
