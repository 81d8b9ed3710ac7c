"""One column of one table, from poll to poll."""

from __future__ import annotations

import math
from collections import Counter
from itertools import compress
from typing import TYPE_CHECKING, Any, Final

from orbital_plugin_snmp import oids
from orbital_plugin_snmp.tables.convert import plain_number
from orbital_plugin_snmp.tables.counters import Unwrapper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from orbital_plugin_snmp.tables.convert import Values
    from orbital_plugin_snmp.tables.plan import ColumnPlan
    from orbital_plugin_snmp.tables.texts import Raw
    from orbital_plugin_snmp.wire.smi import VarBind
    from orbital_sdk import Series

    LabelsOf = Callable[[bytes], tuple[str, ...] | None]
    """Index of a row -> its labels; None where the row is not told."""

EXACT: Final = 1 << 53
"""Above this a double skips whole numbers, so that a slow counter would seem to stand still."""
_NUMBERS: Final = frozenset({int, float})


class Output:
    """What a poll has given so far."""

    __slots__ = ("problems", "series", "values")

    def __init__(self) -> None:
        self.series: list[Series] = []
        self.values: list[float] = []
        self.problems: Counter[str] = Counter()
        """What made no sense -> how often."""

    def add(self, other: Output) -> None:
        """Add all of another."""
        self.series += other.series
        self.values += other.values
        self.problems += other.problems

    def extend(self, samples: Values) -> None:
        """Add some samples."""
        for series, value in samples:
            self.series.append(series)
            self.values.append(value)


class ColumnState:
    """What is known of a column's cells.

    Args:
        plan: The column.
        wrap: Take counters above 2^53 modulo 2^53, so that every step stays exact.
    """

    def __init__(self, plan: ColumnPlan, *, wrap: bool) -> None:
        self.plan = plan
        self.unwrapper = Unwrapper() if plan.value.unwrap else None
        self._wrap = wrap and plan.metric.kind == "counter"
        self._known: dict[bytes, Series | None] = {}
        self._converted: dict[bytes, tuple[Raw, Values, bool]] = {}
        """Cell -> its value, what became of it, and whether that is nothing because it makes no sense."""
        self._some_dropped = False

    def __len__(self) -> int:
        return len(self._known) + len(self._converted)

    @property
    def is_plain(self) -> bool:
        """Whether its numbers are told as they are."""
        plan = self.plan
        bent = plan.bends or self.unwrapper is not None or bool(plan.value.unknown)
        return plan.convert is None and not bent

    def series_of(self, oid: bytes) -> Series | None:
        """The series of a cell that is known and told."""
        return self._known.get(oid)

    @property
    def idle(self) -> bool:
        """Whether all its cells are known, and none is told."""
        return bool(self._known) and not any(self._known.values())

    def forget(self) -> None:
        """Work out all labels again."""
        self._known.clear()
        self._converted.clear()
        self._some_dropped = False

    def drop(self, index: bytes) -> None:
        """Work out the labels of one row again."""
        self._known.pop(self.plan.oid + index, None)
        self._converted.pop(self.plan.oid + index, None)

    def read(self, varbinds: list[VarBind], labels_of: LabelsOf, out: Output) -> None:
        """Turn the cells of one poll into samples."""
        if unknown := self.plan.value.unknown:
            varbinds = [cell for cell in varbinds if cell[2] not in unknown]
        if self.plan.convert is None:
            self._numbers(varbinds, labels_of, out)
        else:
            self._convert(varbinds, labels_of, out)

    def _numbers(self, varbinds: list[VarBind], labels_of: LabelsOf, out: Output) -> None:
        known: dict[bytes, Any] = self._known  # a Series each, unless some are dropped
        try:
            series = [known[oid] for oid, _, _ in varbinds]
        except KeyError:
            self._learn(varbinds, labels_of)
            series = [known[oid] for oid, _, _ in varbinds]
        numbers: list[Any] = [value for _, _, value in varbinds]
        if self._some_dropped or not _NUMBERS.issuperset(map(type, numbers)):
            varbinds, series, numbers = self._only_good(varbinds, series, numbers, out)
        if self.unwrapper is not None:
            numbers = self.unwrapper.carry(varbinds, numbers)
        out.series += series
        out.values += self._converted_numbers(numbers)

    def _converted_numbers(self, numbers: list[float]) -> list[float]:
        plan = self.plan
        if self._wrap and numbers and max(numbers) >= EXACT:
            numbers = [number % EXACT if number < math.inf else number for number in numbers]
        if not plan.bends:
            return numbers
        over = round(1 / plan.scale) if plan.scale else 0
        if over > 1 and 1 / over == plan.scale:  # 292 / 10 is 29.2, and 292 * 0.1 is not
            return [number / over + plan.offset for number in numbers]
        return [number * plan.scale + plan.offset for number in numbers]

    def _learn(self, varbinds: Iterable[VarBind], labels_of: LabelsOf) -> None:
        size = len(self.plan.oid)
        for oid, _, _ in varbinds:
            if oid not in self._known:
                labels = labels_of(oid[size:])
                told = None if labels is None else self.plan.metric.series(*labels)
                self._known[oids.shared(oid)] = told
        self._some_dropped = None in self._known.values()

    def _only_good(
        self,
        varbinds: list[VarBind],
        series: list[Series | None],
        numbers: Sequence[Raw],
        out: Output,
    ) -> tuple[list[VarBind], list[Any], list[Any]]:
        """Without rows that are not wanted and values that are not numbers; the latter are counted."""
        read = [
            None if s is None else plain_number(n) for s, n in zip(series, numbers, strict=True)
        ]
        wrong = sum(n is None and s is not None for s, n in zip(series, read, strict=True))
        if wrong:
            out.problems[f"{self.plan.metric.name} is no number"] += wrong
        good = [number is not None for number in read]
        return (
            list(compress(varbinds, good)),
            list(compress(series, good)),
            [number for number in read if number is not None],
        )

    def _convert(self, varbinds: Iterable[VarBind], labels_of: LabelsOf, out: Output) -> None:
        """Values that are not numbers: what one becomes is kept until it changes."""
        size, convert, wrong = len(self.plan.oid), self.plan.convert, 0
        for oid, tag, value in varbinds:
            kept = self._converted.get(oid)
            if kept is None or kept[0] != value:
                labels = labels_of(oid[size:])
                told = [] if labels is None or convert is None else convert(value, tag, labels)
                kept = self._converted[oid] = value, told, labels is not None and not told
            out.extend(kept[1])
            wrong += kept[2]
        if wrong:
            out.problems[f"{self.plan.metric.name} makes no sense"] += wrong
