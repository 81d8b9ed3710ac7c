"""The processor `convert`."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from orbital_processors.converting.operations import composed, operations
from orbital_processors.converting.rule import Conversion  # noqa: TC001 (pydantic reads it)
from orbital_processors.converting.unit_table import conversion
from orbital_processors.matching.selector import selects
from orbital_processors.names import Some  # noqa: TC001 (pydantic reads it)
from orbital_sdk import Plan, Processor, ProcessorConfig

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Iterator, Sequence

    from orbital_processors.converting.operations import Operation
    from orbital_processors.converting.rule import Codes
    from orbital_sdk import Batch, Layout, Row

    Part: TypeAlias = tuple[int, str] | float
    """A rule's place and the unit that it finds, or a number that takes the place of the value."""
    Work: TypeAlias = Sequence[tuple[Sequence[int], Callable[[Any], Sequence[float]], Operation]]

CACHED: Final = 1000
"""Combinations of rules and units whose operation is kept."""


class ConvertConfig(ProcessorConfig):
    """Conversions of values."""

    rules: Some[Conversion]
    """All that match a series are applied to it, in this order."""


class Convert(Processor[ConvertConfig]):
    """Groups the series of a layout by what is done to them: a batch costs a few loops over columns."""

    name = "convert"
    summary = "Converts values: units, scale, limits, rounding, codes"
    stateless = True

    def __init__(self, config: ConvertConfig) -> None:
        super().__init__(config)
        self._rules = [(rule, selects(rule)) for rule in config.rules]
        self._operation = lru_cache(CACHED)(self._composed)

    def plan(self, layout: Layout) -> Plan | list[Row | None]:
        planned = [self._planned(row) for row in layout.rows]
        rows = [row for row, _ in planned]
        alike: dict[Operation, list[int]] = defaultdict(list)
        for place, (row, parts) in enumerate(planned):
            operation = self._operation(parts)
            if row is not None and operation is not None:
                alike[operation].append(place)
        if not alike:
            return rows
        work = [(places, _picker(places), operation) for operation, places in alike.items()]
        return Plan(rows, lambda batch: _converted(batch, work))

    def _planned(self, row: Row) -> tuple[Row | None, tuple[Part, ...]]:
        """The row as it becomes, and what is done to its values."""
        parts: list[Part] = []
        for place, (rule, selected) in enumerate(self._rules):
            if not selected(row):
                continue
            if rule.codes is not None:
                number = _code(row, rule.codes)
                if number is None:
                    return None, ()
                parts.append(number)
                row = _without(row, rule.codes.label)
            parts.append((place, row.unit))
            if rule.unit and conversion(rule.from_unit or row.unit, rule.unit):
                row = row.replace(unit=rule.unit)
        return row, tuple(parts)

    def _composed(self, parts: tuple[Part, ...]) -> Operation | None:
        def steps() -> Iterator[Operation]:
            for part in parts:
                if isinstance(part, tuple):
                    place, unit = part
                    yield from operations(self._rules[place][0], unit)
                else:
                    yield lambda column, number=part: [number] * len(column)

        return composed(steps())


def _code(row: Row, codes: Codes) -> float | None:
    return codes.numbers.get(dict(row.labels).get(codes.label, ""))


def _without(row: Row, label: str) -> Row:
    return row.replace(labels={name: value for name, value in row.labels if name != label})


def _picker(places: Sequence[int]) -> Callable[[Any], Sequence[float]]:
    if len(places) == 1:
        return itemgetter(slice(places[0], places[0] + 1))
    return itemgetter(*places)


def _converted(batch: Batch, work: Work) -> array[float]:
    values = batch.values[:]
    for places, pick, operation in work:
        for place, value in zip(places, operation(pick(values)), strict=True):
            values[place] = value
    return values
