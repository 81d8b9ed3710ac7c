"""The store on disk: records survive a crash of the process and the machine, and partly damage to the disk.

The index is in memory, as with the memory store, and the database follows it. One atomic write has all that
changed: new records with their layouts, deletions, and the whole state of every output that changed, so that
records and counts are always consistent after a crash.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from orbital_buffer.format.layout_cache import LayoutCache
from orbital_buffer.format.stored import RECORD, number
from orbital_buffer.model.damage import Damaged
from orbital_buffer.model.errors import BufferUnusable
from orbital_buffer.model.index import LogIndex
from orbital_buffer.model.record import START
from orbital_buffer.store.disk.disk_threads import DiskThreads
from orbital_buffer.store.disk.held import batches_of
from orbital_buffer.store.disk.letters import DiskLetterStore
from orbital_buffer.store.disk.opening import Opening
from orbital_buffer.store.disk.reading import Reading
from orbital_buffer.store.disk.restore import restore
from orbital_buffer.store.disk.segments import SIZE as SEGMENT
from orbital_buffer.store.disk.segments import Segments, encoded
from orbital_buffer.store.disk.trouble import Trouble
from orbital_buffer.store.disk.upkeep import Upkeep
from orbital_buffer.store.disk.writeback import Writeback
from orbital_buffer.store.folder_usage import folder_usage, unknown_usage
from orbital_buffer.store.port import Draft, StoreStatus
from orbital_buffer.store.rocks.damage.recheck import PATIENCE
from orbital_buffer.store.rocks.database import Database
from orbital_buffer.store.rocks.pauses import RETRY
from orbital_buffer.store.rocks.start import nothing_known

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from orbital_buffer.clock import Clock
    from orbital_buffer.model.limits import BufferLimits
    from orbital_buffer.model.record import Record
    from orbital_buffer.store.disk.journal import Journal
    from orbital_buffer.store.folder_usage import FolderUsage
    from orbital_buffer.store.port import StoreOwner
    from orbital_buffer.store.rocks.contents import Contents
    from orbital_buffer.store.rocks.port import Stores
    from orbital_sdk import Batch

logger = logging.getLogger(__name__)

MEMORY: Final = 32 << 20
"""Maximum bytes of records kept in memory while the disk cannot be written."""
TICK: Final = 1.0
TIDY: Final = 10
"""Ticks between two checks of the files."""


class DiskStore:
    """A store in a folder of its own.

    Args:
        path: The folder; created if missing.
        limits: Limits of the buffer: a segment is a small part of them.
        clock: For the age of records.
        sync: `always`: an append returns when it is on disk. `interval`: when the operating system has it,
            which survives a crash of the process but not a power failure.
        sync_interval: Seconds between syncs to disk, with `interval`.
        min_free: Bytes to leave free on the volume: below it new records stay in memory.
        memory: Maximum bytes of those records.
        tick: Seconds between two turns of the upkeep.
        patience: Seconds after which a file that cannot be read, while others can, counts as damaged.
        retry: Seconds for which a failed write is retried before new records wait in memory.
        stores: Opens the database.
    """

    lasting = True
    owner: StoreOwner

    def __init__(
        self,
        path: Path | str,
        limits: BufferLimits,
        clock: Clock,
        *,
        sync: Literal["always", "interval"] = "always",
        sync_interval: float = 1.0,
        min_free: int = 64 << 20,
        memory: int = MEMORY,
        tick: float = TICK,
        patience: float = PATIENCE,
        retry: float = RETRY,
        stores: Stores | None = None,
    ) -> None:
        self.path = Path(path).absolute()
        stores = stores or _in_process()
        self.threads = DiskThreads(stores)
        self.database = Database(self.path, min_free, stores, patience)
        self.letters = DiskLetterStore(self.database, self.threads)
        self.cache = LayoutCache()
        self.trouble = Trouble(self.path, memory, lambda: self.threads.silence)
        self._always = sync == "always"
        self.writeback = Writeback(
            self.database, self.threads, self.letters, self.trouble, self._reopened,
            always=self._always, retry=retry,
        )  # fmt: skip
        self._clock = clock
        self._usage_now = partial(folder_usage, self.path, sync=sync, min_free=min_free)
        self._usage = unknown_usage(self.path, sync=sync, min_free=min_free)
        self._memory = memory
        self._segment_size = SEGMENT if limits.size is None else min(SEGMENT, limits.size // 8)
        tick = tick if self._always else min(tick, sync_interval)
        self._upkeep = Upkeep(self.path, tick, self.look, self.trouble.listen)
        self._opening = Opening(self.database, self.threads, retry)
        self._reading = Reading(self.database, self.threads)
        self._follow(LogIndex(self._forget), 1)

    # Opening and closing

    async def open(self) -> None:
        """Lock the folder, open or repair the database, and read its contents.

        Raises:
            BufferUnusable: Locked by another process, no permission, a newer format.
        """
        found = await self._opening.begin()
        if found is None:
            self._adopt(nothing_known())
            self.writeback.late = True
            self.trouble.listen()
        else:
            self._adopt(found)
            if not self.database.is_open:
                self.writeback.late = True
                self.trouble.failed(self.database.trouble)
            await self.settle()
        self._upkeep.start()

    async def close(self) -> None:
        began = await self._upkeep.stop()
        ended = await self.threads.finish(self._save_and_close(began=began))
        if not ended:
            logger.error("%s: the disk does not answer; no longer waiting for it", self.path)
            self._drop_unsaved()
        if self.writeback.late or self.trouble.failures or not ended:
            self.writeback.note_crash_counts()
        elif began:
            self.database.crash_counts.forget()

    async def _opened_late(self) -> None:
        """Adopt a database whose opening took too long because the disk did not answer."""
        try:
            found = await self._opening.wait()
        except BufferUnusable as error:
            self.trouble.failed(str(error))
            return
        if found is not None and self.database.is_open:
            self._adopt_late(found)
        elif found is not None:
            self.trouble.failed(self.database.trouble)

    def _reopened(self, found: Contents) -> None:
        if self.writeback.late:
            self._adopt_late(found)
        else:
            self._compare(found)

    def _adopt_late(self, found: Contents) -> None:
        self._adopt(found)
        self.writeback.late = False
        self.writeback.note_crash_counts()  # earlier notes were relative to the contents of the database

    def _adopt(self, found: Contents) -> None:
        """Start with the contents of the database. Records already in memory are placed after them, in new
        segments.
        """
        held, batches = self.index, batches_of(self.journal, self.cache)
        self.cache = LayoutCache()
        self._follow(LogIndex(self._forget), found.segment)
        self._restore(found)
        self.index.merge(held)
        for record in held.records:
            draft = self.draft(batches[record.first], record.written)
            self.journal.add(record, draft.data, self._segments.current, encoded(draft.fresh))
            self._keep(record, draft)
        self.owner.restored(found.names, found.notes)
        self.letters.owner.restored(found.letters, found.bad_letters, found.start)

    def _follow(self, index: LogIndex, segment: int) -> None:
        self.index = index
        self._segments = Segments(segment, self._segment_size)
        self.writeback.begin(index)

    def _restore(self, found: Contents) -> None:
        dead = restore(self.index, found, now=round(self._clock.steady() * 1000))
        self.index.next = found.start << START
        for record in (*self.index.records, *dead):
            segment = found.summaries[record.first].segment
            self._segments.restore(record.first, segment, found.layouts.pop(segment, 0))
        self._forget(dead)
        self.journal.delete((), list(found.layouts))
        self.index.shared = self._segments.shared

    def _compare(self, found: Contents) -> None:
        """Adopt a replaced database: records that it lacks are lost, and all states are written again."""
        self.journal.forget_states()
        for record in list(self.index.records):
            known = record.first in found.summaries or record.first in self.journal.records
            if not known:
                error = Damaged("it is not in the database any more")
                self.owner.damaged(record.first, record.stop, error)
        self.letters.owner.replaced({*found.letters, *self.letters.unsaved}, found.bad_letters)

    async def _save_and_close(self, *, began: bool) -> None:
        await self._opened_late()
        if began:
            await self.writeback.write(last=True)
            await self.writeback.flush()
            self._drop_unsaved()
            await self.writeback.write_checkpoint()
        await self.threads.run(self.database.close)

    def _drop_unsaved(self) -> None:
        """Count records as lost that were not written before the stop."""
        records = [self.index.record(first) for first in list(self.journal.records)]
        for record in records:
            self.index.drop(record.first, record.stop, "stopped")
        if lost := sum(record.samples for record in records):
            logger.error(
                "%d samples were not written to the disk and are lost (%s)",
                lost,
                self.trouble.reason,
            )

    # Writing

    def draft(self, batches: Sequence[Batch], written: int) -> Draft:
        numbered = self._segments.number(batches)
        return Draft.of(batches, numbered, segment=self._segments.current, written=written)

    async def add(self, record: Record, draft: Draft, readers: Sequence[str]) -> None:
        segment, layouts = self._segments.current, encoded(draft.fresh)
        await self.writeback.add(record, draft.data, segment, layouts, readers)
        self._keep(record, draft)

    def _keep(self, record: Record, draft: Draft) -> None:
        """Update segments and cache for a record that is in the journal or on disk."""
        self.cache.put(record.first, self._segments.current, draft.fresh)
        self._segments.keep(record.first, record.size, draft.fresh, record.written)
        self.index.shared = self._segments.shared

    def kept(self, first: int) -> bool:
        return first not in self.journal.records

    async def commit(self) -> None:
        await self.writeback.commit()

    async def note(self, output: str, note: bytes) -> None:
        noting = self.threads.run(self.database.note, output, note)
        await self.threads.unless_stalled(asyncio.ensure_future(noting))

    def _forget(self, records: Sequence[Record]) -> None:
        segments = self._segments.forget(record.first for record in records)
        self.journal.delete(records, segments)
        self.cache.release([record.first for record in records])
        self.cache.forget(segments)
        self.index.shared = self._segments.shared

    # Reading

    async def load(self, records: Sequence[Record]) -> Mapping[int, bytes | Damaged]:
        return await self._reading.records(self.journal, records)

    async def layouts(
        self, segment: int, numbers: Collection[int]
    ) -> Mapping[int, bytes | Damaged]:
        return await self._reading.layouts(self.journal, segment, numbers)

    def segment(self, first: int) -> int:
        return self._segments.of(first)

    def set_aside(self, start: int, stop: int, error: Damaged) -> None:
        record = self.index.record(start)
        needed = [name for name, p in self.index.positions.items() if p.todo.within(start, stop)]
        aside = partial(
            self.database.set_aside,
            RECORD + number(record.first), f"record-{record.first}", str(error),
            batches=[start, stop], outputs=needed, samples=record.between(start, stop),
            written_ms=record.written,
        )  # fmt: skip
        self.threads.later(aside)

    # How it is

    @property
    def journal(self) -> Journal:
        """Changes that are not on disk yet."""
        return self.writeback.journal

    def fits(self, size: int) -> bool:
        return not self.trouble.reason or self.journal.size + size <= self._memory

    def surplus(self) -> int | None:
        if self.trouble.reason and self.journal.size > self._memory:
            return next(iter(self.journal.records), None)
        return None

    def status(self) -> StoreStatus:
        opened, trouble = not self.writeback.late, self.trouble.reason
        if not trouble:
            return StoreStatus(opened)
        size = self.journal.size
        return StoreStatus(opened, size, min(1.0, size / self._memory), trouble)

    async def folder_usage(self) -> FolderUsage:
        looking = asyncio.ensure_future(self.threads.read(self._usage_now))
        if await self.threads.unless_stalled(looking):
            self._usage = looking.result()
        return self._usage

    async def settle(self) -> None:
        """Check whether trouble has begun or ended."""
        if await self.writeback.settle():
            self.owner.room_made()

    async def look(self, turn: int) -> None:
        """Run one turn of the upkeep."""
        await self._opened_late()
        await self.writeback.recover()
        await self.writeback.commit()
        if not self._always:
            await self.writeback.flush()
        await self.settle()
        if turn % TIDY == 0:
            await self.threads.run(self.database.tidy, self.index.size)
            await self.writeback.mend()


def _in_process() -> Stores:
    """Databases in this process, which blocks while the disk does."""
    from orbital_buffer.store.rocks.rocksdb import RocksStores  # noqa: PLC0415 (it loads RocksDB)

    return RocksStores()
