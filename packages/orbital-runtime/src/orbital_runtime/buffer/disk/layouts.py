"""Layouts by segment and number: those in use are the engine's own objects, others are read from the disk."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from orbital_runtime.buffer.layout import decode_layout

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from orbital_sdk import Layout

ROOM: Final = 4096
"""How many are kept; those used longest ago go first."""


class LayoutCache:
    """Layouts that were used lately."""

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._known: OrderedDict[tuple[int, int], Layout] = OrderedDict()

    def put(self, segment: int, number: int, layout: Layout) -> None:
        self._known[segment, number] = layout
        self._known.move_to_end((segment, number))
        while len(self._known) > self._room:
            self._known.popitem(last=False)

    def get(self, segment: int, number: int, load: Callable[[int, int], bytes]) -> Layout:
        """A layout, loaded and decoded where it is not known.

        Raises:
            Damaged: It cannot be read.
        """
        layout = self._known.get((segment, number))
        if layout is None:
            layout = decode_layout(load(segment, number))
        self.put(segment, number, layout)
        return layout

    def forget(self, segments: Collection[int]) -> None:
        """These segments are gone."""
        if segments:
            for key in [key for key in self._known if key[0] in segments]:
                del self._known[key]
