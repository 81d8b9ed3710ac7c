"""Reads a log for an output, and acknowledges."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from orbital_buffer.log.filling import ChunkReader, Filling
from orbital_buffer.model.chunk import Unsent, runs
from orbital_buffer.model.position import DAMAGED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orbital_buffer.log.admission import Admission
    from orbital_buffer.log.state import LogState
    from orbital_buffer.model.chunk import Chunk
    from orbital_buffer.model.damage import Damaged
    from orbital_buffer.model.intervals import Intervals

logger = logging.getLogger(__name__)


class Reading:
    """Reads for all outputs.

    Args:
        state: Of the log.
        admission: Drops batches that are too old.
    """

    def __init__(self, state: LogState, admission: Admission) -> None:
        self._state = state
        self._admission = admission
        self._damage = ""
        """The last logged message about damage."""

    async def read(
        self, output: str, *, samples: int, size: int, since: int = 0, before: int | None = None
    ) -> Chunk | None:
        state = self._state
        state.check_open()
        self._admission.expire()
        index, filling = state.index, Filling(samples, size)
        reader = ChunkReader(output, filling, index, state.decoded, self._set_aside)
        before = index.next if before is None else before
        for start, stop in state.position(output).todo.within(since, before):
            await reader.fill(start, stop)
            if filling.full:
                break
        else:
            state.decoded.drop(output)  # all of it is read
        return filling.chunk(output, state.index.take(output, runs(filling.entries)))

    def in_flight(self, chunk: Chunk) -> Intervals:
        """The batches of a chunk that are still in flight.

        Raises:
            BufferClosed: The log was closed.
        """
        self._state.check_open()
        return self._state.index.flying(chunk.output, runs(chunk.entries))

    def settle(
        self,
        chunk: Chunk,
        mine: Intervals,
        *,
        dead: int = 0,
        dropped: Mapping[str, int] | None = None,
    ) -> None:
        """Acknowledge batches of a chunk; durable after the next commit."""
        self._state.index.settle(chunk.output, list(mine), dead=dead, dropped=dropped)
        self._state.room.set()

    def release(self, chunk: Chunk) -> None:
        state = self._state
        state.index.give_back(chunk.output, runs(chunk.entries))
        if chunk.output in state.index.positions:
            state.wake(chunk.output)

    async def wait(self, output: str, *, samples: int = 0, since: int = 0) -> None:
        while True:
            self._state.check_open()
            self._state.position(output)
            unsent = self.unsent(output, since=since)
            if unsent.batches and unsent.samples >= samples:
                return
            await self._state.waiters.wait(output, samples)

    def edge(self, age: float = 0.0) -> int:
        return self._state.index.edge(self._state.steady_ms() - round(age * 1000))

    def unsent(self, output: str, *, since: int = 0, before: int | None = None) -> Unsent:
        index = self._state.index
        position = index.positions.get(output)
        before = index.next if before is None else before
        pieces = position.todo.within(since, before) if position is not None else []
        if not pieces:
            return Unsent(0, 0, 0.0)
        oldest = index.record(pieces[0][0]).written
        age = max(0.0, (self._state.steady_ms() - oldest) / 1000)
        batches = sum(stop - start for start, stop in pieces)
        return Unsent(batches, index.count(pieces), age)

    async def note(self, output: str, note: bytes) -> None:
        if not self._state.closed:
            self._state.notes[output] = note
            await self._state.store.note(output, note)

    def noted(self, output: str) -> bytes:
        return self._state.notes.get(output, b"")

    def damaged(self, start: int, stop: int, error: Damaged) -> None:
        """Drop damaged batches. A repeated message is not logged: one layout may have many batches."""
        level = logging.DEBUG if str(error) == self._damage else logging.ERROR
        logger.log(level, "batches %d to %d of the buffer are damaged: %s", start, stop - 1, error)
        self._damage = str(error)
        self._state.index.drop(start, stop, DAMAGED)
        self._state.room.set()

    def _set_aside(self, start: int, stop: int, error: Damaged) -> None:
        self._state.store.set_aside(start, stop, error)
        self.damaged(start, stop, error)
