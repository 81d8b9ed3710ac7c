"""The buffer contract on top of the books; where the bytes are is left to a subclass."""

from __future__ import annotations

import asyncio
import logging
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING

from orbital_runtime.buffer.inspection.paging import page_of
from orbital_runtime.buffer.inspection.snapshot import books_of
from orbital_runtime.buffer.letters.dead_letters import DeadLetters
from orbital_runtime.buffer.log.decoded import Decoded
from orbital_runtime.buffer.log.filling import Filling, Reader
from orbital_runtime.buffer.log.waiters import Waiters
from orbital_runtime.buffer.model import policy, removal
from orbital_runtime.buffer.model.ageing import Ageing
from orbital_runtime.buffer.model.chunk import Unsent, runs
from orbital_runtime.buffer.model.errors import BufferClosed, BufferFull, NoReader
from orbital_runtime.buffer.model.index import LogIndex
from orbital_runtime.buffer.model.limits import LETTERS, LetterLimits, Usage
from orbital_runtime.buffer.model.position import DAMAGED
from orbital_runtime.buffer.model.record import START, describe
from orbital_runtime.buffer.store.port import Medium
from orbital_sdk.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from orbital_runtime.buffer.format.letter import DeadLetter
    from orbital_runtime.buffer.inspection.snapshot import Books, Page
    from orbital_runtime.buffer.model.chunk import Chunk
    from orbital_runtime.buffer.model.damage import Damaged
    from orbital_runtime.buffer.model.intervals import Intervals
    from orbital_runtime.buffer.model.limits import BufferLimits
    from orbital_runtime.buffer.model.position import Position
    from orbital_runtime.buffer.store.place import Place
    from orbital_runtime.buffer.store.port import Draft
    from orbital_runtime.clock import Clock
    from orbital_runtime.ledger import Ledger
    from orbital_sdk import Batch

logger = logging.getLogger(__name__)


