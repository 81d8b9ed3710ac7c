"""Plans the course of a layout: each processor plans for what the previous one leaves."""

from __future__ import annotations

from collections import Counter
from itertools import compress
from operator import is_
from typing import TYPE_CHECKING, Any, TypeAlias

from orbital_runtime.processor.course import Course, Stepping, picker
from orbital_sdk import Layout, Row
from orbital_sdk.calling.answers import plan_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orbital_runtime.processor.calling import Calling
    from orbital_sdk import Origin, Plan, Processor
    from orbital_sdk.contract.processor import Rows

    Admit: TypeAlias = Callable[[Row, int], Row | str]


class CoursePlanner:
    """Plans courses.

    Args:
        processors: In order.
        calling: Calls them.
        origin: Origin of the layout.
        admit: Given a row that leaves the chain and its original index (-1: new), returns the row to keep, or
            the reason why it is refused.
    """

    def __init__(
        self,
        processors: Sequence[Processor[Any]],
        calling: Calling,
        origin: Origin,
        admit: Admit | None,
    ) -> None:
        self._processors = processors
        self._calling = calling
        self._origin = origin
        self._admit = admit

    def of(self, layout: Layout, at: int = 0) -> Course:
        """The course of this layout, starting with the processor at this index.

        Raises:
            Failed: A processor cannot plan for it.
        """
        stretch = _Stretch(layout.rows, range(len(layout)), layout)
        return self._course(stretch, at)

    def _course(self, stretch: _Stretch, at: int) -> Course:
        for place, processor in enumerate(self._processors[at:], at):
            if not stretch.rows:
                break
            layout = stretch.layout_of(self._origin)
            plan = self._plan(processor, layout)
            rows, doubles = self._distinct(plan.rows, processor.name)
            if plan.step is not None:
                course = stretch.course(self._origin)
                course.stepping = self._stepping(plan, rows, doubles, place, course)
                return course
            stretch.refused["duplicate"] += doubles
            stretch.dropped[processor.name] += rows.count(None) - doubles
            stretch.replace(rows)
        if self._admit is not None:
            self._admitted(stretch, self._admit)
        return stretch.course(self._origin)

    def _plan(self, processor: Processor[Any], layout: Layout) -> Plan:
        def ask() -> Plan:
            return plan_of(processor.plan(layout), layout)

        what = f"a layout of {len(layout)} series of task {self._origin.task!r}"
        return self._calling(processor.name, what, ask)

    def _stepping(
        self, plan: Plan, rows: Rows, doubles: int, place: int, course: Course
    ) -> Stepping:
        assert plan.step is not None  # noqa: S101 (only called for plans with a step)
        processor, new = self._processors[place], len(rows) - len(course.layout)
        sources = (*course.sources, *[-1] * new)

        def onward(rows: Rows) -> Course:
            stretch = _Stretch(rows, sources)
            stretch.refused["duplicate"] = doubles
            stretch.dropped[processor.name] = list(rows).count(None) - doubles
            return self._course(stretch, place + 1)

        return Stepping(processor, plan.step, rows, new, onward(rows), onward)

    def _distinct(self, rows: Rows, maker: str = "") -> tuple[list[Row | None], int]:
        """The rows, with None for repeated series; and the number of repeated ones."""
        seen: set[object] = set()
        distinct: list[Row | None] = []
        doubles = 0
        for row in rows:
            if row is not None and row.key in seen:
                if maker:
                    twice = f"made {row!r} of more than one series: one is kept"
                    self._calling.log_once(maker, "duplicate", twice)
                doubles += 1
                row = None  # noqa: PLW2901 (it is left out)
            elif row is not None:
                seen.add(row.key)
            distinct.append(row)
        return distinct, doubles

    def _admitted(self, stretch: _Stretch, admit: Admit) -> None:
        admitted: list[Row | None] = []
        for row, source in zip(stretch.rows, stretch.sources, strict=True):
            answer = admit(row, source)
            if isinstance(answer, str):
                stretch.refused[answer] += 1
            admitted.append(None if isinstance(answer, str) else answer)
        rows, doubles = self._distinct(admitted)
        stretch.refused["duplicate"] += doubles
        stretch.replace(rows)


class _Stretch:
    """The rows that remain so far."""

    def __init__(self, rows: Rows, sources: Sequence[int], layout: Layout | None = None) -> None:
        self.rows: list[Row] = [row for row in rows if row is not None]
        self.dropped: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._of = len(rows)
        self._positions = [place for place, row in enumerate(rows) if row is not None]
        self.sources = [sources[place] for place in self._positions]
        self._layout = layout

    def replace(self, rows: Sequence[Row | None]) -> None:
        """Replace the rows by these; None drops one."""
        if all(map(is_, rows, self.rows)):
            return
        here = [row is not None for row in rows]
        self.rows = [row for row in rows if row is not None]
        self.sources = list(compress(self.sources, here))
        self._positions = list(compress(self._positions, here))
        self._layout = None

    def layout_of(self, origin: Origin) -> Layout:
        """Its layout: the same object as long as the rows are the same."""
        if self._layout is None:
            self._layout = Layout(origin, self.rows)
        return self._layout

    def course(self, origin: Origin) -> Course:
        return Course(
            self.layout_of(origin),
            tuple(self.sources),
            picker(self._positions, self._of),
            +self.dropped,
            +self.refused,
        )
