"""What the processors of a chain make of the batches of one layout, worked out once."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache, partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Sequence

    from orbital_sdk import Layout, Processor
    from orbital_sdk.processor import Rows, Step

SUBSETS: Final = 8
"""Courses kept behind one step at most, for batches in which it gave no value for some rows."""


@dataclass(slots=True, eq=False)
class Course:
    """A stretch of the way through a chain: what is left of a batch, up to the next step or to the end."""

    layout: Layout
    """Of what reaches the step; of what leaves the chain where there is none."""
    sources: tuple[int, ...]
    """Where each of its rows stood in the layout that entered the chain; -1 for what is new."""
    pick: Callable[[Any], Sequence[Any]] | None
    """Takes what is left from a column; None where all is."""
    dropped: Counter[str]
    """Samples that this stretch leaves out of each batch, by processor."""
    refused: Counter[str]
    """And those that nobody may have, by reason."""
    stepping: Stepping | None = None

    @property
    def end(self) -> Course:
        """The last stretch, for batches in which no value is missing."""
        course = self
        while course.stepping is not None:
            course = course.stepping.then
        return course


@dataclass(slots=True, eq=False)
class Stepping:
    """A step, and how it goes on behind it."""

    processor: Processor[Any]
    step: Step
    rows: Rows
    """For which it gives values; None where one is left out."""
    new: int
    """How many of these, the last ones, are not in the layout that it sees."""
    then: Course
    """The way on, where there is a value for every row."""
    onward: Callable[[Rows], Course]
    """The way on for these rows."""
    without: Callable[[bytes], Course] = field(init=False)
    """The way on where values are missing: at each byte that is not 0. The last few are kept."""

    def __post_init__(self) -> None:
        self.without = lru_cache(SUBSETS)(partial(_without, self.rows, self.onward))


def _without(rows: Rows, onward: Callable[[Rows], Course], missing: bytes) -> Course:
    return onward([None if gone else row for row, gone in zip(rows, missing, strict=True)])


def picker(positions: Sequence[int], of: int) -> Callable[[Any], Sequence[Any]] | None:
    """What takes these positions from a column of so many; None where these are all."""
    if len(positions) == of:
        return None
    if len(positions) > 1:
        return itemgetter(*positions)
    return itemgetter(slice(positions[0], positions[0] + 1) if positions else slice(0))
