"""Layouts by segment and number: those in use are the engine's own objects, others are read from the disk."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final
from weakref import WeakValueDictionary

from orbital_runtime.buffer.layout import decode_layout

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from orbital_sdk import Layout

    Key = tuple[int, int]
    """Segment and number."""

ROOM: Final = 1024
"""How many of those read from the disk are kept; those used longest ago go first."""


class LayoutCache:
    """Layouts that were used lately.

    What the engine holds is never read back, however many tasks there are: a second object for the same rows
    would cost its memory, and all that writers compute from a layout, over again.

    Args:
        room: How many of those read from the disk are kept.
    """

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._alive: WeakValueDictionary[Key, Layout] = WeakValueDictionary()
        self._read: OrderedDict[Key, Layout] = OrderedDict()

    def put(self, segment: int, number: int, layout: Layout) -> None:
        """Somebody else holds this one; it is known as long as that goes on."""
        self._alive[segment, number] = layout

    def get(self, segment: int, number: int, load: Callable[[int, int], bytes]) -> Layout:
        """A layout, loaded and decoded where it is not known.

        Raises:
            Damaged: It cannot be read.
        """
        key = segment, number
        layout = self._alive.get(key)
        if layout is None:
            layout = self._alive[key] = decode_layout(load(segment, number))
            self._read[key] = layout
            if len(self._read) > self._room:
                self._read.popitem(last=False)
        elif key in self._read:
            self._read.move_to_end(key)
        return layout

    def forget(self, segments: Collection[int]) -> None:
        """These segments are gone."""
        if segments:
            for known in (self._alive, self._read):
                for key in [key for key in known if key[0] in segments]:
                    del known[key]
