"""Bodies become samples without holding up anything else."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from orbital_plugin_push.formats import Formats

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orbital_plugin_push.formats import Arrived
    from orbital_remote_write import KnownSeries

SMALL: Final = 64 << 10
"""Bytes of a body that is read on the loop."""
FEW: Final = 100
"""Series that may be new in it."""


class Reading:
    """Reads the bodies of one address, one after the other.

    A request of series that are known is read sooner than a thread could take it over, and threads that
    compete for the interpreter cost both. One of new series takes thirty times as long: whoever had many of
    these is followed on a thread, until they have become few.

    Args:
        limit: Bytes that a body may become when it is decompressed.
        known: The series that came before.
    """

    def __init__(self, limit: int, known: KnownSeries) -> None:
        self._formats = Formats(limit, known)
        self._known = known
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="push")
        self._elsewhere = 0
        """Bodies on the thread."""
        self._strange = True

    async def read(self, path: str, headers: Mapping[str, str], body: bytes) -> Arrived:
        """The samples of a body.

        Raises:
            RefusedError
        """
        if not (self._strange or self._elsewhere or len(body) > SMALL):
            return self._read(path, headers, body)
        loop = asyncio.get_running_loop()
        self._elsewhere += 1
        try:
            return await loop.run_in_executor(self._thread, self._read, path, headers, body)
        finally:
            self._elsewhere -= 1

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _read(self, path: str, headers: Mapping[str, str], body: bytes) -> Arrived:
        before = self._known.looked_into
        try:
            return self._formats.read(path, headers, body)
        finally:
            self._strange = self._known.looked_into - before > FEW
