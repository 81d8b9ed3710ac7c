"""Fills a chunk with batches in order, up to the limits of a read, at least one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orbital_buffer.format.codec import CELL
from orbital_buffer.model.chunk import Chunk, Entry
from orbital_buffer.model.damage import Damaged
from orbital_buffer.model.errors import BufferUnreadable
from orbital_buffer.model.intervals import Intervals

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from orbital_buffer.format.codec import Opened
    from orbital_buffer.log.decoded import Decoded
    from orbital_buffer.model.index import LogIndex
    from orbital_buffer.model.intervals import Pieces
    from orbital_buffer.model.record import Record
    from orbital_sdk import Layout


AHEAD: Final = 1 << 20
"""Maximum bytes of several records to read in one call."""


class Filling:
    """A chunk that is being filled."""

    def __init__(self, samples: int, size: int) -> None:
        self._room = samples
        self._bytes = size
        self.entries: list[Entry] = []
        self.next = 0
        """The current batch."""
        self.full = False

    @property
    def room(self) -> int:
        """Samples that still fit."""
        return max(0, min(self._room, self._bytes // CELL))

    def reach(self, opened: Opened, first: int, start: int, stop: int) -> int:
        """The end of the range from `start` that fits, at most `stop`, in a record that begins with
        `first`.
        """
        room, size, some = self._room, self._bytes, bool(self.entries)
        for seq in range(start, stop):
            head = opened.heads[seq - first]
            if some and (head.rows > room or head.size > size):
                self.full = True
                return seq
            room, size, some = room - head.rows, size - head.size, True
        return stop

    def take(
        self,
        opened: Opened,
        first: int,
        start: int,
        stop: int,
        layouts: Mapping[int, Layout | Damaged],
    ) -> None:
        """Add the batches from `start` to `stop` of a record that begins with `first`.

        Raises:
            Damaged: The batch `next` cannot be read.
        """
        for self.next in range(start, stop):
            index = self.next - first
            head = opened.heads[index]
            layout = layouts[head.layout]
            if isinstance(layout, Damaged):
                raise layout
            self.entries.append(Entry(self.next, opened.batch(index, layout)))
            self._room -= head.rows
            self._bytes -= head.size

    def chunk(self, output: str, taken: Pieces) -> Chunk | None:
        """The chunk with those batches that are still waiting; None if there are none."""
        entries = self.entries
        if sum(stop - start for start, stop in taken) < len(entries):
            wanted = Intervals(taken)
            entries = [entry for entry in entries if entry.seq in wanted]
        if not entries:
            return None
        return Chunk(output, tuple(entries), sum(entry.batch.samples for entry in entries))


class ChunkReader:
    """Fills a chunk record by record, without damaged batches.

    Args:
        output: Reads the chunk.
        filling: The chunk.
        log: The index.
        decoded: Source of records.
        quarantine: Called with damaged batches and the reason.
    """

    def __init__(
        self,
        output: str,
        filling: Filling,
        log: LogIndex,
        decoded: Decoded,
        quarantine: Callable[[int, int, Damaged], None],
    ) -> None:
        self._output = output
        self._filling = filling
        self._log = log
        self._decoded = decoded
        self._quarantine = quarantine

    async def fill(self, start: int, stop: int) -> None:
        """Take batches from `start` to `stop` that fit. Those dropped meanwhile are skipped.

        Raises:
            BufferUnreadable: The first one cannot be read now.
        """
        try:
            await self._fill(start, stop)
        except OSError as error:
            if not self._filling.entries:
                raise BufferUnreadable(f"the buffer's disk fails: {error}") from error
            self._filling.full = True  # what came before that place goes out

    async def _fill(self, start: int, stop: int) -> None:
        filling = self._filling
        while start < stop and not filling.full and self._log.records:
            if filling.entries and not filling.room:
                filling.full = True
                return
            record = self._log.record(start)
            if not record.first <= start < record.stop:
                return  # dropped while an earlier one was loaded
            try:
                if not self._decoded.has(self._output, record):
                    await self._decoded.load(self._output, self._next(start, stop))
                opened = self._decoded.record(self._output, record)
            except Damaged as error:
                self._leave_out(record, record.first, record.stop, error)
                start = record.stop
            else:
                start = await self._take(opened, record, start, min(stop, record.stop))

    def _next(self, start: int, stop: int) -> list[Record]:
        """The record of `start`, and those up to `stop` that probably fit. They are read in one call, since
        a call of the storage process costs as much as ten small records.
        """
        chosen: list[Record] = []
        room, size = self._filling.room, AHEAD
        for record in self._log.since(start):
            if chosen and (record.first >= stop or room <= 0 or size < record.size):
                break
            chosen.append(record)
            room, size = room - record.samples, size - record.size
        return chosen

    async def _take(self, opened: Opened, record: Record, start: int, stop: int) -> int:
        """Take batches of this record that fit. Returns where to continue."""
        filling, first = self._filling, record.first
        stop = filling.reach(opened, first, start, stop)
        numbers = {head.layout for head in opened.heads[start - first : stop - first]}
        layouts = await self._decoded.layouts(opened.segment, numbers)
        try:
            filling.take(opened, first, start, stop, layouts)
        except Damaged as error:
            filling.full = False  # it may have room for what comes after this
            self._leave_out(record, filling.next, filling.next + 1, error)
            return filling.next + 1
        return stop

    def _leave_out(self, record: Record, start: int, stop: int, error: Damaged) -> None:
        if self._log.has(record):  # else nobody needs it any more
            self._quarantine(start, stop, error)
