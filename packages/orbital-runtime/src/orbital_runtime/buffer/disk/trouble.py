"""Why new records stay in memory: said once when it begins, and once when it is over."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger(__name__)


class Trouble:
    """What is wrong with a buffer's disk now.

    Args:
        path: The buffer's folder.
        memory: Bytes of records that may wait in memory.
    """

    def __init__(self, path: Path, memory: int) -> None:
        self._path = path
        self._memory = memory
        self.reason = ""
        """In words; empty when all is well."""
        self.failures = 0
        """Failed tries in a row; there may be trouble without any, where room is short."""

    def failed(self, reason: str) -> None:
        """The disk did not take something."""
        self.failures += 1
        self.reason = reason
        if self.failures == 1:
            logger.error(
                "%s cannot be written: new samples wait in memory, up to %d MiB; trying again (%s)",
                self._path, self._memory >> 20, reason,
            )  # fmt: skip

    def worked(self) -> None:
        """The disk took something."""
        self.failures = 0

    def settle(self, short: str, *, unsaved: bool) -> bool:
        """See whether it begins or is over. Gives whether it is over just now.

        Args:
            short: Why records should stay in memory even if the disk takes them.
            unsaved: Whether some are in memory only.
        """
        if self.failures:
            return False
        if short and not self.reason:
            logger.error("%s: new samples wait in memory (%s)", self._path, short)
        if short or not self.reason:
            self.reason = self.reason or short
            return False
        if unsaved:
            return False
        logger.info("%s takes samples again", self._path)
        self.reason = ""
        return True
