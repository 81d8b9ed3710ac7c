"""Whether a device restarted between two collections, by its sysUpTime."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_sdk import Batch

WRAP: Final = 1 << 32
"""sysUpTime counts hundredths of a second and begins again after 497 days (RFC 3418)."""
SLACK: Final = 6000
"""Hundredths of a second by which the device's clock may differ from ours over a gap."""


class Uptime:
    """The last value of a device's uptime."""

    __slots__ = ("__weakref__", "ticks", "ts")

    def __init__(self) -> None:
        self.ticks = -1.0
        self.ts = 0

    def restarted(self, ticks: float, ts: int) -> bool:
        """Take in a value, and tell whether the device restarted since the one before.

        Args:
            ticks: Hundredths of a second.
            ts: Its time, milliseconds UTC.
        """
        before, then, self.ticks, self.ts = self.ticks, self.ts, ticks, ts
        return ticks < before and before + (ts - then) / 10 < WRAP - SLACK


def watch(uptime: Uptime, place: int) -> Callable[[Batch], bool]:
    """A function that tells of a batch whether the device restarted before it.

    Args:
        uptime: Kept from batch to batch.
        place: Its row.
    """
    return lambda batch: uptime.restarted(
        batch.values[place], batch.ts if batch.times is None else batch.times[place]
    )
