"""The last values of each series: the batches themselves, the oldest dropped first."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orbital_sdk import Batch, Layout, Row

BATCH_BYTES: Final = 400
"""Memory of a batch beside its numbers. An estimate, as the next one."""
ROW_BYTES: Final = 300
"""Memory of a row of a layout."""
NUMBER_BYTES: Final = 8


class Series(NamedTuple):
    """Recent values of one series."""

    name: str
    unit: str
    labels: tuple[tuple[str, str], ...]
    points: list[tuple[int, float]]
    """Time in milliseconds UTC, and value; the oldest first. Stale markers are left out."""


class ValueHistory:
    """Keeps the accepted batches within a limit of memory. They share their arrays with the buffer's.

    Args:
        memory: Bytes at most.
    """

    def __init__(self, memory: int) -> None:
        self._memory = memory
        self._batches: deque[Batch] = deque()
        self._uses: dict[Layout, int] = {}
        """Batches of each layout: a layout stays in memory as long as one of them."""
        self.bytes = 0
        """Memory in use, in bytes. An estimate."""

    def add(self, batch: Batch) -> None:
        """Remember a batch. It is called for every accepted batch, and so does little."""
        if batch.stale:
            return
        uses = self._uses.get(batch.layout, 0)
        self._uses[batch.layout] = uses + 1
        self._batches.append(batch)
        self.bytes += _size(batch, alone=not uses)
        while self.bytes > self._memory:
            self._drop()

    def _drop(self) -> None:
        batch = self._batches.popleft()
        uses = self._uses.pop(batch.layout) - 1
        if uses:
            self._uses[batch.layout] = uses
        self.bytes -= _size(batch, alone=not uses)

    def task(self, task: str, *, since_ms: int = 0) -> list[Series]:
        """All series of a task that have values, in the order of their first appearance.

        Args:
            task: Its id, as in the origin of its batches.
            since_ms: Without the values before this time, milliseconds UTC.
        """
        found: dict[tuple[str, tuple[tuple[str, str], ...]], Series] = {}
        for batch in [one for one in self._batches if one.layout.origin.task == task]:
            for row, ts, value in _samples(batch):
                if ts < since_ms:
                    continue
                key = (row.name, tuple(row.labels))
                series = found.get(key)
                if series is None:
                    series = found[key] = Series(row.name, row.unit, key[1], [])
                series.points.append((ts, value))
        return list(found.values())


def _samples(batch: Batch) -> Iterator[tuple[Row, int, float]]:
    times = batch.times or [batch.ts] * len(batch.values)
    for row, ts, value in zip(batch.layout.rows, times, batch.values, strict=True):
        if value == value:  # noqa: PLR0124 (NaN: a stale marker)
            yield row, ts, value


def _size(batch: Batch, *, alone: bool) -> int:
    """Bytes of a batch; `alone`: with its layout."""
    columns = 1 if batch.times is None else 2
    rows = ROW_BYTES * len(batch.values) if alone else 0
    return BATCH_BYTES + NUMBER_BYTES * len(batch.values) * columns + rows
