"""The position of an output: what it has not acknowledged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orbital_buffer.model.intervals import Intervals

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orbital_buffer.model.intervals import Pieces

DAMAGED: Final = "quarantined"
"""Reason of dropped damaged batches, which may be recovered."""
REMEMBERED: Final = 1000
"""Maximum of intervals of damaged batches to remember, since the state of an output is written often."""


class Position:
    """The position of an output: what it has not acknowledged."""

    __slots__ = ("back", "flight", "flying", "lost", "orphaned_ms", "reading", "todo", "unsent")

    def __init__(self) -> None:
        self.todo = Intervals()
        self.flight = Intervals()
        self.unsent = 0
        """Samples in `todo`."""
        self.flying = 0
        """Samples in `flight`."""
        self.reading = True
        """False for an orphan, which gets no new batches."""
        self.orphaned_ms = 0
        """Milliseconds UTC since when it is an orphan; 0: it is none, or that is unknown yet."""
        self.lost = Intervals()
        """Damaged batches, which may be recovered."""
        self.back = Intervals()
        """Recovered batches, which have other numbers now."""

    def lost_of(self, start: int, stop: int, *, known: bool) -> Intervals:
        """The batches from `start` to `stop` that it lost by damage and that were not recovered.

        Args:
            start: The first batch.
            stop: The one after the last.
            known: Only those known to be lost; otherwise all that are neither waiting nor recovered.
        """
        if known:
            return Intervals(self.lost.within(start, stop))
        lost = Intervals([(start, stop)])
        for has in (self.todo, self.flight, self.back):
            lost.difference_update(has)
        return lost

    def recovered(self, batches: Intervals) -> None:
        """Batches were recovered, under other numbers."""
        self.lost.difference_update(batches)
        self.back.update(batches)
        self.back.keep_last(REMEMBERED)

    def mark_lost(self, batches: Iterable[tuple[int, int]]) -> None:
        """Batches are damaged."""
        for start, stop in batches:
            self.lost.add(start, stop)
        self.lost.keep_last(REMEMBERED)

    @property
    def first(self) -> int | None:
        """Its oldest batch."""
        both = [n for n in (self.todo.first, self.flight.first) if n is not None]
        return min(both, default=None)

    @property
    def needs(self) -> Pieces:
        """All batches that it has not acknowledged."""
        both = self.todo.copy()
        both.update(self.flight)
        return list(both)

    @property
    def waiting(self) -> int:
        return self.unsent + self.flying
