"""Why new records stay in memory: logged once when it begins, and once when it is over."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from orbital_runtime.buffer.store.disk.disk_threads import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

logger = logging.getLogger(__name__)


class Trouble:
    """What is wrong with a buffer's disk now.

    Args:
        path: The buffer's folder.
        memory: Bytes of records that may wait in memory.
        silence: Seconds for which the disk has not answered; 0 when nothing is asked of it.
    """

    def __init__(self, path: Path, memory: int, silence: Callable[[], float]) -> None:
        self._path = path
        self._memory = memory
        self._silence = silence
        self._silent = 0.0
        """Seconds for which it did not answer, as of the last look."""
        self._reason = ""
        self.failures = 0
        """Failed tries in a row; there may be trouble without any, where room is short."""

    @property
    def reason(self) -> str:
        """In words; empty when all is well."""
        silence = self._silence()
        if silence < PATIENCE:
            return self._reason
        return f"the disk has not answered for {silence:.0f} s"

    def listen(self) -> None:
        """Say when the disk stops answering, and when it answers again."""
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
        """The disk did not take something."""
        self.failures += 1
        self._reason = reason
        if self.failures == 1:
            logger.error(
                "%s cannot be written: new samples wait in memory, up to %d MiB; trying again (%s)",
                self._path, self._memory >> 20, reason,
            )  # fmt: skip

    def bridged(self, reason: str) -> None:
        """The disk took something when it was tried again; nobody has to do without it."""
        self.failures = 0
        logger.warning("%s: a write failed, and went through later (%s)", self._path, reason)

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
        if short and not self._reason:
            logger.error("%s: new samples wait in memory (%s)", self._path, short)
        if short or not self._reason:
            self._reason = self._reason or short
            return False
        if unsaved:
            return False
        logger.info("%s takes samples again", self._path)
        self._reason = ""
        return True
