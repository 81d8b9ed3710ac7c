"""The `emit` of a receiver: passes emissions to the buffer in bounded memory until `serve` ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Protocol

from orbital_cardinality import beyond
from orbital_runtime.engine.device_texts import NO_TEXTS, device_texts
from orbital_runtime.guard.calls.within import retrieve_exception
from orbital_runtime.receiving.emission_batcher import EmissionBatcher, EmissionBatches
from orbital_runtime.receiving.intake import tables, take
from orbital_sdk import BufferRefused, Columns, EmissionTooLarge, Origin, ReceiverStopped

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from orbital_cardinality import Budget
    from orbital_runtime.clock import Clock
    from orbital_runtime.engine.current_chain import CurrentChain
    from orbital_runtime.engine.handover import HandOver
    from orbital_runtime.engine.run_limits import RunLimits
    from orbital_runtime.engine.totals import EngineTotals
    from orbital_runtime.plugins.task_session import TaskSession
    from orbital_sdk import Batch, Identity, Sample
    from orbital_sdk.contract.records import Records

    Accept = Callable[[Sequence[Batch]], Awaitable[str]]
    """Returns when the buffer has stored these: the reason if it refused some, or an empty string."""

TOGETHER: Final = 50_000
"""Maximum samples of an emission in one commit."""
_WORDS: Final = {
    "refused": "the buffer is full",
    "no_output": "no output takes samples",
    "unstorable": "the buffer cannot store some of them; the log says why",
}


class Today(Protocol):
    """The current settings and processors, which a reload may change. Provided by the engine."""

    identity: Identity
    limits: RunLimits
    processing: CurrentChain
    totals: EngineTotals
    hand_over: HandOver
    budget: Budget


class Emitter:
    """Implements `orbital_sdk.Emit`.

    Args:
        task_session: The task_session of the task.
        today: The engine.
        accept: Passes batches to the buffer.
        clock: Gives the time.
    """

    def __init__(
        self, task_session: TaskSession, today: Today, accept: Accept, clock: Clock
    ) -> None:
        self._task_session = task_session
        self._today = today
        self._accept = accept
        self._clock = clock
        self._batcher: EmissionBatcher | None = None
        self._stopped = False
        self._inside = 0
        """Samples in progress."""
        self._going: set[asyncio.Task[None]] = set()
        self._room = asyncio.Condition()

    async def __call__(self, records: Records, /) -> None:
        """Implements `orbital_sdk.Emit.__call__`."""
        self._check()
        try:
            taken = await take(records, self._today.limits.samples)
        except EmissionTooLarge as error:
            self._refuse("sample_limit", error.given)
            raise
        count = len(taken.series) if isinstance(taken, Columns) else len(taken)
        await self._enter(count)
        # shielded: a caller that stops waiting (timeout, lost connection) does not interrupt it
        work = asyncio.get_running_loop().create_task(self._through(taken, count))
        self._going.add(work)
        work.add_done_callback(self._discard)
        await asyncio.shield(work)

    def stop(self) -> None:
        """Refuse further emissions. Those in progress continue."""
        self._stopped = True
        if self._batcher is not None:
            self._batcher.rows.account.close()

    async def settled(self) -> None:
        """Wait until no emission is in progress."""
        while self._going:
            await asyncio.wait(self._going)

    def _discard(self, work: asyncio.Task[None]) -> None:
        self._going.discard(work)
        retrieve_exception(work)

    # ---- how ------------------------------------------------------------------------------------

    def _check(self) -> None:
        if self._stopped:
            raise ReceiverStopped(
                f"task {self._task_session.task.id!r} takes nothing any more: its receiver was stopped"
            )

    async def _enter(self, count: int) -> None:
        """Wait until there is room for `count` samples."""
        limit = self._today.limits.samples
        async with self._room:
            await self._room.wait_for(
                lambda: self._stopped or not self._inside or self._inside + count <= limit
            )
            self._check()
            self._inside += count

    async def _through(self, taken: Columns | list[Sample], count: int) -> None:
        try:
            batched = await self._batched(taken)
            self._note(batched, count)
            for batches in _portions(batched.batches):
                await self._hand(batches)
        finally:
            async with self._room:
                self._inside -= count
                self._room.notify_all()

    async def _batched(self, taken: Columns | list[Sample]) -> EmissionBatches:
        now, batched = self._clock.utc_ms(), EmissionBatches()
        latest = now + round(self._today.limits.future * 1000)
        made, examples = tables(taken, now, latest, batched.refused)
        for reason, example in examples.items():
            self._current().rows.log_once(reason, example)
        self._current().turn(now)
        for table in made:
            start = 0
            while start < len(table.series):
                if start:
                    await asyncio.sleep(0)
                start = self._current().make(table, start, now, batched)
        return batched

    def _current(self) -> EmissionBatcher:
        """The batcher for the current settings; a new one after a reload."""
        task_session, today, batcher = self._task_session, self._today, self._batcher
        task, plugin = task_session.task, task_session.plugin.name
        chain = today.processing.of(task.key)
        if (
            batcher is None
            or batcher.origin.sentinel is not today.identity
            or batcher.chain is not chain
            or batcher.labels is not task.labels
        ):
            target, fields = task_session.target, device_texts(task.device) if chain else NO_TEXTS
            origin = Origin(task.id, plugin, task.device_id, target, today.identity, fields)
            budget = None if self._stopped else today.budget  # nobody would close its account
            fresh = EmissionBatcher(origin, task.labels, chain, today.limits, budget)
            if batcher is not None:
                fresh.rows.inherit(batcher.rows)
            self._batcher = batcher = fresh
        return batcher

    def _note(self, batched: EmissionBatches, count: int) -> None:
        rows, arrived, totals = self._current().rows, self._task_session.arrived, self._today.totals
        totals.emissions[self._task_session.plugin.name] += 1
        arrived.given += count
        arrived.added += max(0, rows.series - self._task_session.series)
        self._task_session.series = rows.series
        totals.refused.update(batched.refused)
        totals.cut_labels += rows.cut
        rows.cut = 0
        if left_out := beyond(batched.refused):
            arrived.left_out += left_out
            arrived.too_many = rows.too_many

    async def _hand(self, batches: Sequence[Batch]) -> None:
        samples = sum([batch.samples for batch in batches])
        why = await self._accept(batches)
        if why:
            self._refuse("buffer", samples)
            if why == "stopped":
                raise ReceiverStopped("the agent stops, and its buffer takes nothing any more")
            raise BufferRefused(f"{samples:,} samples were not taken: {_WORDS.get(why, why)}")
        self._task_session.arrived.kept += samples
        self._today.totals.samples += samples
        for batch in batches:
            self._today.hand_over.taken(batch)

    def _refuse(self, reason: str, samples: int) -> None:
        self._today.totals.refused[reason] += samples


def _portions(batches: Sequence[Batch]) -> Iterator[Sequence[Batch]]:
    """Groups of batches of at most `TOGETHER` samples, so that no commit is large."""
    portion: list[Batch] = []
    samples = 0
    for batch in batches:
        portion.append(batch)
        samples += len(batch)
        if samples >= TOGETHER:
            yield portion
            portion, samples = [], 0
    if portion:
        yield portion
