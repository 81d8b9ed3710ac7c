"""The processor `filter`: keeps or drops series and samples."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

from pydantic import Field, model_validator

from orbital_processors.matching.comparison import Comparisons, all_of
from orbital_processors.matching.pattern import as_tuple
from orbital_processors.matching.selector import Selector, selects
from orbital_sdk import Plan, Processor, ProcessorConfig

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Sequence
    from typing import Self

    from orbital_sdk import Batch, Layout, Row

    Judge: TypeAlias = Callable[[float], bool]
    Verdict: TypeAlias = bool | Judge


class Condition(Selector):
    """Series by name and labels, and samples by value; everything that is given has to match."""

    value: Comparisons = Field(default=(), examples=["> 0", ["> 0", "< 100"]])
    """Comparison of the value (`==`, `!=`, `>`, `>=`, `<`, `<=`), or a list of which all have to hold."""


class FilterConfig(ProcessorConfig):
    """Which series and samples pass."""

    keep: tuple[Condition, ...] = ()
    """Conditions of which one has to hold; everything passes if left out. Reports such as `up` are
    series, too."""
    drop: tuple[Condition, ...] = ()
    """Conditions of which none may hold."""

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if not self.keep and not self.drop:
            raise ValueError("the filter has no conditions; write some under keep or drop")
        return self


class Filter(Processor[FilterConfig]):
    """Decides by name and labels once for each layout, and by value for each sample."""

    name = "filter"
    summary = "Keeps or drops series by name and labels, and samples by value"
    stateless = True

    def __init__(self, config: FilterConfig) -> None:
        super().__init__(config)
        self._keep = _judging(config.keep)
        self._drop = _judging(config.drop)

    def plan(self, layout: Layout) -> Plan | list[Row | None]:
        verdicts = [self._verdict(row) for row in layout.rows]
        rows = [
            None if verdict is False else row
            for row, verdict in zip(layout.rows, verdicts, strict=True)
        ]
        judged = [
            (place, verdict)
            for place, verdict in enumerate(verdicts)
            if not isinstance(verdict, bool)
        ]
        return Plan(rows, lambda batch: _judged(batch, judged)) if judged else rows

    def _verdict(self, row: Row) -> Verdict:
        keep = self._keep(row) if self.config.keep else True
        drop = self._drop(row)
        if keep is False or drop is True:
            return False
        if drop is False:
            return keep
        return lambda value: (
            (keep is True or (keep is not False and keep(value))) and not drop(value)
        )


def _judging(conditions: Sequence[Condition]) -> Callable[[Row], Verdict]:
    """Whether one of these conditions holds: for all values of a row, for none, or for those that pass a
    test.
    """
    ready = [
        (selects(each), all_of(as_tuple(each.value)) if each.value else None) for each in conditions
    ]

    def verdict(row: Row) -> Verdict:
        judges = [judge for selected, judge in ready if selected(row)]
        if None in judges:
            return True
        tests = [judge for judge in judges if judge is not None]
        return (lambda value: any(test(value) for test in tests)) if tests else False

    return verdict


def _judged(batch: Batch, judged: Sequence[tuple[int, Judge]]) -> array[float]:
    values = batch.values[:]
    for place, passes in judged:
        if not passes(values[place]):
            values[place] = math.nan
    return values
