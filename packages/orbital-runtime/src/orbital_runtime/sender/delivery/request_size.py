"""How many samples a request may have: what is set, or what the destination was found to take. Pure."""

from __future__ import annotations

from typing import Final

GROW_AFTER: Final = 100
"""Chunks after which a destination that wanted smaller ones is offered twice as much again."""


class RequestSize:
    """Learned from one chunk after the other.

    Args:
        most: Samples, where the destination takes as many.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._grow_in = GROW_AFTER
        self.samples = most

    def learn(self, too_large: int | None) -> None:
        """A chunk was sent, and so many rows, at the least, were too large; None: nothing was."""
        if too_large is not None:
            self.samples, self._grow_in = max(1, too_large // 2), GROW_AFTER
            return
        self._grow_in -= 1
        if self._grow_in <= 0:
            self.samples, self._grow_in = min(self.samples * 2, self._most), GROW_AFTER
