"""Appends records to a log, for all or some outputs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from orbital_buffer.model.errors import BufferFull, NoReader
from orbital_buffer.model.position import DAMAGED
from orbital_buffer.model.record import describe

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orbital_buffer.log.admission import Admission
    from orbital_buffer.log.state import LogState
    from orbital_buffer.model.intervals import Intervals
    from orbital_buffer.store.port import Draft
    from orbital_sdk import Batch


class Appending:
    """Appends records one after the other.

    Args:
        state: Of the log.
        admission: Applies its limits.
    """

    def __init__(self, state: LogState, admission: Admission) -> None:
        self._state = state
        self._admission = admission
        self._turn = asyncio.Lock()

    async def append(self, batches: Sequence[Batch]) -> None:
        if not batches:
            return
        state, admission = self._state, self._admission
        async with self._turn:
            state.check_open()
            admission.expire()
            if not state.index.readers:
                raise NoReader("no output is attached to the buffer")
            draft = await admission.admit(batches)
            await self._add(draft, admission.readers(draft))
            admission.added()
            for name in state.index.readers:
                state.wake(name)

    async def resend(
        self, output: str, batches: Sequence[Batch], storing: Callable[[int], None]
    ) -> None:
        """Append batches for one output.

        Args:
            output: Its name.
            batches: To append.
            storing: Called with the number of the first batch when there is room; its changes are written
                in the same step.

        Raises:
            LookupError: The output is not attached, or an orphan.
            BufferFull: There is no room; nothing was dropped.
        """
        state = self._state
        async with self._turn:
            state.check_open()
            if output not in state.index.readers:
                raise LookupError(f"output {output!r} is not configured any more")
            draft = state.store.draft(batches, state.steady_ms())
            if not self._admission.fits(draft):
                raise BufferFull(f"the buffer has no room for {draft.samples} dead letters now")
            storing(state.index.next)
            await self._add(draft, [output])
            state.wake(output)

    async def bring_back(
        self, outputs: Sequence[str], numbers: Intervals, batches: Sequence[Batch]
    ) -> None:
        """Append batches that were lost under other numbers, for these outputs, in one step.

        Raises:
            BufferFull: The disk cannot be written now; nothing changed.
        """
        state = self._state
        async with self._turn:
            state.check_open()
            index = state.index
            draft, first = state.store.draft(batches, state.steady_ms()), index.next
            with index.recovering(outputs, numbers, draft.samples):
                await self._add(draft, outputs)
                if not state.store.kept(first):
                    index.drop(first, index.next, DAMAGED)
                    raise BufferFull("the disk takes nothing now")
            for output in outputs:
                state.wake(output)

    async def _add(self, draft: Draft, readers: Sequence[str]) -> None:
        """Store a record, and add it to the index."""
        state = self._state
        first, written = state.index.next, state.steady_ms()
        record = describe(draft.batches, first=first, size=len(draft.data), written=written)
        await state.store.add(record, draft, readers)
        state.index.add(record, [name for name in readers if name in state.index.positions])
