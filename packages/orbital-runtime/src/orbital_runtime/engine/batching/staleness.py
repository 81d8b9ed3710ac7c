"""Stale markers: which series the collection before still had, and this one has no more."""

from __future__ import annotations

import sys
from array import array
from typing import TYPE_CHECKING

from orbital_sdk import STALE_BYTES, Batch, Layout

if TYPE_CHECKING:
    from orbital_sdk import Origin, Row


class Staleness:
    """Watches the rows of one task's batches.

    Args:
        origin: Where its samples come from.
    """

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._alive: tuple[Row, ...] = ()
        self._layout: Layout | None = None

    def turn(self, alive: tuple[Row, ...], ts: int) -> Batch | None:
        """These rows live now; a stale batch for those that did before, None where there are none.

        Args:
            alive: The rows. The same tuple as the last time costs nothing.
            ts: Milliseconds UTC.
        """
        before, self._alive = self._alive, alive
        if alive is before:
            return None
        gone = set(before).difference(alive)
        if not gone:
            return None
        here = {row.key for row in alive}
        ended = tuple([row for row in before if row in gone and row.key not in here])
        if not ended:
            return None
        if self._layout is None or self._layout.rows != ended:
            self._layout = Layout(self._origin, ended)
        return Batch(self._layout, ts, stale_values(len(ended)), stale=True)

    def inherit(self, other: Staleness) -> None:
        """What lived there lives on here, or ends at the next turn."""
        self._alive = other._alive

    def clear(self) -> None:
        """Begin again with new layouts."""
        self._layout = None


def stale_values(count: int) -> array[float]:
    """So many stale markers, bit for bit."""
    values = array("d", STALE_BYTES * count)
    if sys.byteorder == "big":
        values.byteswap()
    return values
