"""Applies the limits to new records."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from orbital_buffer.model import policy
from orbital_buffer.model.errors import BufferFull

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_buffer.log.state import LogState
    from orbital_buffer.model.limits import BufferLimits
    from orbital_buffer.store.port import Draft
    from orbital_sdk import Batch


class Admission:
    """Applies the limits of a log.

    Args:
        state: Of the log.
        limits: Of the log.
    """

    def __init__(self, state: LogState, limits: BufferLimits) -> None:
        self._state = state
        self._limits = limits
        self._held = False
        """Whether an append waits for room."""

    @property
    def fill(self) -> float:
        """0 to 1."""
        return 1.0 if self._held else policy.fill(self._state.index, self._limits)

    async def admit(self, batches: Sequence[Batch]) -> Draft:
        """Encode batches, and make or wait for room as the policy says.

        Making room may remove layouts, so the draft is made again then. Under `block`, a record that is
        larger than the limits is stored if the log is empty.
        """
        state, limits = self._state, self._limits
        while True:
            draft = state.store.draft(batches, state.steady_ms())
            if limits.policy == "drop_oldest" or self.fits(draft):
                return draft
            if policy.trim_orphans(state.index, limits, draft.samples, draft.size):
                continue
            if limits.policy == "drop_newest" or not state.index.records:
                return draft
            await self._room_made()

    def readers(self, draft: Draft) -> list[str]:
        """The outputs that get this record.

        Raises:
            BufferFull: None; the samples are counted as dropped.
        """
        index = self._state.index
        if self._limits.policy != "drop_newest":
            return index.readers
        readers: list[str] = []
        if self.fits(draft):
            readers = policy.takers(index, self._limits, draft.samples, draft.size)
        index.refuse(draft.samples, [name for name in index.readers if name not in readers])
        if not readers:
            raise BufferFull(f"no room for {draft.samples} samples; the policy is drop_newest")
        return readers

    def fits(self, draft: Draft) -> bool:
        """Whether there is room for this record."""
        state = self._state
        return state.store.fits(draft.size) and policy.fits(
            state.index, self._limits, draft.samples, draft.size
        )

    def added(self) -> None:
        """Under `drop_oldest`: drop the oldest batches until the limits hold."""
        if self._limits.policy != "drop_oldest":
            return
        index, store = self._state.index, self._state.store
        policy.trim(index, self._limits)
        while (first := store.surplus()) is not None:
            record = index.record(first)
            index.drop(record.first, record.stop, "full")

    def expire(self) -> None:
        """Drop batches older than the limit of age."""
        index = self._state.index
        records = len(index.records)
        policy.expire(index, self._limits, self._state.steady_ms())
        if len(index.records) != records:
            self._state.room.set()

    async def _room_made(self) -> None:
        """Wait until something was removed, or is old enough to be."""
        room = self._state.room
        room.clear()
        self._held = True
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._until_expiry()):
                    await room.wait()
        finally:
            self._held = False
        self._state.check_open()
        self.expire()

    def _until_expiry(self) -> float | None:
        """Seconds until the oldest record is too old; None without a limit of age."""
        records = self._state.index.records
        if self._limits.age is None or not records:
            return None
        return self._limits.age + (records[0].written - self._state.steady_ms()) / 1000 + 0.001
