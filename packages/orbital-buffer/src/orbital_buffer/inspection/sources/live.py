"""An open buffer for somebody outside of it: its books, and its records as bytes.

The one who asks decodes them: an agent only hands out bytes, so looking never holds it up.
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
    """What an agent answers about its buffer.

    Args:
        log: The samples.
        letters: What was refused of them.
    """

    def __init__(self, log: Log, letters: DeadLetters) -> None:
        self._log = log
        self._letters = letters

    def books(self) -> Books:
        """What it holds now."""
        letters = {output: count for output, (count, _) in self._letters.held().items()}
        usage = self._log.usage()
        return books_of(
            self._log.index, letters, usage.fill, unsaved=usage.unsaved, trouble=usage.trouble
        )

    async def page(self, start: int) -> Page:
        """The records from this batch on, as many as fit, and the books at the same moment."""
        books, (chosen, following) = self.books(), choose(self._log.index.records, start)
        segment = self._log.store.segment
        known = [(record, segment(record.first)) for record in chosen]  # while all are there
        return Page(books, [await self._stored(*one) for one in known], following)

    async def layouts(self, segment: int, numbers: Collection[int]) -> dict[int, bytes]:
        """Layouts that records of a page refer to, as bytes; those that cannot be read are left out."""
        given = [number for number in numbers if 0 <= number < 1 << 32]
        if not 0 <= segment < 1 << 32:
            return {}
        try:
            found = await self._log.store.layouts(segment, given)
        except OSError:
            return {}
        return {number: data for number, data in found.items() if isinstance(data, bytes)}

    async def folder_usage(self) -> FolderUsage | None:
        """Its folder; None for a buffer in memory. While the disk does not answer: as it was last."""
        return await self._log.store.folder_usage()

    async def _stored(self, record: Record, segment: int) -> Stored:
        try:
            data = (await self._log.store.load([record]))[record.first]
        except OSError as error:
            return stored_of(record, segment, damage=str(error))
        if isinstance(data, Damaged):
            return stored_of(record, segment, damage=str(data))
        return stored_of(record, segment, data)
