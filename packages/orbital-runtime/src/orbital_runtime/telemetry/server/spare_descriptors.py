"""File descriptors set aside for when the process has no others."""

from __future__ import annotations

import os


class SpareDescriptors:
    """Descriptors that are released one by one, and set aside again when there are free ones.

    Args:
        count: Number of descriptors.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._held: list[int] = []
        self.refill()

    def give(self) -> bool:
        """Release one for the next call that needs one; False if there is none."""
        if self._held:
            os.close(self._held.pop())
            return True
        return False

    def refill(self) -> None:
        """Set aside as many as are missing and available."""
        try:
            while len(self._held) < self._count:
                self._held.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
        except OSError:
            return

    def close(self) -> None:
        self._count = 0
        while self.give():
            pass
