"""Runs a task once: plugin, deadline, retries, batches, report. Whatever goes wrong stays inside the run."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from orbital_runtime.engine.current_chain import CurrentChain
from orbital_runtime.engine.handover import HandOver
from orbital_runtime.engine.outcome import SUCCESS, Outcome, bug, outcome_of
from orbital_runtime.engine.report import Report
from orbital_runtime.engine.run_limits import RunLimits
from orbital_runtime.engine.task_record import TaskRecord, new_record
from orbital_runtime.engine.totals import EngineTotals
from orbital_runtime.guard.culprit import trace_of
from orbital_runtime.guard.escape import contained, origin
from orbital_runtime.guard.invoker import Invoker
from orbital_runtime.guard.overrun import Timeout
from orbital_runtime.guard.wording import place
from orbital_runtime.model import Run, Status, Task
from orbital_runtime.plugins.received import Received
from orbital_runtime.plugins.sessions import Sessions, begun
from orbital_sdk import (
    Batch,
    CollectError,
    Columns,
    Context,
    DeviceUnreachable,
    Identity,
    OrbitalError,
    Plugin,
    Processor,
    Sample,
)
from orbital_sdk.invoke import TooManySamples, call, receives

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from concurrent.futures import Executor

    from orbital_runtime.clock import Clock
    from orbital_runtime.plugins.life import Life
    from orbital_runtime.plugins.sessions import Open
    from orbital_runtime.processor.chain import Chain

log = logging.getLogger("orbital.engine")

LARGE: Final = 5000
"""Samples from which batches are made on a thread, so that the loop goes on."""

NOTHING: Final = Received()

Collected = list[Sample] | Columns


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
        self._clock = clock
        self._records: dict[str, TaskRecord] = {}

    # ---- a run ----------------------------------------------------------------------------------

    async def run(self, task: Task, released: Callable[[], None] | None = None) -> Run:
        """Collect once and hand the samples to the buffer.

        Args:
            task: What to read.
            released: Called as soon as the device is no longer needed.
        """
        started, begin = self._clock.utc_ms(), self._clock.steady()
        life, error = self._life(task)
        record = await self._record(task, life, started)
        collected: Collected = []
        if life is None:  # it may work again without a change of the task: no pause
            outcome = self._judge(record, error)._replace(pauses=False)
        else:
            life.busy, life.used = True, begin
            try:
                outcome, collected = await self._collect(task, life, record)
            finally:
                self.sessions.leave(life)
        duration = self._clock.steady() - begin
        if released is not None:
            released()
        count = len(collected.series) if isinstance(collected, Columns) else len(collected)
        arrived = NOTHING if life is None else life.since()
        report = Report(
            outcome.up, duration, count + arrived.given, self.limits.timeout(task.timeout),
            arrived.kept, arrived.added,
        )  # fmt: skip
        while not record.fits(task, life, self.identity):  # a reload came meanwhile
            record = await self._record(task, life, started)
        if count < LARGE:
            batched = record.batcher.make(collected, report, started)
        else:
            make = record.batcher.make
            batched = await self.processing.on_thread(make, collected, report, started)
        samples, lost = await self.hand_over.collection(batched)
        if too_many := batched.too_many or arrived.too_many:
            left_out = batched.refused["series_limit"] + arrived.left_out
            outcome = outcome.also(
                f"{left_out:,} samples were left out: {too_many}", "TooManySeries"
            )
        if lost:
            outcome = outcome._replace(status=Status.FAILED, error=lost, kind="BufferRefused")
        return Run(
            outcome.status, outcome.up, started, duration, samples + arrived.kept,
            outcome.error, outcome.kind, outcome.pauses,
            record.batcher.series + (0 if life is None else life.series),
        )  # fmt: skip

    async def pass_over(self, task: Task) -> None:
        """The task is paused: nobody asks its device, and `up 0` says that it is still not read."""
        started = self._clock.utc_ms()
        record = await self._record(task, self._life(task)[0], started)
        report = Report(0.0, 0.0, 0.0, self.limits.timeout(task.timeout))
        await self.hand_over.collection(record.batcher.make([], report, started))

    def exclusive(self, task: Task) -> str | None:
        """What the task's run needs for itself alone; None if nothing."""
        life, _ = self._life(task)  # the run meets the same error, and reports it
        return None if life is None else life.exclusive

    def _life(self, task: Task) -> tuple[Life | None, Exception | None]:
        try:
            return self.sessions.of(task), None
        except Exception as error:  # noqa: BLE001 (why it cannot run is what the run reports)
            return None, error

    async def _collect(
        self, task: Task, life: Life, record: TaskRecord
    ) -> tuple[Outcome, Collected]:
        """All attempts. Kept are the samples of the one that gave most."""
        ctx = self._context(task, record)
        best: Collected = []
        outcome = SUCCESS
        # a receiver that failed is begun again after its run, which tells why
        retries = 0 if receives(type(life.plugin)) else task.retries
        for attempt in range(retries + 1):
            if attempt and not await self._pause(ctx):
                break
            outcome, collected = await self._attempt(life, record, ctx)
            if isinstance(collected, Columns):
                return outcome, collected
            if len(collected) >= len(best):
                best = collected
            if outcome.kind != DeviceUnreachable.__name__:
                break
        return outcome, best

    async def _attempt(
        self, life: Life, record: TaskRecord, ctx: Context
    ) -> tuple[Outcome, Collected]:
        sink: list[Sample] = []
        try:
            session = life.session or await self.sessions.open(life, ctx)
            columns = await self.invoker.collect(
                session, life.plugin, ctx, sink, limit=self.limits.samples, holds=life.holds
            )
        except Exception as error:  # noqa: BLE001 (whatever a plugin raises costs its own run alone)
            outcome = self._judge(record, error)
            if isinstance(error, TooManySamples):
                self.totals.refused["sample_limit"] += error.refused
            outcome, samples = self._within_limit(
                outcome, [*sink, *_saved(error, self.limits.samples + 1)]
            )
            return _in_time(outcome, ctx), samples
        return _in_time(SUCCESS, ctx), sink if columns is None else columns

    def _within_limit(self, outcome: Outcome, samples: list[Sample]) -> tuple[Outcome, Collected]:
        """What came with an error, as far as one collection may give so much."""
        limit = self.limits.samples
        if len(samples) <= limit:
            return outcome, samples
        error = TooManySamples(limit, len(samples))
        self.totals.refused["sample_limit"] += error.refused
        return outcome.also(str(error), type(error).__name__), samples[:limit]

    def _context(self, task: Task, record: TaskRecord) -> Context:
        seconds = self.limits.timeout(task.timeout)
        deadline = time.monotonic() + seconds
        return Context(task.id, task.device_id, seconds, deadline, record.log)

    async def _pause(self, ctx: Context) -> bool:
        """Wait before another attempt; whether there is time for one."""
        if ctx.remaining() <= self.limits.retry_pause:
            return False
        await asyncio.sleep(self.limits.retry_pause)
        return True

    def _judge(self, record: TaskRecord, error: BaseException | None) -> Outcome:
        """What the error means. One that is not of the contract is a bug: logged once, and counted."""
        if error is None:
            return SUCCESS
        if isinstance(error, OrbitalError):
            return outcome_of(error)
        plugin = record.task.plugin
        self.totals.bugs[plugin] += 1
        error = origin(error)
        kind = type(error).__name__, place(error)
        if kind not in record.told:
            record.told |= {kind}
            record.log.error(
                "plugin %r has a bug; further ones are only counted", plugin,
                exc_info=(type(error), error, trace_of(error)),
            )  # fmt: skip
        return bug(plugin, error)

    # ---- what processors gathered ----------------------------------------------------------------

    async def flush(
        self, chain: Chain | None = None, *, last: Sequence[Processor[Any]] = ()
    ) -> None:
        """Hand over what processors gathered.

        Args:
            chain: Through which it goes; left out, today's.
            last: Nothing is asked of these afterwards. None but these are asked, if there are any.
        """
        refused: Counter[str] = Counter()
        chain = chain or self.processing.chain
        batches = [*chain.flush(self._clock.utc_ms(), refused, last=last)]
        self.totals.refused.update(refused)
        if not await self.hand_over.all(batches):
            self.totals.samples += sum([batch.samples for batch in batches])

    # ---- what it remembers ----------------------------------------------------------------------

    async def _record(self, task: Task, life: Life | None, ts: int) -> TaskRecord:
        record = self._records.get(task.key)
        if record is not None and record.fits(task, life, self.identity):
            return record
        if record is not None and life is None:
            life = record.life
        fresh = new_record(task, life, self.identity, self.processing.chain, self.limits)
        self._records[task.key] = fresh
        if record is not None:
            await self._replace(record, fresh, ts)
        return fresh

    async def _replace(self, old: TaskRecord, new: TaskRecord, ts: int) -> None:
        """The task changed. Series end with their origin."""
        if old.life is new.life:
            new.told = old.told
        if old.batcher.origin == new.batcher.origin:
            new.batcher.inherit(old.batcher)
        elif (ended := old.batcher.end_series(ts - 1)) is not None:
            await self.hand_over.all([ended])

    async def forget(self, task: Task) -> None:
        """The task is gone: its session closes, its series end, and nothing is remembered."""
        self.sessions.drop(task.key)
        record = self._records.pop(task.key, None)
        if record is None:
            return
        ended = record.batcher.end_series(self._clock.utc_ms())
        if ended is not None:
            await self.hand_over.all([ended])

    def reconfigure(
        self, *, identity: Identity, processors: Sequence[Processor[Any]], limits: RunLimits
    ) -> None:
        """Go on with other settings. Each task begins anew with them at its next run; series that go on
        have not ended.
        """
        self.identity = replace(identity)  # another object, which no record fits
        self.processing.replace(processors)
        self.limits = limits
        self.invoker.grace = limits.cancel_grace

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

    async def _test(self, task: Task) -> str:
        """In a session of its own."""
        life = self.sessions.apart(task)
        record = new_record(task, life, self.identity, self.processing.chain, self.limits)
        ctx = self._context(task, record)
        life.busy = True
        try:
            session = await self.sessions.open(life, ctx)
            test = partial(call, partial(session.test, ctx))
            return await self.invoker.call(test, life.plugin, ctx, holds=life.holds)
        except NotImplementedError:
            outcome, collected = await self._collect(task, life, record)
        finally:
            self.sessions.leave(life)
            await self.sessions.end(life)
        if not outcome.up:
            raise CollectError(outcome.error)
        count = len(collected.series) if isinstance(collected, Columns) else len(collected)
        missing = f"; {outcome.error}" if outcome.error else ""
        return f"{record.target} answers: {count} samples{missing}"


def _in_time(outcome: Outcome, ctx: Context) -> Outcome:
    """A run that ends beyond its time-out is no success: it held the loop, so that nothing could end it."""
    late = time.monotonic() - ctx.deadline
    if late <= 0 or outcome.status is not Status.SUCCESS:
        return outcome
    took = f"took {ctx.timeout + late:.1f} s, its time-out is {ctx.timeout:g} s"
    return outcome_of(
        Timeout(f"{took}; it could not be interrupted, since something blocked the event loop")
    )


def _saved(error: Exception, limit: int) -> list[Sample]:
    """Samples that came with an error."""
    if not isinstance(error, CollectError):
        return []
    try:
        with contained:
            return list(islice(error.samples, limit))
    except Exception:  # noqa: BLE001 (a plugin made them)
        return []
