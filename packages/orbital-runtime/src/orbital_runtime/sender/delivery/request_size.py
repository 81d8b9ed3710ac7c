"""The size of requests: as configured, or smaller if the destination refused larger ones. Pure."""

from __future__ import annotations

from typing import Final

GROW_AFTER: Final = 100
"""Chunks after which a reduced size is doubled again."""


class RequestSize:
    """Adapts to the destination.

    Args:
        most: The configured size in samples.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._grow_in = GROW_AFTER
        self.samples = most

    def learn(self, too_large: int | None) -> None:
        """A chunk was sent, and this number of rows was too large; None: none was."""
        if too_large is not None:
            self.samples, self._grow_in = max(1, too_large // 2), GROW_AFTER
            return
        self._grow_in -= 1
        if self._grow_in <= 0:
            self.samples, self._grow_in = min(self.samples * 2, self._most), GROW_AFTER
