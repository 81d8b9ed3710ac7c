"""The buffer: a log on a store, its dead letters, and inspection of both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orbital_buffer.inspection.sources.live import Snapshots
from orbital_buffer.letters.dead_letters import DeadLetters
from orbital_buffer.log.log import Log
from orbital_buffer.model.limits import LETTERS, LetterLimits
from orbital_buffer.store.disk.store import DiskStore
from orbital_buffer.store.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from orbital_buffer.clock import Clock
    from orbital_buffer.format.letter import DeadLetter
    from orbital_buffer.ledger import Ledger
    from orbital_buffer.model.chunk import Chunk
    from orbital_buffer.model.limits import BufferLimits, Usage
    from orbital_buffer.store.port import RecordStore


def memory_buffer(limits: BufferLimits, clock: Clock, letters: LetterLimits = LETTERS) -> Buffer:
    """A buffer in memory. `append`, `read` and `acknowledge` never wait, except for room (`block`)."""
    return Buffer(MemoryStore(), limits, clock, letters)


def disk_buffer(
    path: Path | str,
    limits: BufferLimits,
    clock: Clock,
    *,
    letters: LetterLimits = LETTERS,
    **store: Any,
) -> Buffer:
    """A buffer in a folder; `store` are arguments of `DiskStore`."""
    return Buffer(DiskStore(path, limits, clock, **store), limits, clock, letters)


class Buffer:
    """Implements `Appender`, `Reader` and `Administration` (see `contract`). Not thread-safe: for the event
    loop.

    Args:
        store: Stores the records.
        limits: Of samples, bytes and age, and the policy when they are reached.
        clock: For timestamps and ages.
        letters: Limits of dead letters.
    """

    def __init__(
        self,
        store: RecordStore,
        limits: BufferLimits,
        clock: Clock,
        letters: LetterLimits = LETTERS,
    ) -> None:
        self.store = store
        self.log = log = Log(store, limits, clock)
        self.dead_letters = DeadLetters(log, letters, clock)
        self.inspection = Snapshots(log, self.dead_letters)
        # What has nothing to do with dead letters is the log's own
        self.open, self.name = store.open, log.name
        self.append = log.appending.append
        reading, outputs = log.reading, log.outputs
        self.read, self.release, self.wait = reading.read, reading.release, reading.wait
        self.edge, self.unsent = reading.edge, reading.unsent
        self.note, self.noted = reading.note, reading.noted
        self.attach, self.orphan, self.detach = outputs.attach, outputs.orphan, outputs.detach
        self.outputs, self.delivers, self.waiting = outputs.all, outputs.delivers, outputs.waiting
        self.orphans, self.expire_orphans = outputs.orphans, outputs.expire_orphans
        self.remove, self.removable = outputs.remove, outputs.removable

    @property
    def ledger(self) -> Ledger:
        """Counts of samples by output."""
        return self.log.index.ledger

    async def acknowledge(
        self,
        chunk: Chunk,
        *,
        letters: Sequence[DeadLetter] = (),
        dropped: Mapping[str, int] | None = None,
    ) -> None:
        mine = self.log.reading.in_flight(chunk)
        dead = [letter for letter in letters if letter.seq in mine]
        self.log.reading.settle(chunk, mine, dead=len(dead), dropped=dropped)
        self.dead_letters.add(dead)
        await self.log.commit()

    def usage(self) -> Usage:
        """Its current contents."""
        self.dead_letters.expire()
        return self.log.usage()

    async def close(self) -> None:
        """Close the buffer. Idempotent. Waiting calls raise `BufferClosed`."""
        if not self.log.closed:
            if not self.store.lasting:
                self.dead_letters.stopped()
            await self.log.close()
