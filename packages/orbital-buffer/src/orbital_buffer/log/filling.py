"""Filling a chunk: as many batches as an output asked for, in order, and at least one."""

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
"""Bytes of records that are read in one call, if they are more than one."""


class Filling:
    """A chunk in the making."""

    def __init__(self, samples: int, size: int) -> None:
        self._room = samples
        self._bytes = size
        self.entries: list[Entry] = []
        self.next = 0
        """The batch that is being taken."""
        self.full = False

    @property
    def room(self) -> int:
        """Samples for which there may be room."""
        return max(0, min(self._room, self._bytes // CELL))

    def reach(self, opened: Opened, first: int, start: int, stop: int) -> int:
        """How far of the batches `start` to `stop` there is room, of a record that begins with `first`."""
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
        """Add the batches `start` to `stop` of a record that begins with `first`.

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
        """The chunk, as far as its batches were there to take."""
        entries = self.entries
        if sum(stop - start for start, stop in taken) < len(entries):
            wanted = Intervals(taken)
            entries = [entry for entry in entries if entry.seq in wanted]
        if not entries:
            return None
        return Chunk(output, tuple(entries), sum(entry.batch.samples for entry in entries))


class ChunkReader:
    """Fills a chunk with what the log has, record by record; what is damaged is left out.

    Args:
        output: Who reads.
        filling: The chunk.
        log: Which records there are.
        decoded: Their batches.
        quarantine: Told of the batches that cannot be read, and why.
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
        """Take the batches `start` to `stop`, as far as there is room. What is dropped meanwhile is skipped.

        Raises:
            BufferUnreadable: The disk does not give the first of them now.
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
        """The record of `start`, and those up to `stop` that are likely to fit as well: read in one call, for
        each call of a storage process costs as much as ten small records.
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
        """Take what there is room for of this record. Gives where to go on."""
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
