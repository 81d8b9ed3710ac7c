"""The buffer: a log on a store, its dead letters, and inspection of both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orbital_buffer.inspection.sources.live import Snapshots
from orbital_buffer.letters.dead_letters import DeadLetters
from orbital_buffer.log.log import Log
from orbital_buffer.model.limits import LETTERS, LetterLimits
from orbital_buffer.store.disk.store import DiskStore
from orbital_buffer.store.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path
    from typing import Unpack

    from orbital_buffer.clock import Clock
    from orbital_buffer.format.letter import DeadLetter
    from orbital_buffer.ledger import Ledger
    from orbital_buffer.model.chunk import Chunk, Unsent
    from orbital_buffer.model.limits import BufferLimits, Usage
    from orbital_buffer.store.disk.options import DiskOptions
    from orbital_buffer.store.port import RecordStore
    from orbital_sdk import Batch


def memory_buffer(limits: BufferLimits, clock: Clock, letters: LetterLimits = LETTERS) -> Buffer:
    """A buffer in memory. `append`, `read` and `acknowledge` never wait, except for room (`block`)."""
    return Buffer(MemoryStore(), limits, clock, letters)


def disk_buffer(
    path: Path | str,
    limits: BufferLimits,
    clock: Clock,
    *,
    letters: LetterLimits = LETTERS,
    **store: Unpack[DiskOptions],
) -> Buffer:
    """A buffer in a folder; `store` are the other arguments of `DiskStore`."""
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

    async def open(self) -> None:
        await self.store.open()

    # Appender

    async def append(self, batches: Sequence[Batch]) -> None:
        await self.log.appending.append(batches)

    # Reader

    def attach(self, output: str) -> None:
        self.log.outputs.attach(output)

    def orphan(self, output: str) -> None:
        self.log.outputs.orphan(output)

    def delivers(self, output: str) -> bool:
        return self.log.outputs.delivers(output)

    def name(self, seq: int) -> str:
        return self.log.name(seq)

    def edge(self, age: float = 0.0) -> int:
        return self.log.reading.edge(age)

    async def read(
        self, output: str, *, samples: int, size: int, since: int = 0, before: int | None = None
    ) -> Chunk | None:
        return await self.log.reading.read(
            output, samples=samples, size=size, since=since, before=before
        )

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

    def release(self, chunk: Chunk) -> None:
        self.log.reading.release(chunk)

    async def wait(self, output: str, *, samples: int = 0, since: int = 0) -> None:
        await self.log.reading.wait(output, samples=samples, since=since)

    async def note(self, output: str, note: bytes) -> None:
        await self.log.reading.note(output, note)

    def noted(self, output: str) -> bytes:
        return self.log.reading.noted(output)

    def unsent(self, output: str, *, since: int = 0, before: int | None = None) -> Unsent:
        return self.log.reading.unsent(output, since=since, before=before)

    def waiting(self, output: str) -> int:
        return self.log.outputs.waiting(output)

    # Administration

    @property
    def ledger(self) -> Ledger:
        """Counts of samples by output."""
        return self.log.index.ledger

    def outputs(self) -> Collection[str]:
        return self.log.outputs.all()

    def detach(self, output: str) -> None:
        self.log.outputs.detach(output)

    def orphans(self) -> dict[str, int]:
        return self.log.outputs.orphans()

    def expire_orphans(self, age: float) -> None:
        self.log.outputs.expire_orphans(age)

    async def remove(self, output: str, *, before_ms: int | None = None) -> int:
        return await self.log.outputs.remove(output, before_ms=before_ms)

    def removable(self, output: str, *, before_ms: int | None = None) -> int:
        return self.log.outputs.removable(output, before_ms=before_ms)

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
