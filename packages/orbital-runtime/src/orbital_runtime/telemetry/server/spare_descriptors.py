"""File descriptors set aside, for the moment at which the process has no others."""

from __future__ import annotations

import os


class SpareDescriptors:
    """Descriptors that are given up one by one, and set aside again when there are some.

    Args:
        count: How many.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._held: list[int] = []
        self.refill()

    def give(self) -> bool:
        """Give one up, so that the next call that needs one gets it; false where there is none."""
        if self._held:
            os.close(self._held.pop())
            return True
        return False

    def refill(self) -> None:
        """As many as can be had now."""
        try:
            while len(self._held) < self._count:
                self._held.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
        except OSError:
            return

    def close(self) -> None:
        self._count = 0
        while self.give():
            pass
