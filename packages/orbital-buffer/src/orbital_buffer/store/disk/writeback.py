"""Writes changes of the index to disk: writes, retries, reopens, and notes counts that it cannot write.

One write has all changes. Changes during a write share the next one.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from orbital_buffer.store.disk.journal import Journal, Pending
from orbital_buffer.store.rocks.database import NO_ROOM
from orbital_buffer.store.rocks.pauses import pauses

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orbital_buffer.model.index import LogIndex
    from orbital_buffer.model.record import Record
    from orbital_buffer.store.disk.disk_threads import DiskThreads
    from orbital_buffer.store.disk.journal import Change
    from orbital_buffer.store.disk.letters import DiskLetterStore
    from orbital_buffer.store.disk.trouble import Trouble
    from orbital_buffer.store.rocks.contents import Contents
    from orbital_buffer.store.rocks.database import Database


class Writeback:
    """Writes the changes that are not on disk yet.

    Args:
        database: The database to write to.
        threads: Run calls to the disk.
        letters: The dead letters, which are written with the states of their outputs.
        trouble: Told of failed and successful writes.
        reopened: Called with the contents of the database when it was reopened.
        always: Whether each write is synced; otherwise `flush` syncs.
        retry: Seconds for which a failed write is retried before new records wait in memory.
    """

    def __init__(
        self,
        database: Database,
        threads: DiskThreads,
        letters: DiskLetterStore,
        trouble: Trouble,
        reopened: Callable[[Contents], None],
        *,
        always: bool,
        retry: float,
    ) -> None:
        self._database = database
        self._threads = threads
        self._letters = letters
        self._trouble = trouble
        self._reopened = reopened
        self._always = always
        self._retry = retry
        self._writing = asyncio.Lock()
        self._next: asyncio.Task[None] | None = None
        self._pending: Pending | None = None
        self._short = ""
        """Why records should stay in memory, as of the last check of the volume."""
        self.late = False
        """Whether the database has not opened yet, so that its contents are unknown."""

    def begin(self, index: LogIndex) -> None:
        """Follow this index from now on; its current contents count as written."""
        self._index = index
        self.journal = Journal()

    async def add(
        self,
        record: Record,
        data: bytes,
        segment: int,
        layouts: Mapping[int, bytes],
        readers: Sequence[str],
    ) -> None:
        """Write a record that is not in the index yet, for these outputs."""
        self.journal.add(record, data, segment, layouts)
        self._pending = Pending(record, readers)
        try:
            await self.commit()
        except BaseException:
            self.journal.delete((record,), ())
            self._index.next = record.stop  # it may be on disk: its numbers are not used again
            raise
        finally:
            self._pending = None

    async def commit(self) -> None:
        """Return when the current state of the index is on disk, or the disk fails or does not answer."""
        if not self.late:
            if self._next is None:
                self._next = asyncio.create_task(self.write(), name="buffer-write")
            await self._threads.unless_stalled(self._next)
        if self._trouble.reason:
            self.note_crash_counts()

    async def write(self, *, last: bool = False) -> None:
        """Write what is not on disk yet; `last`: there is no later attempt."""
        async with self._writing:
            self._next = None  # later changes share the next write
            trying = last or not self._trouble.failures  # otherwise the upkeep does
            if trying and (error := await self._save(last=last)) is not None:
                await self._try_again(error, last=last)
            if self._trouble.failures:
                await self.write_checkpoint()

    async def recover(self) -> None:
        """Retry once while the disk fails."""
        async with self._writing:
            trouble = self._trouble
            if trouble.failures:
                await self._reopen(trouble.failures, trouble.reason)
                if (error := await self._save()) is None:
                    trouble.worked()
                else:
                    trouble.failed(str(error))
            elif self._database.gone:
                await self._try_again(OSError("the storage process ended"))

    async def mend(self) -> None:
        """Rebuild a damaged database if there was no space for it before."""
        async with self._writing:
            found = await self._threads.run(self._database.mend, self._index.size)
            if found is not None:
                self._reopened(found)

    async def flush(self) -> None:
        """Sync what was written to disk."""
        try:
            await self._threads.run(self._database.sync, dict(self.journal.states))
        except OSError as error:
            self._trouble.failed(str(error))

    async def settle(self) -> bool:
        """Check whether trouble has begun or ended. Returns whether it has just ended."""
        self._short = await self._threads.run(self._database.short)
        unsaved = len(self.journal.records) > bool(self._pending)
        over = self._trouble.settle(self._short, unsaved=unsaved)
        if not (self._trouble.reason or unsaved):
            self._database.crash_counts.forget()
        return over

    async def write_checkpoint(self) -> None:
        """Note the counts beside the database if that can be written: a power failure is counted then."""
        if not self.late:
            await self._threads.run(self._database.write_checkpoint, self._states())

    def note_crash_counts(self) -> None:
        """Note the counts in the machine's memory, also if the disk fails, so that a kill is counted."""
        if states := self._states():
            self._database.crash_counts.keep(states, besides=self.late)

    def _states(self) -> Mapping[str, bytes]:
        return self.journal.books(self._index, self._pending)

    async def _save(self, *, last: bool = False) -> OSError | None:
        """Write what is not on disk yet; returns the error, if any."""
        if self.late:
            return OSError(self._database.trouble)
        while change := self._take(last=last):
            try:
                await self._put(change)
            except OSError as error:
                return error
            if not change.more:
                break
        return None if self._database.is_open else OSError(self._database.trouble)

    def _take(self, *, last: bool = False) -> Change | None:
        """The next write; with `last` all records, even below `min_free`."""
        short = bool(self._short)
        return self.journal.take(
            self._index, self._pending, self._letters, records=last or not short, tidy=last or short
        )

    async def _put(self, change: Change) -> None:
        states = {**self.journal.states, **change.states}
        self._short = await self._threads.run(
            self._database.commit,
            change.puts,
            change.drops,
            change.deletes,
            states if self._always else None,
        )
        self.journal.done(change)
        self._letters.done(change.letters)
        self._database.deleted += change.dead_size

    async def _try_again(self, error: OSError, *, last: bool = False) -> None:
        """Retry a failed write: most faults are transient. On a full disk only the ballast helps."""
        failed: OSError | None = error
        for pause in pauses(0.0 if NO_ROOM in str(error) else self._retry):
            await asyncio.sleep(pause)
            await self._reopen(1, str(failed), last=last)
            if (failed := await self._save(last=last)) is None:
                self._trouble.bridged(str(error))
                return
        self._trouble.failed(str(failed))

    async def _reopen(self, failures: int, reason: str, *, last: bool = False) -> None:
        """After a failed write: make room, or reopen the database, if that may help."""
        recover = partial(self._database.recover, failures, reason, last=last)
        found = await self._threads.run(recover)
        if found is not None:
            self._reopened(found)
