"""New series: those of this collection that the previous one did not have."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orbital_sdk import Row


class NewSeries:
    """Counts new series of one task."""

    def __init__(self) -> None:
        self._known: tuple[Row, ...] = ()

    def turn(self, rows: tuple[Row, ...], samples: int) -> int:
        """How many series this collection has that the last one with samples did not have.

        Collections without samples are ignored, as in Prometheus: a device that is back has no new series.

        Args:
            rows: The rows of the report, then of the plugin. The same tuple as before costs nothing.
            samples: How many of them are the plugin's.
        """
        before = self._known
        if rows is before or not samples:
            return 0
        self._known = rows
        fresh = set(rows[-samples:]).difference(before)
        if not fresh:
            return 0
        return len({row.key for row in fresh}.difference([row.key for row in before]))

    def inherit(self, other: NewSeries) -> None:
        """Continue with the series of another one, which is replaced."""
        self._known = other._known
