"""Segments of the disk buffer's log: which layouts they hold on to, and when one ends."""

from __future__ import annotations

from weakref import WeakSet

import pytest

from orbital_buffer.format.layout import layout_size
from orbital_buffer.store.disk.segments import Segments
from orbital_sdk import Layout
from orbital_sdk.testing import make_batch, make_layout

WORTH = 10_000
"""Bytes of layouts that are worth a new segment, here."""


@pytest.fixture
def segments():
    return Segments(layouts=WORTH)


def store(segments, first, layouts):
    """A record with a batch of each; gives the layouts that were new."""
    batches = [make_batch(len(one), layout=one) for one in layouts]
    _, fresh = segments.number(batches)
    segments.keep(first, 100, fresh, written=first)
    return list(fresh)


def test_a_layout_is_stored_once_a_segment(segments):
    """The same rows again cost nothing, and two new layouts of one record have two numbers."""
    one, other = make_layout(5), make_layout(6)
    assert store(segments, 1, [one, other, one]) == [one, other]
    assert store(segments, 2, [other, one]) == []
    numbers, fresh = segments.number([make_batch(6, layout=other), make_batch(5, layout=one)])
    assert (numbers, fresh) == ([1, 0], {})


def test_what_was_not_kept_has_no_number(segments):
    """A draft that was given up changes nothing: the next one gets the same numbers."""
    one, other = make_layout(5), make_layout(6)
    segments.number([make_batch(5, layout=one)])
    assert segments.number([make_batch(6, layout=other)]) == ([0], {other: 0})


def test_series_that_ended_are_not_held():
    """A layout lives as long as the engine or a waiting record has it, not as long as its segment."""
    segments = Segments()
    ended = WeakSet[Layout]()
    for first in range(1, 101):
        passing = make_layout(3)
        ended.add(passing)
        store(segments, first, [passing])
    del passing
    assert segments.current == 1
    assert not ended


def test_a_segment_ends_when_most_of_its_layouts_have(segments):
    """Labels that never repeat: what the disk keeps of ended series goes with the records that had them."""
    living = [make_layout(10) for _ in range(10)]
    store(segments, 1, living)
    ended, first = 0, 1
    while ended < 5 * WORTH:
        first += 1
        passing = make_layout(100)
        store(segments, first, [passing, *living])
        ended += layout_size(passing)
    assert 4 <= segments.current <= 6
    segments.forget(range(1, first))
    assert segments.shared < 2 * WORTH


def test_a_large_agent_fills_one_segment_with_what_lives(segments):
    """However many layouts are in use, they are stored once: living ones never end a segment."""
    living = [make_layout(100) for _ in range(100)]
    assert sum(map(layout_size, living)) > 2 * WORTH
    for turn in range(3):
        for number, one in enumerate(living, 1):
            store(segments, turn * 1000 + number, [one])
    assert segments.current == 1


def test_layouts_of_another_buffer_are_new_here():
    """Numbers belong to one buffer: after a reload to another one each layout is stored again."""
    one = make_layout(5)
    store(Segments(), 1, [one])
    assert store(Segments(), 1, [one]) == [one]
