"""Functions over columns of values, compiled once for each conversion and unit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

from orbital_processors.converting.unit_table import conversion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from orbital_processors.converting.rule import Conversion

    Column: TypeAlias = Sequence[float]
    Operation: TypeAlias = Callable[[Column], Column]


def operations(rule: Conversion, unit: str) -> Iterator[Operation]:
    """What a conversion does, step by step, to series that are in this unit."""
    if rule.values:
        table = rule.values
        yield lambda column: [table.get(value, value) for value in column]
    linear = conversion(rule.from_unit or unit, rule.unit) if rule.unit else None
    if linear is not None:
        before, factor, after = linear
        yield lambda column: [(value - before) * factor + after for value in column]
    if rule.scale != 1 or rule.offset:
        scale, offset = rule.scale, rule.offset
        yield lambda column: [value * scale + offset for value in column]
    if (least := rule.min) is not None:
        yield lambda column: [max(value, least) for value in column]
    if (most := rule.max) is not None:
        yield lambda column: [min(value, most) for value in column]
    if (places := rule.round) is not None:
        yield lambda column: [
            round(value, places) if math.isfinite(value) else value for value in column
        ]


def composed(steps: Iterable[Operation]) -> Operation | None:
    """One operation for all these; None if there is none."""
    given = tuple(steps)
    if len(given) <= 1:
        return given[0] if given else None

    def apply(column: Column) -> Column:
        for step in given:
            column = step(column)
        return column

    return apply
