"""Brings the disk up to date with the index: writes, tries again, reopens, and notes what it cannot write.

One write has all that changed. What changes while a write is under way shares the next one.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from orbital_runtime.buffer.store.disk.journal import Journal, Pending
from orbital_runtime.buffer.store.rocks.database import NO_ROOM
from orbital_runtime.buffer.store.rocks.pauses import pauses

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orbital_runtime.buffer.model.index import LogIndex
    from orbital_runtime.buffer.model.record import Record
    from orbital_runtime.buffer.store.disk.disk_threads import DiskThreads
    from orbital_runtime.buffer.store.disk.journal import Change
    from orbital_runtime.buffer.store.disk.letters import DiskLetterStore
    from orbital_runtime.buffer.store.disk.trouble import Trouble
    from orbital_runtime.buffer.store.rocks.contents import Contents
    from orbital_runtime.buffer.store.rocks.database import Database


class Writeback:
    """What changed and the disk does not know, on its way there.

    Args:
        database: Gets it.
        threads: Wait for the disk.
        letters: The dead letters that come and go with the states of their outputs.
        trouble: Told when the disk does not take something, and when it does again.
        reopened: Told what is in the database when it was opened anew.
        always: Whether each write is synced; else `flush` syncs.
        retry: Seconds for which a write that failed is tried again before what is new waits in memory.
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
        """Why records should stay in memory, as of the last look at the volume."""
        self.late = False
        """Whether the database did not open yet, so that nobody knows what is in it."""

    def begin(self, index: LogIndex) -> None:
        """Follow this index from now on, of which the disk knows all that it ever will."""
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
        """Write a record that is not in the index yet; these outputs get it."""
        self.journal.add(record, data, segment, layouts)
        self._pending = Pending(record, readers)
        try:
            await self.commit()
        except BaseException:
            self.journal.bury((record,), ())
            self._index.next = record.stop  # it may be on the disk: its numbers are not given again
            raise
        finally:
            self._pending = None

    async def commit(self) -> None:
        """Return when the disk knows what the index says now, or when it is known not to take it, or not to
        answer.
        """
        if not self.late:
            if self._next is None:
                self._next = asyncio.create_task(self.write(), name="buffer-write")
            await self._threads.unless_stalled(self._next)
        if self._trouble.reason:
            self.note_crash_counts()

    async def write(self, *, last: bool = False) -> None:
        """Write what the disk does not know; `last`: there is no later try."""
        async with self._writing:
            self._next = None  # who comes from now on shares the one after this
            trying = last or not self._trouble.failures  # else upkeep does
            if trying and (error := await self._save(last=last)) is not None:
                await self._try_again(error, last=last)
            if self._trouble.failures:
                await self.vouch()

    async def recover(self) -> None:
        """One more try while the disk fails."""
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
        """Rebuild a damaged database that could not be for want of room."""
        async with self._writing:
            found = await self._threads.run(self._database.mend, self._index.size)
            if found is not None:
                self._reopened(found)

    async def flush(self) -> None:
        """Have the disk sync what was written."""
        try:
            await self._threads.run(self._database.sync, dict(self.journal.states))
        except OSError as error:
            self._trouble.failed(str(error))

    async def settle(self) -> bool:
        """See whether trouble begins or is over. Gives whether it is over just now."""
        self._short = await self._threads.run(self._database.short)
        unsaved = len(self.journal.records) > bool(self._pending)
        over = self._trouble.settle(self._short, unsaved=unsaved)
        if not (self._trouble.reason or unsaved):
            self._database.crash_counts.forget()
        return over

    async def vouch(self) -> None:
        """Note the counts beside the database, if the disk takes that: a power cut is counted then."""
        if not self.late:
            await self._threads.run(self._database.vouch, self._states())

    def note_crash_counts(self) -> None:
        """Note the counts in the machine's memory, whatever the disk takes: a kill is counted then."""
        if states := self._states():
            self._database.crash_counts.keep(states, besides=self.late)

    def _states(self) -> Mapping[str, bytes]:
        return self.journal.books(self._index, self._pending)

    async def _save(self, *, last: bool = False) -> OSError | None:
        """Write what the disk does not know; gives what it has against that."""
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
        """What to write next; in the end all of it: samples are worth more than room below `min_free`."""
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
        """Most faults are over at once. A full disk is not: only the ballast can help there."""
        failed: OSError | None = error
        for pause in pauses(0.0 if NO_ROOM in str(error) else self._retry):
            await asyncio.sleep(pause)
            await self._reopen(1, str(failed), last=last)
            if (failed := await self._save(last=last)) is None:
                self._trouble.bridged(str(error))
                return
        self._trouble.failed(str(failed))

    async def _reopen(self, failures: int, reason: str, *, last: bool = False) -> None:
        """After a failed write: make room, or open the database anew, as far as that may help."""
        recover = partial(self._database.recover, failures, reason, last=last)
        found = await self._threads.run(recover)
        if found is not None:
            self._reopened(found)
