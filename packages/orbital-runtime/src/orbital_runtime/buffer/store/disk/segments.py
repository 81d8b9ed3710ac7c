"""Segments of the log: the stretch of records that shares one numbering of layouts.

A layout is stored once a segment, with the first record that has it, and goes with the segment's last
record. So nothing counts references, and each start begins a new one: numbers never clash with those of a
process that died. A layout knows its own number, so that nothing here keeps one whose series have ended.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final
from weakref import WeakSet

from orbital_runtime.buffer.format.layout import encode_layout, layout_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from orbital_sdk import Batch, Layout

SIZE: Final = 64 << 20
"""Bytes of records and layouts after which the next segment begins."""
SPAN: Final = 3_600_000
"""Milliseconds after which it does."""
LAYOUTS: Final = 1 << 20
"""Bytes of layouts that are worth a new segment, if as many have ended as are in use."""
_NOWHERE: Final = -1, -1


class Segments:
    """The open segment, and how many records of each one there still are.

    Args:
        current: Number of the segment that is open now.
        size: Bytes after which the next one begins.
        layouts: Bytes of layouts after which it does, if as many have ended as are in use.
    """

    def __init__(self, current: int = 1, size: int = SIZE, layouts: int = LAYOUTS) -> None:
        self.current = current
        self.shared = 0
        """Bytes of all layouts stored."""
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
        """The number of each batch's layout, and which of them are new. Changes nothing."""
        numbers: list[int] = []
        fresh: dict[Layout, int] = {}
        for batch in batches:
            layout = batch.layout
            segment, number = layout.caches.get(self, _NOWHERE)
            if segment != self.current:
                number = fresh.setdefault(layout, self._given + len(fresh))
            numbers.append(number)
        return numbers, fresh

    def keep(self, first: int, size: int, fresh: Mapping[Layout, int], written: int) -> None:
        """This record is stored with these layouts; the next one may begin a new segment."""
        self.restore(first, self.current, 0)
        added = self._add(fresh)
        self.shared += added
        self._layouts[self.current] += added
        self._size += size + added
        since = self._since = written if self._since is None else self._since
        if self._size >= self._limit or written - since >= SPAN or self._mostly_ended():
            self._next()

    def _add(self, fresh: Mapping[Layout, int]) -> int:
        """These layouts are stored in the open segment; gives their bytes."""
        for layout, number in fresh.items():
            layout.caches[self] = self.current, number
        self._in_use.update(fresh)
        self._given += len(fresh)
        added = sum(map(layout_size, fresh))
        self._laid_out += added
        return added

    def _mostly_ended(self) -> bool:
        """Whether no more of the layouts here are in use than have ended; looked at when they doubled."""
        if self._laid_out < self._look_at:
            return False
        self._look_at = max(self._worth, 2 * sum(map(layout_size, self._in_use)))
        return self._laid_out >= self._look_at

    def _next(self) -> None:
        self.current += 1
        self._given, self._in_use, self._laid_out, self._look_at = 0, WeakSet(), 0, self._worth
        self._size, self._since = 0, None

    def restore(self, first: int, segment: int, layouts: int) -> None:
        """A record that is there already; `layouts` are bytes of its segment not told of before."""
        self._of[first] = segment
        self._records[segment] += 1
        self._layouts[segment] += layouts
        self.shared += layouts

    def of(self, first: int) -> int:
        """The segment of a record."""
        return self._of[first]

    def forget(self, firsts: Iterable[int]) -> list[int]:
        """These records are gone; gives the segments that went with them."""
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
    """New layouts as bytes, by number."""
    return {number: encode_layout(layout) for layout, number in fresh.items()}
