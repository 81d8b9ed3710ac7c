"""Applies the processors in order: each plans once for a layout, and its step runs for every batch.

A failing processor loses the samples of that call, and nothing else.
"""

from __future__ import annotations

from array import array
from contextlib import suppress
from functools import lru_cache
from math import isnan
from typing import TYPE_CHECKING, Any, Final

from orbital_runtime.processor.calling import Calling, Failed
from orbital_runtime.processor.course_planner import CoursePlanner
from orbital_sdk import Batch, Processor
from orbital_sdk.calling.answers import batches_of, values_of

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator, Sequence

    from orbital_runtime.processor.course import Course, Stepping
    from orbital_runtime.processor.course_planner import Admit
    from orbital_runtime.processor.totals import ChainTotals
    from orbital_sdk import Layout, Row

GATHERED: Final = 64
"""Layouts of gathered batches whose course is cached."""


def gathers(processor: Processor[Any]) -> bool:
    """Whether a processor may have samples to flush; the others need not be asked."""
    return type(processor).flush is not Processor[Any].flush


class Chain:
    """Applies processors in the order of the configuration.

    Args:
        processors: Started ones.
        calling: Calls them; kept across reloads.
        then: The chain in which what leaves these goes on, if there is one.
    """

    def __init__(
        self,
        processors: Sequence[Processor[Any]] = (),
        calling: Calling | None = None,
        *,
        then: Chain | None = None,
    ) -> None:
        self._own = len(processors)
        self.processors = (*processors, *(then.processors if then else ()))
        self.calling = calling or Calling()
        self._behind = lru_cache(GATHERED)(self._course_after)

    def __bool__(self) -> bool:
        return bool(self.processors)

    @property
    def totals(self) -> ChainTotals:
        """Totals of this chain and its predecessors in this process."""
        return self.calling.totals

    def plan(self, layout: Layout, admit: Admit | None = None) -> Course:
        """The course for batches of this layout.

        Args:
            layout: As the plugin gave it.
            admit: Accepts or refuses each row that leaves the chain.

        Raises:
            Failed: A processor cannot plan for it.
        """
        return CoursePlanner(self.processors, self.calling, layout.origin, admit).of(layout)

    def process(self, course: Course, batch: Batch, refused: Counter[str]) -> Batch | None:
        """Process a batch. Returns what leaves the chain; None if nothing is left.

        Args:
            course: The course of the batch's layout.
            batch: Every value is a number.
            refused: Counts the refused samples by reason.
        """
        return self.passed(course, batch, refused)[1]

    def passed(
        self, course: Course, batch: Batch, refused: Counter[str]
    ) -> tuple[Course, Batch | None]:
        """As `process`, with the last section of the course that this batch took."""
        while True:
            for name, count in course.dropped.items():
                self.calling.count(self.totals.dropped, name, count)
            for reason, count in course.refused.items():
                refused[reason] += count
            if not course.layout.rows:
                return course, None
            batch = _narrowed(batch, course)
            if course.stepping is None:
                return course, batch
            try:
                course, batch = self._stepped(course.stepping, batch)
            except Failed as failed:
                self.count_lost(failed.name, len(batch))
                return course, None

    def flush(
        self,
        now: int,
        refused: Counter[str],
        *,
        last: Sequence[Processor[Any]] = (),
    ) -> Iterator[Batch]:
        """The batches that its own processors gathered, as they leave the chain.

        Args:
            now: Milliseconds UTC.
            refused: Counts the refused samples by reason.
            last: Processors that are being removed: if given, only these are flushed.
        """
        for place, processor in enumerate(self.processors[: self._own]):
            if not gathers(processor):
                continue
            ends = any(processor is one for one in last)
            if ends or not last:
                for batch in self._gathered(processor, now, last=ends):
                    yield from self._onward(place, batch, refused)

    def ended(self, layout: Layout) -> None:
        """Destinations are told that these series ended."""
        for processor in self.processors:
            if type(processor).ended is not Processor[Any].ended:
                with suppress(Failed):
                    self.calling(processor.name, "series that ended", processor.ended, layout)

    def count_lost(self, processor: str, samples: int) -> None:
        """Count samples lost to a failure of this processor."""
        self.calling.count(self.totals.lost, processor, samples)

    def _stepped(self, stepping: Stepping, batch: Batch) -> tuple[Course, Batch]:
        """The batch with the step's values, and the course that follows."""
        name = stepping.processor.name
        values = self.calling(name, f"a batch of {len(batch)} samples", _values, stepping, batch)
        times = batch.times
        if stepping.new:
            self.calling.count(self.totals.made, name, stepping.new)
            if times is not None:
                times = times + array("q", [batch.ts] * stepping.new)
        course = stepping.then
        if isnan(sum(values)) and any(missing := _missing(values, stepping)):
            course = stepping.without(missing)
        return course, Batch(batch.layout, batch.ts, values, times)

    # ---- what was gathered ----------------------------------------------------------------------

    def _gathered(self, processor: Processor[Any], now: int, *, last: bool) -> list[Batch]:
        def ask() -> list[Batch]:
            return batches_of(processor.flush(now, last=last))

        try:
            batches = self.calling(processor.name, "what it gathered", ask)
        except Failed:
            return []
        if batches:
            made = sum([batch.samples for batch in batches])
            self.calling.count(self.totals.made, processor.name, made)
        return batches

    def _onward(self, place: int, batch: Batch, refused: Counter[str]) -> Iterator[Batch]:
        """Send a gathered batch through the chain after the processor at this index."""
        try:
            course = self._behind(place, batch.layout)
        except Failed as failed:
            self.count_lost(failed.name, batch.samples)
            return
        left = course.ended(batch) if batch.stale else self.process(course, batch, refused)
        if left is not None and len(left):
            yield left

    def _course_after(self, place: int, layout: Layout) -> Course:
        return CoursePlanner(self.processors, self.calling, layout.origin, _carried).of(
            layout, place + 1
        )


def _narrowed(batch: Batch, course: Course) -> Batch:
    """The batch reduced to the course's layout."""
    pick = course.pick
    if pick is None:
        if batch.layout is course.layout:
            return batch
        return Batch(course.layout, batch.ts, batch.values, batch.times)
    times = None if batch.times is None else array("q", pick(batch.times))
    return Batch(course.layout, batch.ts, array("d", pick(batch.values)), times)


def _values(stepping: Stepping, batch: Batch) -> array[float]:
    return values_of(stepping.step(batch), len(stepping.rows))


def _missing(values: array[float], stepping: Stepping) -> bytes:
    """For each row 1 if its value is missing, else 0."""
    paired = zip(values, stepping.rows, strict=True)
    return bytes([value != value and row is not None for value, row in paired])  # noqa: PLR0124 (NaN test)


def _carried(row: Row, _: int) -> Row | str:
    """Check a row that a processor made: its text must be valid for destinations."""
    try:
        for text in (row.name, *[value for _, value in row.labels]):
            text.encode()
    except UnicodeEncodeError:
        return "bad_label"
    return row
