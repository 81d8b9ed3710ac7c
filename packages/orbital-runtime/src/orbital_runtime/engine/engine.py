"""Runs a task once: plugin, deadline, retries, batches, report. Whatever goes wrong stays inside the run."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from orbital_cardinality import Budget, beyond
from orbital_runtime.engine.collecting import Collected, Collecting, Measured
from orbital_runtime.engine.current_chain import NONE, CurrentChain
from orbital_runtime.engine.handover import HandOver
from orbital_runtime.engine.outcome import bug
from orbital_runtime.engine.report import Report
from orbital_runtime.engine.run_limits import RunLimits
from orbital_runtime.engine.task_record import TaskRecord, new_record
from orbital_runtime.engine.task_records import TaskRecords
from orbital_runtime.engine.totals import EngineTotals
from orbital_runtime.guard.calls.invoker import Invoker
from orbital_runtime.guard.escape import origin
from orbital_runtime.model import Run, Status, Task
from orbital_runtime.plugins.received import Received
from orbital_runtime.plugins.sessions import Sessions, begun
from orbital_runtime.processor.chain import gathers
from orbital_sdk import (
    Batch,
    CollectError,
    Columns,
    Identity,
    OrbitalError,
    Plugin,
    Processor,
)
from orbital_sdk.calling.invoke import call
from orbital_sdk.loader import NotKnownYet
from orbital_sdk.text import plural

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from concurrent.futures import Executor

    from orbital_runtime.clock import Clock
    from orbital_runtime.engine.batching.batcher import BatchedCollection, Batcher
    from orbital_runtime.engine.outcome import Outcome
    from orbital_runtime.plugins.sessions import Open
    from orbital_runtime.plugins.task_session import TaskSession
    from orbital_runtime.processor.chain import Chain

log = logging.getLogger("orbital.engine")

LARGE: Final = 5000
"""Samples from which batches are made on a thread, so that the loop goes on."""

NOTHING: Final = Received()


class Engine:
    """Runs tasks.

    Args:
        identity: Who collects.
        plugins: The started plugin of a task. May raise `ConfigurationError`, which then is the reason why
            the run failed.
        pool: The threads of a plugin, by its name.
        put: Hands a batch to the buffer; returns when it is accepted.
        processors: What happens to samples before that; started.
        clock: Tells the time.
        limits: What one run may take and give.
        begin: Opens a session.
    """

    def __init__(
        self,
        *,
        identity: Identity,
        plugins: Callable[[Task], Plugin[Any, Any]],
        pool: Callable[[str], Executor],
        put: Callable[[Batch], Awaitable[None]],
        processors: Sequence[Processor[Any]] = (),
        clock: Clock,
        limits: RunLimits | None = None,
        begin: Open = begun,
    ) -> None:
        self.identity = identity
        self.limits = limits or RunLimits()
        self.totals = EngineTotals()
        self.invoker = Invoker(pool, self.limits.cancel_grace)
        """Knows the stuck threads and the abandoned coroutines."""
        self.processing = CurrentChain(processors)
        self.sessions = Sessions(plugins, self.invoker, clock, close=self.limits.close, begin=begin)
        self.hand_over = HandOver(put, self.totals)
        self.budget = Budget(self.limits.shared)
        """The series of all tasks."""
        self._clock = clock
        self._records = TaskRecords(self.processing, self.hand_over, self.budget)
        self._collecting = Collecting(self.sessions, self.invoker, self.totals, lambda: self.limits)

    # ---- a run ----------------------------------------------------------------------------------

    async def run(self, task: Task, released: Callable[[], None] | None = None) -> Run:
        """Collect once and hand the samples to the buffer.

        Args:
            task: What to read.
            released: Called as soon as the device is no longer needed.
        """
        started, begin = self._clock.utc_ms(), self._clock.steady()
        task_session, error = self._task_session(task)
        while isinstance(error, NotKnownYet):
            await error.known()
            task_session, error = self._task_session(task)
        record = await self._record(task, task_session, started)
        collected: Collected = []
        measured: Measured = {}
        if task_session is None:  # it may work again without a change of the task: no pause
            outcome = self._collecting.judge(record, error)._replace(pauses=False)
        else:
            task_session.used = begin
            outcome, collected = await self._collect(task, task_session, record, measured)
        duration = self._clock.steady() - begin
        if released is not None:
            released()
        count = _count(collected)
        arrived = NOTHING if task_session is None else task_session.since()
        report = Report(
            outcome.up, duration, count + arrived.given, self.limits.timeout(task.timeout),
            arrived.kept, arrived.added,
        )  # fmt: skip
        while not record.fits(task, task_session, self.identity):  # a reload came meanwhile
            record = await self._record(task, task_session, started)
        batched = await self._batched(record.batcher, collected, report, started)
        samples, lost = await self.hand_over.collection(batched)
        if too_many := batched.too_many or arrived.too_many:
            left_out = beyond(batched.refused) + arrived.left_out
            outcome = outcome.also(
                f"{plural(left_out, 'sample was', 'samples were')} left out: {too_many}",
                "TooManySeries",
            )
        if lost:
            outcome = outcome._replace(status=Status.FAILED, error=lost, kind="BufferRefused")
        measured["store_seconds"] = self._clock.steady() - begin - duration
        return Run(
            outcome.status, outcome.up, started, duration, samples + arrived.kept,
            outcome.error, outcome.kind, outcome.pauses,
            record.batcher.series + (0 if task_session is None else task_session.series),
            measured,
        )  # fmt: skip

    async def _collect(
        self, task: Task, task_session: TaskSession, record: TaskRecord, measured: Measured
    ) -> tuple[Outcome, Collected]:
        task_session.busy = True
        try:
            return await self._collecting.collect(task, task_session, record, measured)
        finally:
            self.sessions.leave(task_session)

    async def _batched(
        self, batcher: Batcher, collected: Collected, report: Report, started: int
    ) -> BatchedCollection:
        if _count(collected) < LARGE:
            return batcher.make(collected, report, started)
        return await self.processing.on_thread(batcher.make, collected, report, started)

    async def pass_over(self, task: Task) -> None:
        """The task is paused: nobody asks its device, and `up 0` says that it is still not read."""
        started = self._clock.utc_ms()
        record = await self._record(task, self._task_session(task)[0], started)
        report = Report(0.0, 0.0, 0.0, self.limits.timeout(task.timeout))
        await self.hand_over.collection(record.batcher.make([], report, started))

    def exclusive(self, task: Task) -> str | None:
        """What the task's run needs for itself alone; None if nothing."""
        task_session, _ = self._task_session(task)  # the run meets the same error, and reports it
        return None if task_session is None else task_session.exclusive

    def _task_session(self, task: Task) -> tuple[TaskSession | None, Exception | None]:
        try:
            return self.sessions.of(task), None
        except Exception as error:  # noqa: BLE001 (why it cannot run is what the run reports)
            return None, error

    # ---- what processors gathered ----------------------------------------------------------------

    async def flush(
        self, chains: Sequence[Chain] = (), *, last: Sequence[Processor[Any]] = ()
    ) -> None:
        """Hand over what processors gathered.

        Args:
            chains: Through which it goes; left out, today's.
            last: Nothing is asked of these afterwards. None but these are asked, if there are any.
        """
        refused: Counter[str] = Counter()
        now = self._clock.utc_ms()
        if last and not (last := [*filter(gathers, last)]):
            return
        batches = [
            batch
            for chain in chains or self.processing.all
            for batch in chain.flush(now, refused, last=last)
        ]
        self.totals.refused.update(refused)
        if not await self.hand_over.all(batches):
            self.totals.samples += sum([batch.samples for batch in batches])

    # ---- what it remembers ----------------------------------------------------------------------

    def record(self, key: str) -> TaskRecord | None:
        """What is remembered of the task with this key; None if it never ran."""
        return self._records.known(key)

    async def forget(self, task: Task) -> None:
        """The task is gone: its session closes, its series end, and nothing is remembered."""
        self.sessions.drop(task.key)
        await self._records.forget(task, self._clock.utc_ms())

    def reconfigure(
        self,
        *,
        identity: Identity,
        processors: Sequence[Processor[Any]],
        by_task: Mapping[str, Sequence[Processor[Any]]] = NONE,
        limits: RunLimits,
    ) -> None:
        """Go on with other settings. Each task begins anew with them at its next run; series that go on
        have not ended.
        """
        self.identity = replace(identity)  # another object, which no record fits
        self.processing.replace(processors, by_task)
        self.limits = limits
        self.budget.limits = limits.shared
        self.invoker.grace = limits.cancel_grace

    async def _record(self, task: Task, task_session: TaskSession | None, ts: int) -> TaskRecord:
        return await self._records.of(task, task_session, self.identity, self.limits, ts)

    # ---- a test ---------------------------------------------------------------------------------

    async def test(self, task: Task) -> str:
        """Ask the device whether it answers, without sending anything: one line for people.

        Raises:
            OrbitalError: It does not, or the plugin cannot.
        """
        try:
            return await self._test(task)
        except OrbitalError:
            raise
        except Exception as error:
            raise CollectError(bug(task.plugin, origin(error)).error) from error

    async def try_run(self, task: Task, plugin: Plugin[Any, Any]) -> None:
        """Collect once by another instance than the task's own, in a session of its own, and send nothing.

        Raises:
            OrbitalError: The device could not be read.
        """
        task_session = await self.sessions.apart(task, plugin)
        record = new_record(
            task, task_session, self.identity, self.processing.of(task.key), self.limits
        )
        task_session.busy = True
        try:
            outcome, _ = await self._collecting.collect(task, task_session, record, {})
        finally:
            self.sessions.leave(task_session)
            await self.sessions.end(task_session)
        if not outcome.up:
            raise CollectError(outcome.error)

    async def _test(self, task: Task) -> str:
        """In a session of its own."""
        task_session = await self.sessions.apart(task)
        record = new_record(
            task, task_session, self.identity, self.processing.of(task.key), self.limits
        )
        ctx = self._collecting.context(task, record)
        task_session.busy = True
        try:
            session = await self.sessions.open(task_session, ctx)
            test = partial(call, partial(session.test, ctx))
            return await self.invoker.call(test, task_session.plugin, ctx, holds=task_session.holds)
        except NotImplementedError:
            outcome, collected = await self._collecting.collect(task, task_session, record, {})
        finally:
            self.sessions.leave(task_session)
            await self.sessions.end(task_session)
        if not outcome.up:
            raise CollectError(outcome.error)
        missing = f"; {outcome.error}" if outcome.error else ""
        return f"{record.target} answers: {plural(_count(collected), 'sample')}{missing}"


def _count(collected: Collected) -> int:
    return len(collected.series) if isinstance(collected, Columns) else len(collected)
