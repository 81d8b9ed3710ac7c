"""Opens the database. Without an answer of the disk, the buffer starts without it and adopts it later."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from orbital_buffer.model.errors import BufferUnusable
from orbital_buffer.store.rocks.pauses import pauses

if TYPE_CHECKING:
    from orbital_buffer.store.disk.disk_threads import DiskThreads
    from orbital_buffer.store.rocks.contents import Contents
    from orbital_buffer.store.rocks.database import Database


class Opening:
    """The opening of one database.

    Args:
        database: Not open yet.
        threads: Run calls to the disk.
        retry: Seconds for which a failed opening is retried.
    """

    def __init__(self, database: Database, threads: DiskThreads, retry: float) -> None:
        self._database = database
        self._threads = threads
        self._retry = retry
        self._late: asyncio.Task[Contents] | None = None

    async def begin(self) -> Contents | None:
        """The contents, without any if the database cannot be opened now. None: the disk does not answer.

        Raises:
            BufferUnusable: Locked by another process, no permission, a newer format.
        """
        opening = asyncio.create_task(self._opened(), name="buffer-open")
        if await self._threads.unless_stalled(opening):
            return opening.result()
        self._late = opening
        return None

    async def wait(self) -> Contents | None:
        """Contents of a database that `begin` did not wait for; None if there is none. Raises as above."""
        opening = self._late
        if opening is None:
            return None
        try:
            found = await asyncio.shield(opening)
        except BufferUnusable:
            self._late = None
            raise
        self._late = None
        return found

    async def _opened(self) -> Contents:
        found = await self._threads.run(self._database.open)
        for pause in pauses(self._retry):
            if self._database.is_open:
                break
            await asyncio.sleep(pause)
            opened = await self._threads.run(self._database.recover, 1, self._database.trouble)
            found = opened or found
        return found
