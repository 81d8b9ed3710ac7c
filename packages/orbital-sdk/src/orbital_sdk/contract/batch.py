"""Layouts and batches: what one collection gave, stamped and sealed.

Most collections of a task give the same series in the same order, so the ordered rows are a `Layout`,
built once, and a `Batch` is a layout, a time and a column of doubles. Whatever a writer computes from
the rows (wire bytes, columns) it keeps in `layout.caches` under a key of its own.

What is sent to us comes in the order of the last time too, but cut elsewhere: such a batch has a part of a
layout. A part is a layout like any other, and knows the whole one, for which most is computed already.
"""

from __future__ import annotations

import struct
from array import array  # noqa: TC003 (help() evaluates the annotations of a Struct)
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from orbital_sdk.metric import Kind

T = TypeVar("T")

STALE_BYTES: Final = b"\x02\x00\x00\x00\x00\x00\xf0\x7f"
"""Prometheus' stale marker, 0x7ff0000000000002 in little endian. A signalling NaN: arithmetic destroys
it and `==` never matches, so it is kept and compared as bytes."""
STALE: Final[float] = struct.unpack("<d", STALE_BYTES)[0]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who collects: what the configuration's `sentinel` section says."""

    id: str
    name: str
    region: str = ""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a batch comes from. Writers render it by their destination's custom."""

    task: str
    plugin: str
    device_id: str
    target: str
    """What people call the device: an address, `host:port` or URL (Prometheus' `instance`)."""
    sentinel: Identity
    fields: Mapping[str, str] = field(default_factory=dict[str, str], compare=False, repr=False)
    """The device's fields as text, by name, secrets left out: for processors before the buffer, which
    does not keep them."""


class Row:
    """A series of one task: its name, kind, unit and all labels, `device_id` included."""

    __slots__ = ("__weakref__", "honor_labels", "kind", "labels", "name", "unit")

    def __init__(
        self,
        name: str,
        labels: Mapping[str, str],
        kind: Kind = "gauge",
        unit: str = "",
        *,
        honor_labels: bool = False,
    ) -> None:
        self.name = name
        self.labels = tuple(sorted([_pair(k, v) for k, v in labels.items() if v]))
        """Sorted pairs; an empty value is not a label at all, as in Prometheus' data model."""
        self.kind: Kind = kind
        self.unit = unit
        self.honor_labels = honor_labels
        """Somebody else collected it: its labels win over those that a destination's custom adds, and `job`
        and `instance` are not added."""

    @property
    def key(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        """What makes two rows the same series."""
        return self.name, self.labels

    def replace(
        self,
        *,
        name: str | None = None,
        labels: Mapping[str, str] | None = None,
        kind: Kind | None = None,
        unit: str | None = None,
    ) -> Row:
        """The same with what is given here; the rest stays, `honor_labels` too."""
        return Row(
            self.name if name is None else name,
            dict(self.labels) if labels is None else labels,
            self.kind if kind is None else kind,
            self.unit if unit is None else unit,
            honor_labels=self.honor_labels,
        )

    def __repr__(self) -> str:
        return f"{self.name}{{{', '.join(f'{k}={v!r}' for k, v in self.labels)}}}"


@lru_cache(maxsize=1 << 16)
def _pair(name: str, value: str) -> tuple[str, str]:
    """One object for all rows that have this label: pairs are most of what rows weigh."""
    return name, value


@lru_cache(maxsize=1 << 7)
def _splitter(rows: int) -> Callable[[array[float]], tuple[bytes, ...]]:
    """Likewise one for all layouts of this size."""
    return struct.Struct("8s" * rows).unpack


class Layout:
    """The ordered rows of a batch; immutable, no series twice, shared by all like batches.

    Args:
        origin: Where its batches come from.
        rows: In order.
        of: The layout that these are a part of.
        start: Where it begins there.
    """

    __slots__ = ("__weakref__", "_of", "caches", "origin", "rows", "start")

    def __init__(
        self, origin: Origin, rows: Sequence[Row], of: Layout | None = None, start: int = 0
    ) -> None:
        self.origin = origin
        self.rows = tuple(rows)
        self.caches: dict[object, Any] = {}
        """Owner -> what it computed from the rows, once. Owners only ever set their own key."""
        self._of = of
        self.start = start
        """Index of the first row in `whole`."""

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def whole(self) -> Layout:
        """The layout that this is a part of: itself where it is none."""
        return self._of or self

    @property
    def split(self) -> Callable[[array[float]], tuple[bytes, ...]]:
        """Cuts a column of doubles into its 8-byte values."""
        return _splitter(len(self.rows))

    def part(self, start: int, stop: int) -> Layout:
        """The layout of rows `start` to `stop`; not shared."""
        if start <= 0 and stop >= len(self.rows):
            return self
        return Layout(self.origin, self.rows[start:stop], self.whole, self.start + start)

    def each(self, key: object, compute: Callable[[Layout], Sequence[T]]) -> Sequence[T]:
        """What is computed for each row, once for the whole layout: kept in its `caches` under this key."""
        whole = self.whole
        found: Sequence[T] | None = whole.caches.get(key)
        if found is None:
            found = whole.caches[key] = compute(whole)
        return found if self is whole else found[self.start : self.start + len(self.rows)]


class Batch(msgspec.Struct, frozen=True, gc=False, eq=False):
    """What one collection gave: `values[i]` belongs to `layout.rows[i]`."""

    layout: Layout
    ts: int
    """Milliseconds UTC of the collection."""
    values: array[float]
    times: array[int] | None = None
    """Milliseconds UTC of each value where a device gave its own times, else None."""
    stale: bool = False
    """Every value is the stale marker: these series ended. Not samples; the ledger leaves them out."""

    def __len__(self) -> int:
        return len(self.values)

    @property
    def samples(self) -> int:
        """How many samples the ledger counts here."""
        return 0 if self.stale else len(self.values)

    def part(self, start: int, stop: int) -> Batch:
        """Rows `start` to `stop` of this batch."""
        return Batch(
            self.layout.part(start, stop),
            self.ts,
            self.values[start:stop],
            None if self.times is None else self.times[start:stop],
            self.stale,
        )

    def items(self) -> Iterator[tuple[Row, int, float]]:
        """Row, milliseconds UTC and value of each sample: the comfortable road, not the fast one."""
        if self.times is None:
            for row, value in zip(self.layout.rows, self.values, strict=True):
                yield row, self.ts, value
        else:
            yield from zip(self.layout.rows, self.times, self.values, strict=True)
