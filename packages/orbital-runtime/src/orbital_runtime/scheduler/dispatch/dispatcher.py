"""Runs tasks that have a slot, and records the results."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from orbital_runtime.model import Run, Status, Task
from orbital_runtime.scheduler.dispatch.failed_run import broken_run
from orbital_runtime.scheduler.dispatch.removal import TaskRemoval
from orbital_runtime.scheduler.totals import Totals

if TYPE_CHECKING:
    from orbital_runtime.clock import Clock
    from orbital_runtime.scheduler.admission import Admission
    from orbital_runtime.scheduler.pacing.pauses import Pauses
    from orbital_runtime.scheduler.roster.job import Job
    from orbital_runtime.scheduler.roster.roster import Roster

log = logging.getLogger("orbital.scheduler")

RunTask = Callable[[Task, Callable[[], None]], Awaitable[Run]]
"""Runs a task once. It may call its second argument when it no longer needs the device: that frees the slot,
while the task counts as running until the awaitable is done."""

CANCEL_GRACE: Final = 2.0
"""Seconds to wait for cancelled runs; one that ignores its cancellation is abandoned."""


class Dispatcher:
    """Queues runs and starts them when there are slots.

    Args:
        run: Runs a task once.
        roster: Every task.
        clock: The time.
        admission: The slots.
        pauses: Refused tasks.
        exclusive: As of `Scheduler`, and so are the following.
        pass_over: Called at each skipped tick of a paused task.
        forget: Called after the last run of a removed task.
        on_run: Called after every run.
        on_idle: Called when no run is left.
    """

    def __init__(
        self,
        run: RunTask,
        roster: Roster,
        *,
        clock: Clock,
        admission: Admission,
        pauses: Pauses,
        exclusive: Callable[[Task], str | None] | None,
        pass_over: Callable[[Task], Awaitable[None]] | None,
        forget: Callable[[Task], Awaitable[None]] | None,
        on_run: Callable[[Task, Run], None] | None,
        on_idle: Callable[[], None] | None,
    ) -> None:
        self.admission = admission
        self.totals = Totals()
        self.stopping = False
        self.unanswered: float | None = None
        """Steady seconds of the first tick after which no run has ended."""
        self._run = run
        self._roster = roster
        self._clock = clock
        self._pauses = pauses
        self._exclusive = exclusive
        self._pass_over = pass_over
        self._removals = None if forget is None else TaskRemoval(forget, roster.__contains__)
        self._on_run = on_run
        self._on_idle = on_idle

    # ---- queue ----------------------------------------------------------------------------------

    def ask(self, job: Job, due: float | None, *, since: float, priority: int) -> None:
        """Request a slot.

        Args:
            job: Must neither wait nor run.
            due: The tick, in steady seconds; None for a triggered run.
            since: As of `Admission.ask`.
            priority: Likewise.
        """
        task = job.task
        exclusive = None if self._exclusive is None else self._exclusive(task)
        job.waiting = True
        job.due = due
        self.admission.ask(
            task.key, task.device_id, due=since, priority=priority, exclusive=exclusive,
            target=job.target,
        )  # fmt: skip

    def run_soon(self, job: Job) -> None:
        """Run it now, or right after its current run."""
        job.wanted = True
        if job.handle is None:
            self._run_next(job)

    def _run_next(self, job: Job) -> None:
        due = job.due if job.waiting else None
        self.admission.withdraw(job.task.key)
        self.ask(job, due, since=self._clock.steady(), priority=9)
        self.admit()

    def admit(self) -> None:
        """Start the runs that get a slot."""
        while not self.stopping and (key := self.admission.next()) is not None:
            job = self._roster.jobs[key]
            job.waiting = False
            job.ticks = 0
            job.state.status = Status.RUNNING
            if job.due is not None:
                job.state.lateness = max(0.0, self._clock.steady() - job.due)
                self.totals.lateness.observe(job.state.lateness)
            job.handle = asyncio.get_running_loop().create_task(self._execute(job))

    # ---- one run --------------------------------------------------------------------------------

    async def _execute(self, job: Job) -> None:
        task, asking = job.task, job.asking
        job.asking, job.wanted = [], False
        try:
            run = await self._run(task, partial(self._released, task.key))
        except GeneratorExit:  # the loop is closed
            raise
        except BaseException as error:  # noqa: BLE001 (otherwise the slot would never be free again)
            now, stopped = self._clock.utc_ms(), self.stopping
            self.totals.cancelled += stopped and isinstance(error, asyncio.CancelledError)
            run = broken_run(task, error, now, stopped=stopped)
        self._settle(job, task, run)
        for future in asking:
            if not future.done():
                future.set_result(run)

    def _released(self, key: str) -> None:
        """Free the slot."""
        if self.admission.done(key):
            self.admit()

    def _settle(self, job: Job, task: Task, run: Run) -> None:
        job.settle(task, run)
        self._pauses.settle(task.key, job.task.device_id, job.state, self._clock.steady())
        self.totals.enter(run)
        self._over(job)
        if self._on_run is not None:
            try:
                self._on_run(task, run)
            except Exception:
                log.exception("task %s: a listener for finished runs failed", task.id)
        if self._on_idle is not None and not self.admission.running:
            self._on_idle()

    def pass_over(self, job: Job) -> None:
        """A skipped tick of a paused task: `up 0` is written without asking the device."""
        if self._pass_over is not None:
            writing = self._write_down(job, self._pass_over(job.task))
            job.handle = asyncio.get_running_loop().create_task(writing)

    async def _write_down(self, job: Job, work: Awaitable[None]) -> None:
        try:
            await work
        except Exception:
            log.exception("task %s is paused, but `up 0` could not be written", job.task.id)
        finally:
            self._over(job)

    def _over(self, job: Job) -> None:
        """The run of this job is over."""
        job.handle, self.unanswered = None, None
        self._released(job.task.key)
        if self._roster.left(job):
            self._removed(job)
        elif job.wanted and not job.waiting and not self.stopping:
            self._run_next(job)

    # ---- removal and stop --------------------------------------------------------------------------------

    def remove(self, key: str) -> None:
        """Remove a task. Its current run is not cancelled."""
        job = self._roster.remove(key)
        self._pauses.forget(key, job.task.device_id)
        self.admission.withdraw(key)
        if job.handle is None:
            self._removed(job)

    def _removed(self, job: Job) -> None:
        job.refuse("it was removed")
        if self._removals is not None:
            self._removals.add(job.task)

    async def stop(self, grace: float) -> None:
        """Start no more runs; cancel those that run for more than `grace` seconds. Idempotent."""
        self.stopping = True
        for key, job in self._roster.jobs.items():
            self.admission.withdraw(key)
            job.waiting = False
        await self._end(grace)
        for job in self._roster.jobs.values():
            job.refuse("the agent stops")
        if self._removals is not None:
            await self._removals.done()

    async def _end(self, grace: float) -> None:
        runs = {job.handle for job in self._roster.runs() if job.handle is not None}
        if not runs:
            return
        _, late = await asyncio.wait(runs, timeout=grace)
        for run in late:
            run.cancel()
        if late:
            await asyncio.wait(late, timeout=CANCEL_GRACE)
