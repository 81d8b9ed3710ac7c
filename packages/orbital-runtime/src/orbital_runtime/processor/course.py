"""How the processors of a chain treat batches of one layout, computed once for the layout."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from functools import lru_cache, partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from orbital_sdk import Batch, Layout

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Sequence

    from orbital_sdk import Processor
    from orbital_sdk.contract.processor import Rows, Step

SUBSETS: Final = 8
"""Courses cached after one step at most, for batches in which it gave no value for some rows."""


@dataclass(slots=True, eq=False)
class Course:
    """One section of the chain: selects rows of a batch, up to the next step or the end."""

    layout: Layout
    """Layout of what reaches the next step, or leaves the chain if there is none."""
    sources: tuple[int, ...]
    """Index of each of its rows in the layout that entered the chain; -1 for new rows."""
    pick: Callable[[Any], Sequence[Any]] | None
    """Selects the remaining rows of a column; None to keep all."""
    dropped: Counter[str]
    """Samples that this section drops from each batch, by processor."""
    refused: Counter[str]
    """Samples refused in each batch, by reason."""
    stepping: Stepping | None = None

    @property
    def end(self) -> Course:
        """The last section, for batches in which no value is missing."""
        course = self
        while course.stepping is not None:
            course = course.stepping.then
        return course

    def ended(self, batch: Batch) -> Batch:
        """The stale markers of a batch as they leave the chain; rows that are new there have none."""
        layout = self.end.layout
        paired = zip(layout.rows, self.end.sources, strict=True)
        kept = [(row, source) for row, source in paired if source >= 0]
        if len(kept) < len(layout):
            layout = Layout(layout.origin, [row for row, _ in kept])
        times = batch.times
        if times is not None:
            times = array("q", [times[source] for _, source in kept])
        return Batch(layout, batch.ts, batch.values[: len(kept)], times, stale=True)


@dataclass(slots=True, eq=False)
class Stepping:
    """A step, and the courses that follow it."""

    processor: Processor[Any]
    step: Step
    rows: Rows
    """Rows for which it gives values; None for a row that is left out."""
    new: int
    """How many rows at the end are new: not in the layout that the step receives."""
    then: Course
    """The course after it, when every row has a value."""
    onward: Callable[[Rows], Course]
    """Makes the course after it for these rows."""
    without: Callable[[bytes], Course] = field(init=False)
    """The course when values are missing: those with a nonzero byte in the mask. The last few are cached."""

    def __post_init__(self) -> None:
        self.without = lru_cache(SUBSETS)(partial(_without, self.rows, self.onward))


def _without(rows: Rows, onward: Callable[[Rows], Course], missing: bytes) -> Course:
    return onward([None if gone else row for row, gone in zip(rows, missing, strict=True)])


def picker(positions: Sequence[int], of: int) -> Callable[[Any], Sequence[Any]] | None:
    """A function that selects these positions from a column of `of` rows; None if they are all of them."""
    if len(positions) == of:
        return None
    if len(positions) > 1:
        return itemgetter(*positions)
    return itemgetter(slice(positions[0], positions[0] + 1) if positions else slice(0))
