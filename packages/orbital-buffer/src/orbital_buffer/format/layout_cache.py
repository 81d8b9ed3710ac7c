"""A cache of layouts by segment and number."""

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
"""Maximum rows of decoded layouts; the least recently used are evicted."""
WAITING: Final = 1 << 16
"""Maximum rows of layouts that only waiting records use; the oldest are evicted."""


class LayoutCache:
    """Recently used layouts.

    Layouts in use by the engine are returned as the same objects: a second object would cost memory, and
    writers would compute again what they derive from a layout. Others are kept until the record that
    brought them is removed, so that short-lived series cost no decoding while outputs keep up.

    Args:
        decoded: Maximum rows of decoded layouts.
        waiting: Maximum rows of layouts that are kept for records.
    """

    def __init__(self, decoded: int = DECODED, waiting: int = WAITING) -> None:
        self._alive: WeakValueDictionary[Key, Layout] = WeakValueDictionary()
        self._decoded: _Kept[Key] = _Kept(decoded)
        self._brought: _Kept[int] = _Kept(waiting)

    def put(self, first: int, segment: int, layouts: Mapping[Layout, int]) -> None:
        """Add the new layouts of the record that begins with this batch, by number."""
        if layouts:
            self._alive.update({(segment, number): layout for layout, number in layouts.items()})
            self._brought.add(first, tuple(layouts))

    def find(self, segment: int, number: int) -> Layout | None:
        """A layout, if it is in the cache."""
        layout = self._alive.get((segment, number))
        if layout is not None:
            self._decoded.use((segment, number))
        return layout

    def decode(self, segment: int, number: int, data: bytes) -> Layout:
        """Decode a layout, and add it.

        Raises:
            Damaged: The bytes are not what was written.
        """
        layout = self._alive[segment, number] = decode_layout(data)
        self._decoded.add((segment, number), (layout,))
        return layout

    def release(self, firsts: Iterable[int]) -> None:
        """These records were removed."""
        for first in firsts:
            self._brought.drop(first)

    def remove(self, keys: Iterable[Key]) -> None:
        """No record has these layouts any more."""
        for key in keys:
            self._decoded.drop(key)

    def forget(self, segments: Collection[int]) -> None:
        """These segments were removed."""
        if segments:
            for key in [key for key in self._alive if key[0] in segments]:
                del self._alive[key]
                self._decoded.drop(key)

    @property
    def rows(self) -> int:
        """Rows of all layouts that only the cache holds."""
        return self._decoded.rows + self._brought.rows


class _Kept(Generic[T]):
    """Layouts by key, with a maximum of rows."""

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
