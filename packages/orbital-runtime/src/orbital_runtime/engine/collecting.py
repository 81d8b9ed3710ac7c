"""All attempts of one run: what the device gave, and how that counts."""

from __future__ import annotations

import asyncio
import time
from itertools import islice
from typing import TYPE_CHECKING

from orbital_runtime.engine.outcome import SUCCESS, Outcome, bug, outcome_of
from orbital_runtime.guard.escape import contained, origin
from orbital_runtime.guard.overrun import Timeout
from orbital_runtime.guard.watchdog.culprit import trace_of
from orbital_runtime.guard.wording import place
from orbital_runtime.model import Status, Task
from orbital_sdk import CollectError, Columns, Context, DeviceUnreachable, OrbitalError, Sample
from orbital_sdk.calling.invoke import TooManySamples, receives

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_runtime.engine.run_limits import RunLimits
    from orbital_runtime.engine.task_record import TaskRecord
    from orbital_runtime.engine.totals import EngineTotals
    from orbital_runtime.guard.calls.invoker import Invoker
    from orbital_runtime.plugins.sessions import Sessions
    from orbital_runtime.plugins.task_session import TaskSession

Collected = list[Sample] | Columns
Measured = dict[str, float]


class Collecting:
    """Asks devices.

    Args:
        sessions: Opens what is asked.
        invoker: Calls plugins.
        totals: Takes the counts.
        limits: Those of now.
    """

    def __init__(
        self,
        sessions: Sessions,
        invoker: Invoker,
        totals: EngineTotals,
        limits: Callable[[], RunLimits],
    ) -> None:
        self._sessions = sessions
        self._invoker = invoker
        self._totals = totals
        self._limits = limits

    async def collect(
        self, task: Task, task_session: TaskSession, record: TaskRecord, measured: Measured
    ) -> tuple[Outcome, Collected]:
        """All attempts. Kept are the samples of the one that gave most.

        Args:
            task: What to read.
            task_session: Opened if it is not.
            record: Of the task.
            measured: Takes what is measured, as in `Run.measured`.
        """
        ctx = self.context(task, record, measured)
        best: Collected = []
        outcome = SUCCESS
        # a receiver that failed is begun again after its run, which tells why
        retries = 0 if receives(type(task_session.plugin)) else task.retries
        for attempt in range(retries + 1):
            if attempt:
                if not await self._pause(ctx):
                    break
                measured["attempts"] = attempt + 1
            outcome, collected = await self._attempt(task_session, record, ctx)
            if isinstance(collected, Columns):
                return outcome, collected
            if len(collected) >= len(best):
                best = collected
            if outcome.kind != DeviceUnreachable.__name__:
                break
        return outcome, best

    async def _attempt(
        self, task_session: TaskSession, record: TaskRecord, ctx: Context
    ) -> tuple[Outcome, Collected]:
        sink: list[Sample] = []
        begin = time.monotonic()
        try:
            session = task_session.session
            if session is None:
                session = await self._sessions.open(task_session, ctx)
                opened = time.monotonic()
                ctx.measured["open_seconds"], begin = opened - begin, opened
            columns = await self._invoker.collect(
                session,
                task_session.plugin,
                ctx,
                sink,
                limit=self._limits().samples,
                holds=task_session.holds,
            )
        except Exception as error:  # noqa: BLE001 (whatever a plugin raises costs its own run alone)
            outcome = self.judge(record, error)
            if isinstance(error, TooManySamples):
                self._totals.refused["sample_limit"] += error.refused
            outcome, samples = self._within_limit(
                outcome, [*sink, *_saved(error, self._limits().samples + 1)]
            )
            return _in_time(outcome, ctx), samples
        finally:
            ctx.measured["collect_seconds"] = time.monotonic() - begin
        return _in_time(SUCCESS, ctx), sink if columns is None else columns

    def _within_limit(self, outcome: Outcome, samples: list[Sample]) -> tuple[Outcome, Collected]:
        """What came with an error, as far as one collection may give so much."""
        limit = self._limits().samples
        if len(samples) <= limit:
            return outcome, samples
        error = TooManySamples(limit, len(samples))
        self._totals.refused["sample_limit"] += error.refused
        return outcome.also(str(error), type(error).__name__), samples[:limit]

    def context(self, task: Task, record: TaskRecord, measured: Measured | None = None) -> Context:
        seconds = self._limits().timeout(task.timeout)
        deadline = time.monotonic() + seconds
        noted = {} if measured is None else measured
        return Context(task.id, task.device_id, seconds, deadline, record.log, noted)

    async def _pause(self, ctx: Context) -> bool:
        """Wait before another attempt; whether there is time for one."""
        if ctx.remaining() <= self._limits().retry_pause:
            return False
        await asyncio.sleep(self._limits().retry_pause)
        return True

    def judge(self, record: TaskRecord, error: BaseException | None) -> Outcome:
        """What the error means. One that is not of the contract is a bug: logged once, and counted."""
        if error is None:
            return SUCCESS
        if isinstance(error, OrbitalError):
            return outcome_of(error)
        plugin = record.task.plugin
        self._totals.bugs[plugin] += 1
        error = origin(error)
        kind = type(error).__name__, place(error)
        if kind not in record.logged:
            record.logged |= {kind}
            record.log.error(
                "plugin %r has a bug; further ones are only counted", plugin,
                exc_info=(type(error), error, trace_of(error)),
            )  # fmt: skip
        return bug(plugin, error)


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
