"""A set of sequence numbers as half-open intervals, for what an output has not acknowledged."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Pieces = list[tuple[int, int]]
"""Half-open intervals of sequence numbers, in order."""


class Intervals:
    """A set of integers as sorted, disjoint intervals `[start, stop)`.

    A position is nearly always one interval. Each operation is a binary search and a splice.
    """

    __slots__ = ("_starts", "_stops")

    def __init__(self, pairs: Iterable[tuple[int, int]] = ()) -> None:
        self._starts: list[int] = []
        self._stops: list[int] = []
        for start, stop in pairs:
            self.add(start, stop)

    def copy(self) -> Intervals:
        """A copy."""
        other = Intervals()
        other._starts, other._stops = self._starts[:], self._stops[:]
        return other

    def add(self, start: int, stop: int) -> None:
        """Add the numbers from `start` to `stop`, which is excluded."""
        if start >= stop:
            return
        low = bisect_left(self._stops, start)
        high = bisect_right(self._starts, stop)
        if low < high:  # what overlaps or touches becomes one
            start = min(start, self._starts[low])
            stop = max(stop, self._stops[high - 1])
        self._starts[low:high] = [start]
        self._stops[low:high] = [stop]

    def discard(self, start: int, stop: int) -> None:
        """Remove the numbers from `start` to `stop`, if they are in the set."""
        if start >= stop:
            return
        low = bisect_right(self._stops, start)
        high = bisect_left(self._starts, stop)
        if low >= high:
            return
        left, right = self._starts[low], self._stops[high - 1]
        rest = [(a, b) for a, b in ((left, start), (stop, right)) if a < b]
        self._starts[low:high] = [a for a, _ in rest]
        self._stops[low:high] = [b for _, b in rest]

    def within(self, start: int, stop: int) -> list[tuple[int, int]]:
        """The parts of this set within `start` to `stop`, in order."""
        low = bisect_right(self._stops, start)
        high = bisect_left(self._starts, stop)
        return [(max(start, self._starts[i]), min(stop, self._stops[i])) for i in range(low, high)]

    def update(self, other: Intervals) -> None:
        """Add another set."""
        for start, stop in other:
            self.add(start, stop)

    def difference_update(self, other: Intervals) -> None:
        """Remove another set."""
        if not self._starts:
            return
        for start, stop in other.within(self._starts[0], self._stops[-1]):
            self.discard(start, stop)

    def keep_last(self, intervals: int) -> None:
        """Remove all but the last `intervals` intervals."""
        del self._starts[:-intervals], self._stops[:-intervals]

    @property
    def first(self) -> int | None:
        """The lowest number; None if empty."""
        return self._starts[0] if self._starts else None

    def __len__(self) -> int:
        """Number of numbers, not of intervals."""
        return sum(self._stops) - sum(self._starts)

    def __bool__(self) -> bool:
        return bool(self._starts)

    def __contains__(self, number: int) -> bool:
        index = bisect_right(self._starts, number) - 1
        return index >= 0 and number < self._stops[index]

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(list(zip(self._starts, self._stops, strict=True)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Intervals) and list(self) == list(other)

    __hash__ = None  # pyright: ignore[reportAssignmentType] (it changes)

    def __repr__(self) -> str:
        return f"Intervals({list(self)})"
