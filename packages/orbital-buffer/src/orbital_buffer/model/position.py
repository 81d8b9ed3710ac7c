"""What one output has not acknowledged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orbital_buffer.model.intervals import Intervals

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orbital_buffer.model.intervals import Pieces

DAMAGED: Final = "quarantined"
"""The reason under which damaged batches are dropped. They may come back."""
REMEMBERED: Final = 1000
"""Stretches of damaged batches that an output remembers: its state is written again and again."""


class Position:
    """What one output has not acknowledged."""

    __slots__ = ("back", "flight", "flying", "lost", "orphaned_ms", "reading", "todo", "unsent")

    def __init__(self) -> None:
        self.todo = Intervals()
        self.flight = Intervals()
        self.unsent = 0
        """Samples in `todo`."""
        self.flying = 0
        """Samples in `flight`."""
        self.reading = True
        """False for an orphan: it keeps what it has and gets no more."""
        self.orphaned_ms = 0
        """Milliseconds UTC since when it is one; 0: it is none, or nobody looked yet."""
        self.lost = Intervals()
        """What was damaged, and could be brought back."""
        self.back = Intervals()
        """What was: it has other numbers now."""

    def lost_of(self, start: int, stop: int, *, known: bool) -> Intervals:
        """The batches of these that it is known to have lost by damage, and did not get back.

        Args:
            start: The first batch.
            stop: The one after the last.
            known: Else all of them that do not wait for it and that it did not get back.
        """
        if known:
            return Intervals(self.lost.within(start, stop))
        lost = Intervals([(start, stop)])
        for has in (self.todo, self.flight, self.back):
            lost.difference_update(has)
        return lost

    def recovered(self, batches: Intervals) -> None:
        """These come back, under other numbers."""
        self.lost.difference_update(batches)
        self.back.update(batches)
        self.back.keep_last(REMEMBERED)

    def lose(self, batches: Iterable[tuple[int, int]]) -> None:
        """These are damaged."""
        for start, stop in batches:
            self.lost.add(start, stop)
        self.lost.keep_last(REMEMBERED)

    @property
    def first(self) -> int | None:
        """The oldest batch that it needs."""
        both = [n for n in (self.todo.first, self.flight.first) if n is not None]
        return min(both, default=None)

    @property
    def needs(self) -> Pieces:
        """All that it has not acknowledged, in flight or not."""
        both = self.todo.copy()
        both.update(self.flight)
        return list(both)

    @property
    def waiting(self) -> int:
        return self.unsent + self.flying
