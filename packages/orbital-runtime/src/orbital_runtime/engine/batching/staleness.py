"""Stale markers for series that the previous collection had and this one has not."""

from __future__ import annotations

import sys
from array import array
from typing import TYPE_CHECKING

from orbital_sdk import STALE_BYTES, Batch, Layout

if TYPE_CHECKING:
    from orbital_sdk import Origin, Row


class Staleness:
    """Compares the rows of one task's collections.

    Args:
        origin: Where its samples come from.
    """

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._alive: tuple[Row, ...] = ()
        self._layout: Layout | None = None

    def turn(self, alive: tuple[Row, ...], ts: int) -> Batch | None:
        """A batch of stale markers for rows that are not among these any more; None if there are none.

        Args:
            alive: The rows of this collection. The same tuple as before costs nothing.
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
        """Continue with the rows of another one, which is replaced."""
        self._alive = other._alive

    def clear(self) -> None:
        """Forget the cached layout."""
        self._layout = None


def stale_values(count: int) -> array[float]:
    """So many stale markers, as the exact NaN of Prometheus."""
    values = array("d", STALE_BYTES * count)
    if sys.byteorder == "big":
        values.byteswap()
    return values
