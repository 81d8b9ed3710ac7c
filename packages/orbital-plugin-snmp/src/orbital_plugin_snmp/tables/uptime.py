"""Whether a device has started again, told by sysUpTime."""

from __future__ import annotations

from typing import Final

WRAP: Final = 1 << 32
"""sysUpTime counts hundredths of a second and begins again after 497 days (RFC 3418)."""
SLACK: Final = 6000
"""Hundredths of a second by which a device's clock may lag behind ours before that means anything."""


class Uptime:
    """Follows sysUpTime from poll to poll."""

    def __init__(self) -> None:
        self._ticks: int | None = None
        self._at = 0.0
        self.restarted = False
        """Since the poll before."""
        self.during_poll = False
        """While this poll ran: rows of before and after are mixed in it."""

    def note(self, ticks: int | None, *, began: float, now: float) -> None:
        """Take in what a device says at the end of a poll.

        Args:
            ticks: sysUpTime; None where the device does not say.
            began: When this poll sent its first request, in seconds of a steady clock.
            now: When it was asked for it: not later than the device looked at its clock.
        """
        self.restarted = self.during_poll = False
        if ticks is None:
            return
        before, self._ticks, then, self._at = self._ticks, ticks, self._at, now
        if before is None or ticks >= before:
            return
        expected = before + 100 * (now - then)
        self.restarted = expected < WRAP - SLACK
        self.during_poll = self.restarted and ticks + 1 <= 100 * (now - began)  # it rounds down
