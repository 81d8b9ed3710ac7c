"""The processors of one output: what its writer gets of each batch of the buffer.

They plan once a layout, as those before the buffer do. A batch that is sent again passes them again, so they
keep nothing (`Processor.stateless`), and they add no series: the ledger would not know them.
"""

from __future__ import annotations

from array import array
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from orbital_buffer.ledger import BY_FAILURE, BY_PROCESSOR
from orbital_runtime.processor.calling import Calling, Failed
from orbital_runtime.processor.chain import Chain
from orbital_runtime.processor.totals import ChainTotals
from orbital_sdk import Batch, Layout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_runtime.processor.course import Course
    from orbital_runtime.processor.totals import Failure
    from orbital_sdk import Processor


ADDS: Final = "adds series, which it cannot at an output"


class Passed(NamedTuple):
    """What is left of one batch."""

    batch: Batch
    sources: Sequence[int] | None
    """For each of its rows the index in the batch of the buffer; None: all are where they were."""
    dropped: Counter[str]
    """Samples left out, by the reason in the ledger."""


class OutputChain:
    """Applies the processors of one output. Belongs to its delivery loop.

    Args:
        processors: Started ones, in order.
        failures: Gets their failures, by name.
    """

    def __init__(
        self, processors: Sequence[Processor[Any]], failures: dict[str, Failure] | None = None
    ) -> None:
        self._calling = Calling()
        self._failures: dict[str, Failure] = {} if failures is None else failures
        self._calling.totals = ChainTotals(failures=self._failures)
        self._chain = Chain(processors, self._calling)

    def __call__(self, batch: Batch) -> Passed:
        """What the writer gets of this batch."""
        try:
            course = self._course(batch.layout)
        except Failed as failed:
            return Passed(
                _nothing(batch), (), Counter({f"{BY_FAILURE}{failed.name}": batch.samples})
            )
        if course is None:
            return Passed(batch, None, Counter())
        if batch.stale:
            return Passed(course.ended(batch), course.end.sources, Counter())
        self._calling.totals = totals = ChainTotals(failures=self._failures)
        refused: Counter[str] = Counter()
        course, left = self._chain.passed(course, batch, refused)
        dropped = Counter({f"{BY_PROCESSOR}{name}": n for name, n in totals.dropped.items()})
        dropped.update({f"{BY_FAILURE}{name}": n for name, n in totals.lost.items()})
        dropped.update(refused)
        return Passed(_nothing(batch) if left is None else left, course.sources, dropped)

    def _course(self, layout: Layout) -> Course | None:
        """The course of a layout, None where it changes nothing; kept with the layout.

        Raises:
            Failed: A processor cannot plan for it, or adds series.
        """
        if self not in layout.caches:
            course = self._chain.plan(layout)
            if -1 in course.end.sources:
                name = self._chain.processors[-1].name
                self._calling.totals.fail(name, ADDS)
                self._calling.log_once(name, "new", ADDS)
                raise Failed(name)
            same = course.stepping is None and course.layout is layout
            layout.caches[self] = None if same else course
        found: Course | None = layout.caches[self]
        return found


def _nothing(batch: Batch) -> Batch:
    return Batch(Layout(batch.layout.origin, ()), batch.ts, array("d"), stale=batch.stale)
