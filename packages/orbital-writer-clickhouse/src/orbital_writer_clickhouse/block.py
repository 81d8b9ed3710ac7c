"""Batches in, one block out: FORMAT Native, or the columns as Python's own values."""

from __future__ import annotations

from array import array
from itertools import accumulate, chain
from typing import TYPE_CHECKING, Any, Final

from orbital_sdk import Refusal
from orbital_writer_clickhouse.columns import MILLISECONDS, NANOSECONDS
from orbital_writer_clickhouse.layout_columns import LayoutColumns, little, text, varint
from orbital_writer_clickhouse.refusals import InsertRefused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orbital_sdk import Batch, Layout
    from orbital_writer_clickhouse.columns import Column, Table

LATEST: Final = 10_413_791_999_999
"""The last millisecond that DateTime64 has, that of the year 2299."""
LATEST_NANOSECONDS: Final = 9_223_372_036_854
"""The last that 64 bits of nanoseconds have, in 2262."""


class Blocks:
    """Makes blocks for one table. Threads may share it."""

    def __init__(self, table: Table, *, in_python: bool = False) -> None:
        self.table = table
        self._in_python = in_python
        names = ", ".join(f"{column.name} {column.type}" for column in table.columns)
        self._key = f"clickhouse, {table.name}, {names}, {table.key}, {in_python}"

    def plan(self, layout: Layout) -> LayoutColumns:
        """What is known of a layout; made once, and again when its caches were dropped."""
        plan = layout.caches.get(self._key)
        if plan is None:
            plan = layout.caches[self._key] = LayoutColumns(
                layout, self.table, in_python=self._in_python
            )
        return plan

    def native(self, batches: Sequence[Batch]) -> tuple[bytes, int]:
        """A block in FORMAT Native, and its rows; nothing where none of the rows goes to this table."""
        parts = self._parts(batches)
        rows = sum(plan.rows for _, plan in parts)
        if not rows:
            return b"", 0
        out = [varint(len(self.table.columns)), varint(rows)]
        for number, column in enumerate(self.table.columns):
            out += [text(column.name), text(column.type)]
            out += _column(column, number, parts)
        return b"".join(out), rows

    def empty(self) -> bytes:
        """A block in FORMAT Native that has the columns and no rows."""
        columns = [text(column.name) + text(column.type) for column in self.table.columns]
        return b"".join([varint(len(columns)), varint(0), *columns])

    def lists(self, batches: Sequence[Batch]) -> list[Sequence[Any]]:
        """The columns as lists; none where none of the rows goes to this table."""
        parts = self._parts(batches)
        if not any(plan.rows for _, plan in parts):
            return []
        return [
            _numbers(column, parts).tolist()
            if column.cell is None
            else list(chain.from_iterable(plan.cells[number] for _, plan in parts))
            for number, column in enumerate(self.table.columns)
        ]

    def _parts(self, batches: Sequence[Batch]) -> list[tuple[Batch, LayoutColumns]]:
        """Stale markers are not samples and have no place in a table."""
        return [(batch, self.plan(batch.layout)) for batch in batches if not batch.stale]


Parts = list[tuple["Batch", LayoutColumns]]


def _column(column: Column, number: int, parts: Parts) -> Iterator[bytes]:
    if column.cell is None:
        yield little(_numbers(column, parts))
        return
    pieces = [plan.pieces[number] for _, plan in parts]
    if column.kind == "labels":  # where each row ends, all names, all values
        counts = chain.from_iterable([piece.counts for piece in pieces])
        yield little(array("Q", accumulate(counts)))
        yield from [piece.keys for piece in pieces]
        yield from [piece.values for piece in pieces]
    else:
        yield from [piece.data for piece in pieces]


def _numbers(column: Column, parts: Parts) -> array[Any]:
    return _values(parts) if column.kind == "value" else _times(parts, column.precision)


def _values(parts: Parts) -> array[float]:
    out = array("d")
    for batch, plan in parts:
        out.extend(plan.pick(batch.values) if plan.pick else batch.values)
    return out


def _times(parts: Parts, precision: int) -> array[int]:
    latest = LATEST_NANOSECONDS if precision == NANOSECONDS else LATEST
    out = array("q")
    for batch, plan in parts:
        if max(batch.times or (batch.ts,)) > latest:
            raise InsertRefused("its time is later than DateTime64 can hold", Refusal.BAD)
        if batch.times is None:
            out.extend(array("q", (_scaled(batch.ts, precision),)) * plan.rows)
        else:
            times = plan.pick(batch.times) if plan.pick else batch.times
            exact = precision == MILLISECONDS
            out.extend(times if exact else [_scaled(ts, precision) for ts in times])
    return out


def _scaled(ts: int, precision: int) -> int:
    """Milliseconds as ticks of a clock with that many digits after the second."""
    digits = precision - MILLISECONDS
    return ts * 10**digits if digits >= 0 else ts // 10**-digits
