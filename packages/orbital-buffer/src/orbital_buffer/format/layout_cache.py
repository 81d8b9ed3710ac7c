"""Layouts by segment and number: those in use are the engine's own objects, others are decoded again."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final, Generic, TypeVar
from weakref import WeakValueDictionary

from orbital_buffer.format.layout import decode_layout

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from orbital_sdk import Layout

    Key = tuple[int, int]
    """Segment and number."""

T = TypeVar("T")

DECODED: Final = 1 << 18
"""Rows of decoded layouts that are kept; those used longest ago go first."""
WAITING: Final = 1 << 16
"""Rows of layouts that are kept for the outputs although their series have ended; the oldest go first."""


class LayoutCache:
    """Layouts that were used lately.

    What the engine holds is never decoded, however many tasks there are: a second object for the same rows
    would cost its memory, and all that writers compute from a layout, over again. What it holds no more is
    kept until the record that brought it is gone, so that series which come and go cost no decoding either,
    as long as outputs keep up.

    Args:
        decoded: Rows of decoded layouts that are kept.
        waiting: Rows of layouts that records brought and that are kept for them.
    """

    def __init__(self, decoded: int = DECODED, waiting: int = WAITING) -> None:
        self._alive: WeakValueDictionary[Key, Layout] = WeakValueDictionary()
        self._decoded: _Kept[Key] = _Kept(decoded)
        self._brought: _Kept[int] = _Kept(waiting)

    def put(self, first: int, segment: int, layouts: Mapping[Layout, int]) -> None:
        """The record that begins with this batch brought these layouts, by their numbers."""
        if layouts:
            self._alive.update({(segment, number): layout for layout, number in layouts.items()})
            self._brought.add(first, tuple(layouts))

    def find(self, segment: int, number: int) -> Layout | None:
        """A layout, if it is known."""
        layout = self._alive.get((segment, number))
        if layout is not None:
            self._decoded.use((segment, number))
        return layout

    def decode(self, segment: int, number: int, data: bytes) -> Layout:
        """One that is not known, out of its bytes.

        Raises:
            Damaged: They are not what was written.
        """
        layout = self._alive[segment, number] = decode_layout(data)
        self._decoded.add((segment, number), (layout,))
        return layout

    def release(self, firsts: Iterable[int]) -> None:
        """No output needs these records any more."""
        for first in firsts:
            self._brought.drop(first)

    def let_go(self, keys: Iterable[Key]) -> None:
        """No record has these any more; whoever else holds one may bring it again."""
        for key in keys:
            self._decoded.drop(key)

    def forget(self, segments: Collection[int]) -> None:
        """These segments are gone."""
        if segments:
            for key in [key for key in self._alive if key[0] in segments]:
                del self._alive[key]
                self._decoded.drop(key)

    @property
    def rows(self) -> int:
        """Rows of all layouts that nobody else need hold for them to be known."""
        return self._decoded.rows + self._brought.rows


class _Kept(Generic[T]):
    """Layouts under a key, as far as there is room for their rows."""

    def __init__(self, room: int) -> None:
        self.rows = 0
        self._room = room
        self._layouts: OrderedDict[T, Sequence[Layout]] = OrderedDict()

    def add(self, key: T, layouts: Sequence[Layout]) -> None:
        self._layouts[key] = layouts
        self.rows += sum(map(len, layouts))
        while self.rows > self._room and len(self._layouts) > 1:
            self.drop(next(iter(self._layouts)))

    def use(self, key: T) -> None:
        if key in self._layouts:
            self._layouts.move_to_end(key)

    def drop(self, key: T) -> None:
        self.rows -= sum(map(len, self._layouts.pop(key, ())))
