"""New series: what the collection before did not have, and this one has."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orbital_sdk import Row


class NewSeries:
    """Counts the series that are new among one task's rows."""

    def __init__(self) -> None:
        self._known: tuple[Row, ...] = ()

    def turn(self, rows: tuple[Row, ...], samples: int) -> int:
        """How many series this collection has that the last one with samples did not have.

        One without samples changes nothing, as in Prometheus: a device that comes back brings no new series.

        Args:
            rows: The report's, and then the plugin's. The same tuple as the last time costs nothing.
            samples: How many are the plugin's.
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
        """What was known there is not new here."""
        self._known = other._known
