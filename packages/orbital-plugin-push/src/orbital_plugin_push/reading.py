"""Bodies become samples without holding up anything else."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from orbital_plugin_push.formats import Formats

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orbital_plugin_push.formats import Arrived


class Reading:
    """One thread for the bodies of one address, one after the other.

    Args:
        limit: Bytes that a body may become when it is decompressed.
    """

    def __init__(self, limit: int) -> None:
        self._formats = Formats(limit)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="push")

    async def read(self, path: str, headers: Mapping[str, str], body: bytes) -> Arrived:
        """The samples of a body.

        Raises:
            RefusedError
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._formats.read, path, headers, body)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)
