"""An append-only log with several readers: its parts on one store."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from orbital_buffer.log.admission import Admission
from orbital_buffer.log.appending import Appending
from orbital_buffer.log.outputs import Outputs
from orbital_buffer.log.reading import Reading
from orbital_buffer.log.state import LogState
from orbital_buffer.model.limits import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orbital_buffer.clock import Clock
    from orbital_buffer.model.damage import Damaged
    from orbital_buffer.model.index import LogIndex
    from orbital_buffer.model.limits import BufferLimits
    from orbital_buffer.store.port import RecordStore

logger = logging.getLogger(__name__)


class Log:
    """A log.

    Args:
        store: Stores its records.
        limits: Of samples, bytes and age.
        clock: For timestamps and ages.
    """

    def __init__(self, store: RecordStore, limits: BufferLimits, clock: Clock) -> None:
        self.store = store
        store.owner = self
        self._state = LogState(store, clock)
        self._admission = Admission(self._state, limits)
        self.appending = Appending(self._state, self._admission)
        self.reading = Reading(self._state, self._admission)
        self.outputs = Outputs(self._state)

    @property
    def index(self) -> LogIndex:
        """Its records, and what each output needs of them."""
        return self.store.index

    @property
    def closed(self) -> bool:
        return self._state.closed

    def name(self, seq: int) -> str:
        return self._state.name(seq)

    def usage(self) -> Usage:
        """Its current contents."""
        self._admission.expire()
        index, status = self.index, self.store.status()
        oldest = min((r.oldest_ms for r in index.records[:1]), default=None)
        return Usage(
            index.samples, index.size + index.shared, index.batches, oldest,
            max(self._admission.fill, status.fill), status.unsaved, status.trouble,
        )  # fmt: skip

    def check_open(self) -> None:
        """Raises `BufferClosed` after the end."""
        self._state.check_open()

    async def commit(self) -> None:
        """Wait until changes are as durable as the store can make them."""
        self.check_open()
        await self.store.commit()

    async def close(self) -> None:
        """Close the log. Samples in a store that does not outlive the process are dropped, and logged."""
        self._state.closed = True
        self._state.room.set()
        self._state.waiters.wake_all()
        await self.store.close()
        if not self.store.lasting:
            self._drop_waiting()

    def _drop_waiting(self) -> None:
        index = self.index
        for output in index.positions:
            if waiting := self.outputs.waiting(output):
                logger.warning(
                    "output %s: %d samples were still waiting in memory and are lost (stopped)",
                    output, waiting,
                )  # fmt: skip
        if index.records:
            index.drop(index.records[0].first, index.next, "stopped")

    # Told by the store

    def restored(self, names: Mapping[int, str], notes: Mapping[str, bytes]) -> None:
        self._state.names = dict(names)
        self._state.notes = {**notes, **self._state.notes}  # those of a late start are newer
        self._state.decoded.clear()

    def damaged(self, start: int, stop: int, error: Damaged) -> None:
        self.reading.damaged(start, stop, error)

    def room_made(self) -> None:
        self._state.room.set()
