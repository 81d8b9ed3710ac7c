"""Where a disk buffer is and how much room there is, also while its disk does not answer."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from orbital_runtime.buffer.store.place import place_of, unseen

if TYPE_CHECKING:
    from pathlib import Path

    from orbital_runtime.buffer.store.disk.errands import Errands
    from orbital_runtime.buffer.store.place import Place


class Whereabouts:
    """The folder of one buffer.

    Args:
        errands: Wait for the disk.
        path: The folder.
        sync: What the configuration says, to be told.
        min_free: Likewise.
    """

    def __init__(self, errands: Errands, path: Path, *, sync: str, min_free: int) -> None:
        self._errands = errands
        self._look = partial(place_of, path, sync=sync, min_free=min_free)
        self._last = unseen(path, sync=sync, min_free=min_free)

    async def place(self) -> Place:
        """As it is now, or was when the disk answered last."""
        looking = asyncio.ensure_future(self._errands.read(self._look))
        if await self._errands.unless_stalled(looking):
            self._last = looking.result()
        return self._last
