"""Hands batches to the buffer: split, in order; refused samples are counted."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from orbital_runtime.engine.batching.split import parts
from orbital_runtime.guard.wording import words

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from orbital_runtime.engine.batching.batcher import BatchedCollection
    from orbital_runtime.engine.totals import EngineTotals
    from orbital_sdk import Batch

FEW: Final = 8
"""Batches of one collection that are handed over concurrently, at most."""


class HandOver:
    """Between the batchers and the buffer.

    Args:
        put: Hands a batch to the buffer; returns when it may have the next one.
        totals: Takes the counts.
    """

    def __init__(self, put: Callable[[Batch], Awaitable[None]], totals: EngineTotals) -> None:
        self.witnesses: Sequence[Callable[[Batch], None]] = ()
        """Called with each batch that the buffer accepted."""
        self._put = put
        self._totals = totals

    async def collection(self, batched: BatchedCollection) -> tuple[int, str]:
        """Hand over a collection: how many samples were accepted, and why others were not."""
        self.count(batched)
        stale = [] if batched.stale is None else [batched.stale]
        lost = await self.all([*batched.batches, *stale])
        samples = 0 if lost else batched.samples
        self._totals.samples += samples
        return samples, lost

    def count(self, batched: BatchedCollection) -> None:
        """Count what batching refused or truncated."""
        self._totals.cut_labels += batched.cut
        if batched.refused:
            self._totals.refused.update(batched.refused)

    async def all(self, whole: list[Batch]) -> str:
        """Hand these over in order, so that they share one commit; gives an error message, or nothing."""
        batches = [part for batch in whole for part in parts(batch)]
        if len(batches) == 1:
            return await self._one(batches[0])
        if len(batches) > FEW:
            return await self._in_turn(batches)
        answers = await asyncio.gather(*[self._one(batch) for batch in batches])
        return next(filter(None, answers), "")

    async def _in_turn(self, batches: list[Batch]) -> str:
        """The same for many batches: other work on the loop runs in between."""
        lost = ""
        for batch in batches:
            lost = await self._one(batch) or lost
            await asyncio.sleep(0)
        return lost

    async def _one(self, batch: Batch) -> str:
        try:
            await self._put(batch)
        except Exception as error:  # noqa: BLE001 (whatever keeps the buffer from taking it, the task goes on)
            return self.refused(batch.samples, error)
        self.taken(batch)
        return ""

    def refused(self, samples: int, error: Exception) -> str:
        """Count samples that the buffer refused; gives the message."""
        self._totals.refused["buffer"] += samples
        return f"the buffer did not take {samples} samples: {words(error)}"

    def taken(self, batch: Batch) -> None:
        """Count a batch that the buffer accepted."""
        if batch.stale:
            self._totals.stale += len(batch)
        for witness in self.witnesses:
            witness(batch)
