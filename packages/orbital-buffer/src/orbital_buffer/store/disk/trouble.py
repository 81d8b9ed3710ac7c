"""Why new records stay in memory: logged once when it begins, and once when it ends."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from orbital_buffer.store.disk.disk_threads import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

logger = logging.getLogger(__name__)


class Trouble:
    """The current trouble with a buffer's disk.

    Args:
        path: The buffer's folder.
        memory: Maximum bytes of records that wait in memory.
        silence: Gives the seconds for which the disk has not answered; 0 without calls in progress.
    """

    def __init__(self, path: Path, memory: int, silence: Callable[[], float]) -> None:
        self._path = path
        self._memory = memory
        self._silence = silence
        self._silent = 0.0
        """Seconds for which it had not answered at the last check."""
        self._reason = ""
        self.failures = 0
        """Consecutive failures; there may be trouble without any, if space is short."""

    @property
    def reason(self) -> str:
        """The reason as a message; empty when all is well."""
        silence = self._silence()
        if silence < PATIENCE:
            return self._reason
        return f"the disk has not answered for {silence:.0f} s"

    def listen(self) -> None:
        """Log when the disk stops answering, and when it answers again."""
        silence = self._silence()
        if silence >= PATIENCE and not self._silent:
            logger.error(
                "%s: the disk does not answer; new samples wait in memory, up to %d MiB",
                self._path, self._memory >> 20,
            )  # fmt: skip
        elif silence < PATIENCE and self._silent:
            logger.warning("%s: the disk answers again, after %.0f s", self._path, self._silent)
        self._silent = silence if silence >= PATIENCE else 0.0

    def failed(self, reason: str) -> None:
        """A write to the disk failed."""
        self.failures += 1
        self._reason = reason
        if self.failures == 1:
            logger.error(
                "%s cannot be written: new samples wait in memory, up to %d MiB; trying again (%s)",
                self._path, self._memory >> 20, reason,
            )  # fmt: skip

    def bridged(self, reason: str) -> None:
        """A retry of a failed write succeeded in time."""
        self.failures = 0
        logger.warning("%s: a write failed, and succeeded later (%s)", self._path, reason)

    def worked(self) -> None:
        """A write to the disk succeeded."""
        self.failures = 0

    def settle(self, short: str, *, unsaved: bool) -> bool:
        """Check whether trouble has begun or ended. Returns whether it has just ended.

        Args:
            short: Why records should stay in memory even if the disk can be written.
            unsaved: Whether some are in memory only.
        """
        if self.failures:
            return False
        if short and not self._reason:
            logger.error("%s: new samples wait in memory (%s)", self._path, short)
        if short or not self._reason:
            self._reason = self._reason or short
            return False
        if unsaved:
            return False
        logger.info("%s accepts samples again", self._path)
        self._reason = ""
        return True
