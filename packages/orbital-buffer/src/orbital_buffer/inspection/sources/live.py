"""Snapshots of an open buffer: its state, and its records as bytes.

The client decodes the records, so that an inspection does not slow the agent down.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orbital_buffer.inspection.snapshot import Page, books_of, stored_of
from orbital_buffer.inspection.sources.paging import choose
from orbital_buffer.model.damage import Damaged

if TYPE_CHECKING:
    from collections.abc import Collection

    from orbital_buffer.inspection.snapshot import Books, Stored
    from orbital_buffer.letters.dead_letters import DeadLetters
    from orbital_buffer.log.log import Log
    from orbital_buffer.model.record import Record
    from orbital_buffer.store.folder_usage import FolderUsage


class Snapshots:
    """Snapshots of an agent's buffer.

    Args:
        log: The log.
        letters: Its dead letters.
    """

    def __init__(self, log: Log, letters: DeadLetters) -> None:
        self._log = log
        self._letters = letters

    def books(self) -> Books:
        """Its current contents."""
        letters = {output: count for output, (count, _) in self._letters.held().items()}
        usage = self._log.usage()
        return books_of(
            self._log.index, letters, usage.fill, unsaved=usage.unsaved, trouble=usage.trouble
        )

    async def page(self, start: int) -> Page:
        """The records from this batch on that fit on a page, and the state at the same time."""
        books, (chosen, following) = self.books(), choose(self._log.index.records, start)
        segment = self._log.store.segment
        known = [(record, segment(record.first)) for record in chosen]  # while all are there
        return Page(books, [await self._stored(*one) for one in known], following)

    async def layouts(self, segment: int, numbers: Collection[int]) -> dict[int, bytes]:
        """Encoded layouts of the records of a page, without damaged ones."""
        given = [number for number in numbers if 0 <= number < 1 << 32]
        if not 0 <= segment < 1 << 32:
            return {}
        try:
            found = await self._log.store.layouts(segment, given)
        except OSError:
            return {}
        return {number: data for number, data in found.items() if isinstance(data, bytes)}

    async def folder_usage(self) -> FolderUsage | None:
        """Its folder; None for a buffer in memory. While the disk does not answer, the last known state."""
        return await self._log.store.folder_usage()

    async def _stored(self, record: Record, segment: int) -> Stored:
        try:
            data = (await self._log.store.load([record]))[record.first]
        except OSError as error:
            return stored_of(record, segment, damage=str(error))
        if isinstance(data, Damaged):
            return stored_of(record, segment, damage=str(data))
        return stored_of(record, segment, data)