class LogBuffer(Medium):
    """Everything that the memory buffer and the disk buffer have in common."""

    def __init__(self, limits: BufferLimits, clock: Clock, letters: LetterLimits = LETTERS) -> None:
        self._limits = limits
        self._letters = letters
        self._clock, self._ageing = clock, Ageing(clock)
        self._log = LogIndex(self._forget)
        self._turn = asyncio.Lock()
        self._room = asyncio.Event()
        self._held = False
        """Whether an append waits for room."""
        self._waiters = Waiters()
        self._decoded = Decoded(self._load, self._layout_bytes)
        self._closed = False
        self._damage = ""
        self.dead_letters = self._new_letters()
        self._names: dict[int, str] = {}
        """Start of the log -> its name."""
        self._name = uuid.uuid4().hex
        self._notes: dict[str, bytes] = {}

    def name(self, seq: int) -> str:
        return self._names.get(seq >> START, self._name)

    @property
    def ledger(self) -> Ledger:
        return self._log.ledger

    def attach(self, output: str) -> None:
        self._check_open()
        self._log.attach(output)

    def orphan(self, output: str) -> None:
        self._decoded.let_go(output)
        position = self._log.positions.get(output)
        if position is not None and position.reading:
            position.reading, position.orphaned_ms = False, self._clock.utc_ms()

    def detach(self, output: str) -> None:
        self._log.detach(output)
        self._let_go(output)

    def orphans(self) -> dict[str, int]:
        positions = self._log.positions.items()
        return {n: p.orphaned_ms for n, p in positions if not p.reading and p.first is not None}

    def expire_orphans(self, age: float) -> None:
        now, before = self._clock.utc_ms(), self._ageing.before_ms(age)
        for name, samples in removal.expire_orphans(self._log, now, before).items():
            self._let_go(name)
            if samples:
                logger.warning(removal.ORPHANED, name, format_duration(age), samples)

    async def remove(self, output: str, *, before_ms: int | None = None) -> int:
        self._check_open()
        samples = removal.remove(self._log, output, before_ms)
        self._let_go(output)
        await self._moved(output)
        return samples

    def removable(self, output: str, *, before_ms: int | None = None) -> int:
        return removal.counted(self._log, output, before_ms)

    def outputs(self) -> Collection[str]:
        return tuple(self._log.positions)

    async def append(self, batches: Sequence[Batch]) -> None:
        if not batches:
            return
        async with self._turn:
            self._check_open()
            self._expire()
            if not self._log.readers:
                raise NoReader("no output is attached to the buffer")
            draft = await self._admit(batches)
            readers = self._readers(draft)
            await self._add(draft, readers)
            if self._limits.policy == "drop_oldest":
                self._trim()
            for name in self._log.readers:
                self._wake(name)

    async def resend(self, output: str, batches: Sequence[Batch], letters: Sequence[int]) -> None:
        async with self._turn:
            self._check_open()
            if not self.delivers(output):
                raise LookupError(f"output {output!r} is not configured any more")
            draft = self._draft(batches, self._steady_ms())
            if not self._fits(draft.samples, len(draft.data) + draft.shared):
                raise BufferFull(f"the buffer has no room for {draft.samples} dead letters now")
            self.dead_letters.replayed(output, letters, after=self._log.next)
            await self._add(draft, [output])
            self._wake(output)

    def lost(self, output: str, start: int, stop: int, *, known: bool = True) -> Intervals:
        """See `Position.lost_of`."""
        return self._position(output).lost_of(start, stop, known=known)

    async def bring_back(
        self, outputs: Sequence[str], numbers: Intervals, batches: Sequence[Batch]
    ) -> None:
        """Append these, which were dropped under other numbers, for these outputs alone: in one step.

        Raises:
            BufferFull: The disk does not take them now; they are as lost as before.
        """
        async with self._turn:
            self._check_open()
            draft, first = self._draft(batches, self._steady_ms()), self._log.next
            with self._log.recovering(outputs, numbers, draft.samples):
                await self._add(draft, outputs)
                if not self._kept(first):
                    self._log.drop(first, self._log.next, DAMAGED)
                    raise BufferFull("the disk takes nothing now")
            for output in outputs:
                self._wake(output)

    def edge(self, age: float = 0.0) -> int:
        return self._log.edge(self._steady_ms() - round(age * 1000))

    async def read(
        self, output: str, *, samples: int, size: int, since: int = 0, before: int | None = None
    ) -> Chunk | None:
        self._check_open()
        self._expire()
        filling = Filling(samples, size)
        reader = Reader(output, filling, self._log, self._decoded, self._quarantine)
        before = self._log.next if before is None else before
        for start, stop in self._position(output).todo.within(since, before):
            await reader.fill(start, stop)
            if filling.full:
                break
        else:
            self._decoded.let_go(output)  # all of it is read
        return filling.chunk(output, self._log.take(output, runs(filling.entries)))

    async def acknowledge(
        self,
        chunk: Chunk,
        *,
        letters: Sequence[DeadLetter] = (),
        dropped: dict[str, int] | None = None,
    ) -> None:
        self._check_open()
        mine = self._log.flying(chunk.output, runs(chunk.entries))
        dead = [letter for letter in letters if letter.seq in mine]
        self._log.settle(chunk.output, list(mine), dead=len(dead), dropped=dropped)
        self.dead_letters.add(dead)
        self._room.set()
        await self._moved(chunk.output)

    def delivers(self, output: str) -> bool:
        return output in self._log.readers

    async def settle(self, output: str) -> None:
        self._check_open()
        await self._moved(output)

    def count_gone(self, output: str, reason: str, letters: int) -> None:
        if letters:
            self._log.ledger.account(output).letters_gone[reason] += letters

    def release(self, chunk: Chunk) -> None:
        self._log.give_back(chunk.output, runs(chunk.entries))
        if chunk.output in self._log.positions:
            self._wake(chunk.output)

    async def wait(self, output: str, *, samples: int = 0, since: int = 0) -> None:
        while True:
            self._check_open()
            self._position(output)
            unsent = self.unsent(output, since=since)
            if unsent.batches and unsent.samples >= samples:
                return
            await self._waiters.wait(output, samples)

    async def note(self, output: str, note: bytes) -> None:
        if not self._closed:
            self._notes[output] = note
            await self._write_note(output, note)

    def noted(self, output: str) -> bytes:
        return self._notes.get(output, b"")

    def unsent(self, output: str, *, since: int = 0, before: int | None = None) -> Unsent:
        position = self._log.positions.get(output)
        before = self._log.next if before is None else before
        pieces = position.todo.within(since, before) if position is not None else []
        if not pieces:
            return Unsent(0, 0, 0.0)
        oldest = self._log.record(pieces[0][0]).written
        age = max(0.0, (self._steady_ms() - oldest) / 1000)
        batches = sum(stop - start for start, stop in pieces)
        return Unsent(batches, self._log.count(pieces), age)

    def waiting(self, output: str) -> int:
        position = self._log.positions.get(output)
        return 0 if position is None else position.waiting

    def usage(self) -> Usage:
        self._expire()
        log = self._log
        oldest = min((r.oldest_ms for r in log.records[:1]), default=None)
        fill = 1.0 if self._held else policy.fill(log, self._limits)
        return Usage(log.samples, log.size + log.shared, log.batches, oldest, fill)

    def books(self) -> Books:
        usage = self.usage()
        letters = {output: count for output, (count, _) in self.dead_letters.held().items()}
        return books_of(
            self._log, letters, usage.fill, unsaved=usage.unsaved, trouble=usage.trouble
        )

    async def page(self, start: int) -> Page:
        return await page_of(self._log, self.books(), start, segment=self._segment, load=self._load)

    async def layouts(self, segment: int, numbers: Collection[int]) -> dict[int, bytes]:
        given = [number for number in numbers if 0 <= number < 1 << 32]
        if not 0 <= segment < 1 << 32:
            return {}
        try:
            found = await self._layout_bytes(segment, given)
        except OSError:
            return {}
        return {number: data for number, data in found.items() if isinstance(data, bytes)}

    async def place(self) -> Place | None:
        return None

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._room.set()
        self._waiters.wake_all()
        await self._shut()

    # What a subclass may have more of

    def _fits(self, samples: int, size: int) -> bool:
        """Whether there is room for so much more."""
        return policy.fits(self._log, self._limits, samples, size)

    def _trim(self) -> None:
        """Drop the oldest until the limits hold again."""
        policy.trim(self._log, self._limits)

    # Shared inside

    def _new_letters(self) -> DeadLetters:
        return DeadLetters(self._letters, self._letter_store(), self, self._clock)

    async def _add(self, draft: Draft, readers: Sequence[str]) -> None:
        """Store a record, and enter it in the books."""
        first, written = self._log.next, self._steady_ms()
        record = describe(draft.batches, first=first, size=len(draft.data), written=written)
        await self._store(record, draft, readers)
        self._log.add(record, [name for name in readers if name in self._log.positions])

    def _let_go(self, output: str) -> None:
        """Something that this output needed is gone."""
        self._notes.pop(output, None)
        self._decoded.let_go(output)
        self._room.set()
        self._waiters.wake(output)

    async def _admit(self, batches: Sequence[Batch]) -> Draft:
        """Encode these, and see to it that they fit, as far as the policy has a way.

        What makes room may forget layouts, so the draft is made again after it. Under `block`, what is
        larger than all room goes in alone.
        """
        log, limits = self._log, self._limits
        while True:
            draft = self._draft(batches, self._steady_ms())
            size = len(draft.data) + draft.shared
            if limits.policy == "drop_oldest" or self._fits(draft.samples, size):
                return draft
            if policy.trim_orphans(log, limits, draft.samples, size):
                continue
            if limits.policy == "drop_newest" or not log.records:
                return draft
            await self._room_made()

    def _readers(self, draft: Draft) -> list[str]:
        """Who gets this record.

        Raises:
            BufferFull: Nobody; counted already.
        """
        log = self._log
        if self._limits.policy != "drop_newest":
            return log.readers
        size = len(draft.data) + draft.shared
        readers: list[str] = []
        if self._fits(draft.samples, size):
            readers = policy.takers(log, self._limits, draft.samples, size)
        log.refuse(draft.samples, [name for name in log.readers if name not in readers])
        if not readers:
            raise BufferFull(f"no room for {draft.samples} samples; the policy is drop_newest")
        return readers

    async def _room_made(self) -> None:
        """Return when something left the buffer, or is old enough to leave it."""
        self._room.clear()
        self._held = True
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._until_expiry()):
                    await self._room.wait()
        finally:
            self._held = False
        self._check_open()
        self._expire()

    def _quarantine(self, start: int, stop: int, error: Damaged) -> None:
        """Go on without these. The same damage again is not said again: a layout may have many batches."""
        level = logging.DEBUG if str(error) == self._damage else logging.ERROR
        logger.log(level, "batches %d to %d of the buffer are damaged: %s", start, stop - 1, error)
        self._damage = str(error)
        self._log.drop(start, stop, DAMAGED)
        self._room.set()

    def _expire(self) -> None:
        records = len(self._log.records)
        policy.expire(self._log, self._limits, self._steady_ms())
        self.dead_letters.expire()
        if len(self._log.records) != records:
            self._room.set()

    def _until_expiry(self) -> float | None:
        """Seconds until the oldest record is too old; None when nothing ages."""
        if self._limits.age is None or not self._log.records:
            return None
        return self._limits.age + (self._log.records[0].written - self._steady_ms()) / 1000 + 0.001

    def _steady_ms(self) -> int:
        return round(self._clock.steady() * 1000)

    def _wake(self, output: str) -> None:
        position = self._log.positions[output]
        if position.todo:
            self._waiters.wake(output, position.unsent)

    def _position(self, output: str) -> Position:
        position = self._log.positions.get(output)
        if position is None:
            raise LookupError(f"no output {output!r} is attached to the buffer")
        return position

    def _check_open(self) -> None:
        if self._closed:
            raise BufferClosed("the buffer is closed")
