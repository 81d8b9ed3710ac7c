"""A cache of the layouts of the last segments, for inspection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from orbital_buffer.format.codec import Opened
    from orbital_buffer.inspection.snapshot import BufferView
    from orbital_sdk import Layout

SEGMENTS: Final = 2
"""Number of segments to keep: records are read in order."""


class LayoutFetcher:
    """Layouts by segment and number, each fetched once."""

    def __init__(self, look: BufferView) -> None:
        self._look = look
        self._segments: dict[int, dict[int, Layout]] = {}

    def of(self, opened: Opened) -> dict[int, Layout]:
        """The layouts of a record, without damaged ones.

        A layout that does not have the rows of its batch counts as damaged.
        """
        known = self._segments.pop(opened.segment, {})
        self._segments[opened.segment] = known
        while len(self._segments) > SEGMENTS:
            del self._segments[next(iter(self._segments))]
        numbers = {head.layout for head in opened.heads}
        if missing := numbers - known.keys():
            known |= self._look.layouts(opened.segment, sorted(missing))
        found = {n: known[n] for n in numbers if n in known}
        for head in opened.heads:
            if head.layout in found and not opened.fits(head, found[head.layout]):
                del found[head.layout]
        return found
