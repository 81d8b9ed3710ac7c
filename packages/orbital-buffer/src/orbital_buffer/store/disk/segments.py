"""Segments of the log: consecutive records that share one numbering of layouts.

A layout is stored once in a segment, with the first record that uses it, and is deleted with the segment's
last record, so no references are counted. Each start begins a new segment, so numbers never collide with
those of a crashed process. A layout holds its own number, so that unused layouts are not kept alive here.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final
from weakref import WeakSet

from orbital_buffer.format.layout import encode_layout, layout_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from orbital_sdk import Batch, Layout

SIZE: Final = 64 << 20
"""Bytes of records and layouts after which a new segment begins."""
SPAN: Final = 3_600_000
"""Milliseconds after which a new segment begins."""
LAYOUTS: Final = 1 << 20
"""Bytes of layouts after which a new segment begins if as many are unused as used."""
_NOWHERE: Final = -1, -1


class Segments:
    """The open segment, and the number of remaining records of each segment.

    Args:
        current: Number of the open segment.
        size: Bytes after which the next segment begins.
        layouts: Bytes of layouts after which it begins if as many are unused as used.
    """

    def __init__(self, current: int = 1, size: int = SIZE, layouts: int = LAYOUTS) -> None:
        self.current = current
        self.shared = 0
        """Bytes of all stored layouts."""
        self._limit = size
        self._worth = layouts
        self._given = 0
        self._in_use: WeakSet[Layout] = WeakSet()
        self._laid_out = 0
        self._look_at = layouts
        self._size = 0
        self._since: int | None = None
        self._records: Counter[int] = Counter()
        self._layouts: Counter[int] = Counter()
        self._of: dict[int, int] = {}

    def number(self, batches: Sequence[Batch]) -> tuple[list[int], dict[Layout, int]]:
        """The number of each batch's whole layout, and the new ones with their numbers. Changes nothing."""
        numbers: list[int] = []
        fresh: dict[Layout, int] = {}
        for batch in batches:
            layout = batch.layout.whole
            segment, number = layout.caches.get(self, _NOWHERE)
            if segment != self.current:
                number = fresh.setdefault(layout, self._given + len(fresh))
            numbers.append(number)
        return numbers, fresh

    def keep(self, first: int, size: int, fresh: Mapping[Layout, int], written: int) -> None:
        """Record that this record was stored with these layouts; the next one may begin a new segment."""
        self.restore(first, self.current, 0)
        added = self._add(fresh)
        self.shared += added
        self._layouts[self.current] += added
        self._size += size + added
        since = self._since = written if self._since is None else self._since
        if self._size >= self._limit or written - since >= SPAN or self._mostly_ended():
            self._next()

    def _add(self, fresh: Mapping[Layout, int]) -> int:
        """Add these layouts to the open segment; returns their size in bytes."""
        for layout, number in fresh.items():
            layout.caches[self] = self.current, number
        self._in_use.update(fresh)
        self._given += len(fresh)
        added = sum(map(layout_size, fresh))
        self._laid_out += added
        return added

    def _mostly_ended(self) -> bool:
        """Whether at least half of the layouts are unused; checked whenever their number has doubled."""
        if self._laid_out < self._look_at:
            return False
        self._look_at = max(self._worth, 2 * sum(map(layout_size, self._in_use)))
        return self._laid_out >= self._look_at

    def _next(self) -> None:
        self.current += 1
        self._given, self._in_use, self._laid_out, self._look_at = 0, WeakSet(), 0, self._worth
        self._size, self._since = 0, None

    def restore(self, first: int, segment: int, layouts: int) -> None:
        """Add an existing record; `layouts` are the bytes of its segment's layouts, unless already added."""
        self._of[first] = segment
        self._records[segment] += 1
        self._layouts[segment] += layouts
        self.shared += layouts

    def of(self, first: int) -> int:
        """The segment of the record with this first batch."""
        return self._of[first]

    def forget(self, firsts: Iterable[int]) -> list[int]:
        """Remove these records; returns the segments that have none left."""
        gone: list[int] = []
        for first in firsts:
            segment = self._of.pop(first)
            self._records[segment] -= 1
            if not self._records[segment] and segment != self.current:
                del self._records[segment]
                self.shared -= self._layouts.pop(segment, 0)
                gone.append(segment)
        return gone


def encoded(fresh: Mapping[Layout, int]) -> dict[int, bytes]:
    """Encoded new layouts, by number."""
    return {number: encode_layout(layout) for layout, number in fresh.items()}
