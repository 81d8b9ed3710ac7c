"""State that the parts of a log share."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING

from orbital_buffer.log.decoded import Decoded
from orbital_buffer.log.waiters import Waiters
from orbital_buffer.model.errors import BufferClosed
from orbital_buffer.model.record import START

if TYPE_CHECKING:
    from orbital_buffer.clock import Clock
    from orbital_buffer.model.index import LogIndex
    from orbital_buffer.model.position import Position
    from orbital_buffer.store.port import RecordStore


class LogState:
    """Private to the parts of one log.

    Args:
        store: Stores its records.
        clock: Wall and steady time.
    """

    def __init__(self, store: RecordStore, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self.decoded = Decoded(store)
        self.waiters = Waiters()
        self.room = asyncio.Event()
        """Set when there may be room."""
        self.closed = False
        self.notes: dict[str, bytes] = {}
        """By output."""
        self.names: dict[int, str] = {}
        """Names of starts by number."""
        self._name = uuid.uuid4().hex

    @property
    def index(self) -> LogIndex:
        """Its index."""
        return self.store.index

    def name(self, seq: int) -> str:
        """The name of the start that assigned this number."""
        return self.names.get(seq >> START, self._name)

    def steady_ms(self) -> int:
        """The current steady milliseconds."""
        return round(self.clock.steady() * 1000)

    def check_open(self) -> None:
        """Raises `BufferClosed` if it was closed."""
        if self.closed:
            raise BufferClosed("the buffer is closed")

    def position(self, output: str) -> Position:
        """Raises `LookupError` for an output that is not attached."""
        position = self.index.positions.get(output)
        if position is None:
            raise LookupError(f"no output {output!r} is attached to the buffer")
        return position

    def wake(self, output: str) -> None:
        """Wake readers of this output."""
        position = self.index.positions[output]
        if position.todo:
            self.waiters.wake(output, position.unsent)

    def forget(self, output: str) -> None:
        """Drop what is cached for an output that was removed, and wake waiting calls."""
        self.notes.pop(output, None)
        self.decoded.drop(output)
        self.room.set()
        self.waiters.wake(output)
