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

        A layout with another number of rows than its batch counts as damaged.
        """
        known = self._segments.pop(opened.segment, {})
        self._segments[opened.segment] = known
        while len(self._segments) > SEGMENTS:
            del self._segments[next(iter(self._segments))]
        rows = {head.layout: head.rows for head in opened.heads}
        if missing := rows.keys() - known.keys():
            known |= self._look.layouts(opened.segment, sorted(missing))
        return {n: known[n] for n in rows if n in known and len(known[n]) == rows[n]}
