"""The disk buffer: what it took survives the process, the machine and, as far as it can be, the disk.

The books are in memory, as with the memory buffer, and the database follows them. One write brings over all
that changed: new records with their layouts, deletions, and the whole state of every output that moved, so
whatever a crash takes, it takes with its counts. Appends and acknowledgements that come while a write is
under way share the next one.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from orbital_runtime.buffer.format.codec import encode
from orbital_runtime.buffer.format.layout import layout_size
from orbital_runtime.buffer.format.stored import RECORD, number
from orbital_runtime.buffer.log.log import LogBuffer
from orbital_runtime.buffer.model.damage import Damaged
from orbital_runtime.buffer.model.errors import BufferUnusable
from orbital_runtime.buffer.model.index import LogIndex
from orbital_runtime.buffer.model.limits import LETTERS, LetterLimits
from orbital_runtime.buffer.model.record import START
from orbital_runtime.buffer.store.disk.errands import Errands
from orbital_runtime.buffer.store.disk.held import batches_of
from orbital_runtime.buffer.store.disk.journal import Journal, Pending
from orbital_runtime.buffer.store.disk.letters import DiskLetterStore
from orbital_runtime.buffer.store.disk.restore import restore
from orbital_runtime.buffer.store.disk.segments import SIZE as SEGMENT
from orbital_runtime.buffer.store.disk.segments import Segments, encoded
from orbital_runtime.buffer.store.disk.trouble import Trouble
from orbital_runtime.buffer.store.disk.upkeep import Upkeep
from orbital_runtime.buffer.store.disk.whereabouts import Whereabouts
from orbital_runtime.buffer.store.port import Draft
from orbital_runtime.buffer.store.rocks.damage.second_look import PATIENCE
from orbital_runtime.buffer.store.rocks.database import NO_ROOM, Database, nothing_known
from orbital_runtime.buffer.store.rocks.pauses import RETRY, pauses
from orbital_runtime.buffer.store.rocks.port import in_process

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from orbital_runtime.buffer.model.limits import BufferLimits, Usage
    from orbital_runtime.buffer.model.record import Record
    from orbital_runtime.buffer.store.disk.journal import Change
    from orbital_runtime.buffer.store.place import Place
    from orbital_runtime.buffer.store.rocks.contents import Contents
    from orbital_runtime.buffer.store.rocks.port import Stores
    from orbital_runtime.clock import Clock
    from orbital_sdk import Batch

logger = logging.getLogger(__name__)

MEMORY: Final = 32 << 20
"""Bytes of records that are kept in memory while the disk takes none."""
TICK: Final = 1.0
TIDY: Final = 10
"""Ticks between two looks at the files."""


class DiskBuffer(LogBuffer):
    """A buffer in a folder of its own; `open` it first.

    Args:
        path: The folder. It is made if it is not there.
        limits: When the policy acts.
        clock: Stamps records.
        sync: `always`: an append returns when the disk has it. `interval`: when the system has it, which a
            crash of the process survives and a power cut does not.
        sync_interval: Seconds after which the disk has it too, with `interval`.
        min_free: Bytes of the volume that stay free: below it new records stay in memory.
        memory: Bytes of those records, at most.
        tick: Seconds between two looks of the upkeep.
        patience: Seconds until a place that cannot be read, all else being well, is damage.
        retry: Seconds for which a write that failed is tried again before what is new waits in memory.
        letters: How many dead letters are kept.
        stores: Opens the database.
    """

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
        letters: LetterLimits = LETTERS,
        stores: Stores | None = None,
    ) -> None:
        self.path = Path(path).absolute()
        stores = stores or in_process()
        self._errands = Errands(stores)
        self._database = Database(self.path, min_free, stores, patience)
        super().__init__(limits, clock, letters)
        self._always = sync == "always"
        self._whereabouts = Whereabouts(self._errands, self.path, sync=sync, min_free=min_free)
        self._memory = memory
        self._retry = retry
        self._journal = Journal()
        self._segments = self._new_segments(1)
        self._writing = asyncio.Lock()
        self._next: asyncio.Task[None] | None = None
        self._pending: Pending | None = None
        self._trouble = Trouble(self.path, memory, lambda: self._errands.silence)
        tick = tick if self._always else min(tick, sync_interval)
        self._upkeep = Upkeep(self.path, tick, self._look, self._trouble.listen)
        self._short = ""
        """Why records should stay in memory, as of the last look at the volume."""
        self._opening: asyncio.Task[Contents] | None = None
        self._late = False
        """Whether the database did not open yet, so that its books are not known."""

    async def open(self) -> None:
        """Lock the folder, open or rescue the database, and read the books.

        Raises:
            BufferUnusable: Locked by another process, no permission, a newer format.
        """
        opening = asyncio.create_task(self._opened(), name="buffer-open")
        if await self._errands.unless_stalled(opening):
            self._restore(opening.result())
            self._late = not self._database.is_open
            if self._late:
                self._trouble.failed(self._database.trouble)
            await self._settle_trouble()
        else:
            self._restore(nothing_known())
            self._late, self._opening = True, opening
            self._trouble.listen()
        self._upkeep.start()

    async def _opened(self) -> Contents:
        """What is in the database; nothing yet where it does not open within a few seconds."""
        found = await self._errands.run(self._database.open)
        for pause in pauses(self._retry):
            if self._database.is_open:
                break
            await asyncio.sleep(pause)
            opened = await self._errands.run(self._database.recover, 1, self._database.trouble)
            found = opened or found
        return found

    def usage(self) -> Usage:
        usage = super().usage()
        if not self._trouble.reason:
            return usage
        fill = max(usage.fill, min(1.0, self._journal.size / self._memory))
        return replace(usage, fill=fill, unsaved=self._journal.size, trouble=self._trouble.reason)

    @property
    def unopened(self) -> str:
        """Why the database has not opened yet; empty once it has. Until then only new samples are known."""
        return self._trouble.reason if self._late else ""

    async def place(self) -> Place | None:
        return await self._whereabouts.place()

    def _restore(self, found: Contents) -> None:
        log = self._log
        dead = restore(log, found, now=self._steady_ms())
        log.next, self._names, self._notes = found.start << START, found.names, found.notes
        self._segments = self._new_segments(found.segment)
        for record in (*log.records, *dead):
            segment = found.summaries[record.first].segment
            self._segments.restore(record.first, segment, found.layouts.pop(segment, 0))
        self._forget(dead)
        self._journal.bury((), list(found.layouts))
        log.shared = self._segments.shared
        self.dead_letters.restore(found.letters, found.bad_letters, found.start)

    def _new_segments(self, current: int) -> Segments:
        limit = self._limits.size
        return Segments(current, SEGMENT if limit is None else min(SEGMENT, limit // 8))

    # What the base asks for

    def _draft(self, batches: Sequence[Batch], written: int) -> Draft:
        segments = self._segments
        numbers, fresh = segments.number(batches)
        data = encode(batches, numbers, segment=segments.current, written=written)
        samples, shared = sum(b.samples for b in batches), sum(map(layout_size, fresh))
        return Draft(batches, data, numbers, fresh, samples, shared)

    async def _store(self, record: Record, draft: Draft, readers: Sequence[str]) -> None:
        segment = self._segments.current
        self._journal.add(record, draft.data, segment, encoded(draft.fresh))
        self._pending = Pending(record, readers)
        try:
            await self._commit()
        except BaseException:
            self._journal.bury((record,), ())
            self._log.next = record.stop  # it may be on the disk: its numbers are not given again
            raise
        finally:
            self._pending = None
        self._keep(record, draft)

    def _keep(self, record: Record, draft: Draft) -> None:
        """What holds once a record is in the journal or beyond."""
        self._decoded.cache.put(record.first, self._segments.current, draft.fresh)
        self._segments.keep(record.first, record.size, draft.fresh, record.written)
        self._log.shared = self._segments.shared

    async def _load(self, records: Sequence[Record]) -> Mapping[int, bytes | Damaged]:
        journal, firsts = self._journal.records, [record.first for record in records]
        found: dict[int, bytes | Damaged] = {n: journal[n] for n in firsts if n in journal}
        if missing := [first for first in firsts if first not in found]:
            found |= await self._errands.read(self._database.records, missing)
        return found

    def _letter_store(self) -> DiskLetterStore:
        self._letters_there = DiskLetterStore(self._database, self._errands)
        return self._letters_there

    def _segment(self, first: int) -> int:
        return self._segments.of(first)

    async def _layout_bytes(
        self, segment: int, numbers: Collection[int]
    ) -> Mapping[int, bytes | Damaged]:
        journal = self._journal.layouts
        found: dict[int, bytes | Damaged] = {
            n: journal[segment, n] for n in numbers if (segment, n) in journal
        }
        if missing := [n for n in numbers if n not in found]:
            found |= await self._errands.read(self._database.layouts, segment, missing)
        return found

    def _forget(self, records: Sequence[Record]) -> None:
        segments = self._segments.forget(record.first for record in records)
        self._journal.bury(records, segments)
        self._decoded.cache.release([record.first for record in records])
        self._decoded.cache.forget(segments)
        self._log.shared = self._segments.shared

    async def _write_note(self, output: str, note: bytes) -> None:
        noting = self._errands.run(self._database.note, output, note)
        await self._errands.unless_stalled(asyncio.ensure_future(noting))

    def _kept(self, first: int) -> bool:
        return first not in self._journal.records

    async def _moved(self, output: str) -> None:
        await self._commit()

    async def _shut(self) -> None:
        began = await self._upkeep.stop()
        ended = await self._errands.finish(self._save_and_close(began=began))
        if not ended:
            logger.error("%s: the disk does not answer; it is not waited for any more", self.path)
            self._lose_unsaved()
        if self._late or self._trouble.failures or not ended:
            self._leave_words()
        elif began:
            self._database.last_words.forget()

    async def _save_and_close(self, *, began: bool) -> None:
        if self._opening is not None:
            await self._opened_late(self._opening)
        if began:
            await self._write(last=True)
            await self._flush()
            self._lose_unsaved()
            await self._vouch()
        await self._errands.run(self._database.close)

    def _fits(self, samples: int, size: int) -> bool:
        room = not self._trouble.reason or self._journal.size + size <= self._memory
        return room and super()._fits(samples, size)

    def _trim(self) -> None:
        super()._trim()
        while self._trouble.reason and self._journal.size > self._memory and self._journal.records:
            record = self._log.record(next(iter(self._journal.records)))
            self._log.drop(record.first, record.stop, "full")

    def _quarantine(self, start: int, stop: int, error: Damaged) -> None:
        record = self._log.record(start)
        needed = [name for name, p in self._log.positions.items() if p.todo.within(start, stop)]
        aside = partial(
            self._database.set_aside,
            RECORD + number(record.first), f"record-{record.first}", str(error),
            batches=[start, stop], outputs=needed, samples=record.between(start, stop),
            written_ms=record.written,
        )  # fmt: skip
        self._errands.later(aside)
        super()._quarantine(start, stop, error)

    # Bringing the disk up to date with the books

    async def _commit(self) -> None:
        """Return when the disk knows what the books say now, or when it is known not to take it, or not to
        answer.
        """
        if not self._late:
            if self._next is None:
                self._next = asyncio.create_task(self._write(), name="buffer-write")
            await self._errands.unless_stalled(self._next)
        if self._trouble.reason:
            self._leave_words()

    async def _write(self, *, last: bool = False) -> None:
        async with self._writing:
            self._next = None  # who comes from now on shares the one after this
            trying = last or not self._trouble.failures  # else upkeep does
            if trying and (error := await self._save(last=last)) is not None:
                await self._try_again(error, last=last)
            if self._trouble.failures:
                await self._vouch()

    async def _save(self, *, last: bool = False) -> OSError | None:
        """Write what the disk does not know; gives what it has against that."""
        if self._late:
            return OSError(self._database.trouble)
        while change := self._take(last=last):
            try:
                await self._put(change)
            except OSError as error:
                return error
            if not change.more:
                break
        return None if self._database.is_open else OSError(self._database.trouble)

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

    async def _vouch(self) -> None:
        """So that a power cut takes by number what the database does not take, if the disk takes this."""
        if not self._late:
            states = self._journal.books(self._log, self._pending)
            await self._errands.run(self._database.vouch, states)

    def _leave_words(self) -> None:
        """So that a kill takes it by number, whatever the disk takes."""
        if states := self._journal.books(self._log, self._pending):
            self._database.last_words.keep(states, besides=self._late)

    def _take(self, *, last: bool = False) -> Change | None:
        """What to write next; in the end all of it: samples are worth more than room below `min_free`."""
        short, letters = bool(self._short), self._letters_there
        return self._journal.take(
            self._log, self._pending, letters, records=last or not short, tidy=last or short
        )

    async def _put(self, change: Change) -> None:
        states = {**self._journal.states, **change.states}
        self._short = await self._errands.run(
            self._database.commit, change, states if self._always else None
        )
        self._journal.done(change)
        self._letters_there.done(change.letters)
        self._database.deleted += change.dead_size

    async def _look(self, turn: int) -> None:
        if self._opening is not None:
            await self._opened_late(self._opening)
        async with self._writing:
            await self._recover()
        await self._commit()
        if not self._always:
            await self._flush()
        await self._settle_trouble()
        if turn % TIDY == 0:
            await self._errands.run(self._database.tidy, self._log.size)
            async with self._writing:
                found = await self._errands.run(self._database.mend, self._log.size)
                if found is not None:
                    self._compare(found)

    async def _recover(self) -> None:
        """One more try while the disk fails."""
        trouble = self._trouble
        if trouble.failures:
            await self._reopen(trouble.failures, trouble.reason)
            if (error := await self._save()) is None:
                trouble.worked()
            else:
                trouble.failed(str(error))
        elif self._database.gone:
            await self._try_again(OSError("the storage process ended"))

    async def _opened_late(self, opening: asyncio.Task[Contents]) -> None:
        """The disk did not answer when the database was opened."""
        try:
            found = await asyncio.shield(opening)
        except BufferUnusable as error:
            self._trouble.failed(str(error))
        else:
            if self._database.is_open:
                self._adopt(found)
            else:
                self._trouble.failed(self._database.trouble)
        self._opening = None

    async def _reopen(self, failures: int, reason: str, *, last: bool = False) -> None:
        """After a failed write: make room, or open the database anew, as far as that may help."""
        recover = partial(self._database.recover, failures, reason, last=last)
        found = await self._errands.run(recover)
        if found is not None and self._late:
            self._adopt(found)
        elif found is not None:
            self._compare(found)

    def _adopt(self, found: Contents) -> None:
        """The database is open at last: its books come before ours, and our records get its next segment."""
        held, letters = self._log, self.dead_letters
        batches = batches_of(self._journal, self._decoded.cache)
        self._log, self._journal = LogIndex(self._forget), Journal()
        self.dead_letters = self._new_letters()
        self._decoded.clear()
        self._restore(found)
        self._log.absorb(held)
        self.dead_letters.absorb(letters)
        for record in held.records:
            draft = self._draft(batches[record.first], record.written)
            self._journal.add(record, draft.data, self._segments.current, encoded(draft.fresh))
            self._keep(record, draft)
        self._late = False
        self._leave_words()  # those until now came on top of what is in the database

    def _compare(self, found: Contents) -> None:
        """The database is another one: what it lacks is lost, and states are written again."""
        self._journal.forget_states()
        for record in list(self._log.records):
            known = record.first in found.summaries or record.first in self._journal.records
            if not known:
                error = Damaged("it is not in the database any more")
                super()._quarantine(record.first, record.stop, error)
        self.dead_letters.compare({*found.letters, *self._letters_there.unsaved}, found.bad_letters)

    async def _flush(self) -> None:
        try:
            await self._errands.run(self._database.sync, dict(self._journal.states))
        except OSError as error:
            self._trouble.failed(str(error))

    async def _settle_trouble(self) -> None:
        self._short = await self._errands.run(self._database.short)
        unsaved = len(self._journal.records) > bool(self._pending)
        if self._trouble.settle(self._short, unsaved=unsaved):
            self._room.set()
        if not (self._trouble.reason or unsaved):
            self._database.last_words.forget()

    def _lose_unsaved(self) -> None:
        """The end came before the disk took them."""
        records = [self._log.record(first) for first in list(self._journal.records)]
        for record in records:
            self._log.drop(record.first, record.stop, "stopped")
        if lost := sum(record.samples for record in records):
            logger.error(
                "%d samples never got to the disk and are lost (%s)", lost, self._trouble.reason
            )
