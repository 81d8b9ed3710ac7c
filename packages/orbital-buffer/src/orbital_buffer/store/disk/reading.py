"""Reads records and layouts: from the journal if they are not on disk yet, otherwise from the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from orbital_buffer.model.damage import Damaged
    from orbital_buffer.model.record import Record
    from orbital_buffer.store.disk.disk_threads import DiskThreads
    from orbital_buffer.store.disk.journal import Journal
    from orbital_buffer.store.rocks.database import Database


class Reading:
    """Reads what was stored.

    Args:
        database: Has what is on disk.
        threads: Run calls to the disk.
    """

    def __init__(self, database: Database, threads: DiskThreads) -> None:
        self._database = database
        self._threads = threads

    async def records(
        self, journal: Journal, records: Sequence[Record]
    ) -> Mapping[int, bytes | Damaged]:
        """The data of each record, by its first batch."""
        known, firsts = journal.records, [record.first for record in records]
        found: dict[int, bytes | Damaged] = {n: known[n] for n in firsts if n in known}
        if missing := [first for first in firsts if first not in found]:
            found |= await self._threads.read(self._database.records, missing)
        return found

    async def layouts(
        self, journal: Journal, segment: int, numbers: Collection[int]
    ) -> Mapping[int, bytes | Damaged]:
        """The data of each layout of a segment, by its number."""
        known = journal.layouts
        found: dict[int, bytes | Damaged] = {
            n: known[segment, n] for n in numbers if (segment, n) in known
        }
        if missing := [n for n in numbers if n not in found]:
            found |= await self._threads.read(self._database.layouts, segment, missing)
        return found
