"""The last values of each series: the batches themselves, the oldest dropped first."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orbital_sdk import Batch, Layout, Origin, Row

    Column = tuple[int, list[tuple[int, float]]]
    """Where the values of a series stand in a layout, and its points."""

BATCH_BYTES: Final = 400
"""Memory of a batch beside its numbers. An estimate, as the next one."""
ROW_BYTES: Final = 300
"""Memory of a row of a layout beside its labels."""
LABEL_BYTES: Final = 170
"""Memory of a label."""
NUMBER_BYTES: Final = 8

Select = Callable[[str, Mapping[str, str]], bool]


class Series(msgspec.Struct, frozen=True):
    """Recent values of one series."""

    name: str
    unit: str
    labels: dict[str, str]
    points: list[tuple[int, float]]
    """Time in milliseconds UTC, and value; the oldest first. Stale markers are left out."""
    kind: str = "gauge"
    """`gauge` or `counter`, and other kinds of the SDK."""


class ValueHistory:
    """Keeps the accepted batches within a limit of memory. They share their arrays with the buffer's.

    Args:
        memory: Bytes at most.
    """

    def __init__(self, memory: int) -> None:
        self._memory = memory
        self._batches: deque[Batch] = deque()
        self._uses: dict[Layout, int] = {}
        """Batches of each whole layout, which stays in memory as long as one of them."""
        self.bytes = 0
        """Memory in use, in bytes. An estimate."""

    def add(self, batch: Batch) -> None:
        """Remember a batch. It is called for every accepted batch, and so does little."""
        if batch.stale:
            return
        whole = batch.layout.whole
        uses = self._uses.get(whole, 0)
        self._uses[whole] = uses + 1
        self._batches.append(batch)
        self.bytes += _size(batch, whole, alone=not uses)
        while self.bytes > self._memory:
            self._drop()

    def _drop(self) -> None:
        batch = self._batches.popleft()
        whole = batch.layout.whole
        uses = self._uses.pop(whole) - 1
        if uses:
            self._uses[whole] = uses
        self.bytes -= _size(batch, whole, alone=not uses)

    def of(
        self,
        wanted: Callable[[Origin], bool],
        *,
        select: Select | None = None,
        since_ms: int = 0,
        most: int | None = None,
    ) -> Callable[[], list[Series]]:
        """Gives all series that have values, in the order of their first appearance. For a thread: there may
        be millions of values.

        Args:
            wanted: Whether to take those of this origin.
            select: Whether to take those of this name and these labels.
            since_ms: Without the values before this time, milliseconds UTC.
            most: Series at most.
        """
        return partial(_series, tuple(self._batches), wanted, select, since_ms, most)


def of_tasks(views: Iterable[Mapping[str, Any]]) -> Callable[[Origin], bool]:
    """Whether an origin is one of these tasks of the API. Their keys name the source; origins do not."""
    known = {(one["id"], one["plugin"], one["device_id"]) for one in views}
    return lambda origin: (origin.task, origin.plugin, origin.device_id) in known


def _series(
    batches: Sequence[Batch],
    wanted: Callable[[Origin], bool],
    select: Select | None,
    since_ms: int,
    most: int | None,
) -> list[Series]:
    found: dict[object, Series] = {}
    columns: dict[Layout, list[Column]] = {}
    for batch in batches:
        layout, ts, times = batch.layout.whole, batch.ts, batch.times
        if layout not in columns:
            chosen = wanted(layout.origin)
            columns[layout] = _columns(layout, found, select, most) if chosen else []
        for at, points in _within(columns[layout], batch):
            value, when = batch.values[at], ts if times is None else times[at]
            if value == value and when >= since_ms:  # noqa: PLR0124 (NaN: a stale marker)
                points.append((when, value))
    return [one for one in found.values() if one.points]


def _within(columns: Sequence[Column], batch: Batch) -> Sequence[Column]:
    """The columns that a batch has."""
    start = batch.layout.start
    if batch.layout is batch.layout.whole:
        return columns
    found = [(at - start, points) for at, points in columns]
    return [one for one in found if 0 <= one[0] < len(batch)]


def _columns(
    layout: Layout, found: dict[object, Series], select: Select | None, most: int | None
) -> list[Column]:
    """Where in a layout the wanted series stand, and their points; new ones join `found`."""
    columns: list[Column] = []
    for at, row in enumerate(layout.rows):
        key = layout.origin.task, row.key
        if key not in found:
            if select is not None and not select(row.name, dict(row.labels)):
                continue
            if most is not None and len(found) >= most:
                continue
            found[key] = Series(row.name, row.unit, dict(row.labels), [], row.kind)
        columns.append((at, found[key].points))
    return columns


def _size(batch: Batch, whole: Layout, *, alone: bool) -> int:
    """Bytes of a batch; `alone`: with its whole layout."""
    part = batch.layout is not whole  # it has references to its rows
    columns = 1 + (batch.times is not None) + part
    rows = sum(map(_row_size, whole.rows)) if alone else 0
    return BATCH_BYTES + NUMBER_BYTES * len(batch.values) * columns + rows


def _row_size(row: Row) -> int:
    return ROW_BYTES + LABEL_BYTES * len(row.labels)
