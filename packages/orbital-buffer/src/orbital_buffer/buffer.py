"""A buffer put together: a log on a store, the dead letters of it, and a look into both."""

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
    """A buffer without a disk. `append`, `read` and `acknowledge` never wait, but for room (`block`)."""
    return Buffer(MemoryStore(), limits, clock, letters)


def disk_buffer(
    path: Path | str,
    limits: BufferLimits,
    clock: Clock,
    *,
    letters: LetterLimits = LETTERS,
    **store: Any,
) -> Buffer:
    """A buffer in a folder of its own; `store` as `DiskStore` takes it."""
    return Buffer(DiskStore(path, limits, clock, **store), limits, clock, letters)


class Buffer:
    """An appender, a reader and an administration (see `contract`). All methods belong to the event loop.

    Args:
        store: Where its bytes are.
        limits: When the policy acts.
        clock: Stamps records.
        letters: How many dead letters are kept.
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
        """Counts of samples, per output."""
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
        """What it holds now."""
        self.dead_letters.expire()
        return self.log.usage()

    async def close(self) -> None:
        """Nothing after this. Safe twice. Waiters get `BufferClosed`."""
        if not self.log.closed:
            if not self.store.lasting:
                self.dead_letters.stopped()
            await self.log.close()
