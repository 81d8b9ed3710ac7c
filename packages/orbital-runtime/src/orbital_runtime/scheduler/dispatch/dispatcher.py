"""Runs what has a slot, and enters what came of it."""

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
"""Runs a task once. It may call its second argument when the device is no longer needed: the slot is free
from then on, while the task itself still counts as running until the awaitable is done."""

CANCEL_GRACE: Final = 2.0
"""Seconds that cancelled runs get to end; one that swallows its cancellation is left behind."""


class Dispatcher:
    """Nothing here is locked and nothing here waits: who asks is in the queue, and who has a slot runs.

    Args:
        run: Runs a task once.
        roster: Every task.
        clock: Tells the time.
        admission: The slots.
        pauses: Of tasks that are refused.
        exclusive: What a task needs for itself alone while it runs.
        pass_over: Called at each tick of a paused task that asks nobody.
        forget: Called when a task is gone and its last run is over.
        on_run: Told of every finished run.
        on_idle: Told when the last run that was going on has ended.
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

    # ---- the way to a slot ----------------------------------------------------------------------

    def ask(self, job: Job, due: float | None, *, since: float, priority: int) -> None:
        """Queue up for a slot.

        Args:
            job: Neither waits nor runs.
            due: The tick, in steady seconds; None where somebody asked for the run.
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

    def soon(self, job: Job) -> None:
        """Run it now, or right after the run that goes on."""
        job.wanted = True
        if job.handle is None:
            self._hurry(job)

    def _hurry(self, job: Job) -> None:
        due = job.due if job.waiting else None
        self.admission.withdraw(job.task.key)
        self.ask(job, due, since=self._clock.steady(), priority=9)
        self.admit()

    def admit(self) -> None:
        """Begin what may begin."""
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
        except GeneratorExit:  # the loop is closed: nothing goes on
            raise
        except BaseException as error:  # noqa: BLE001 (a run that is not settled keeps its slot for ever)
            now, stopped = self._clock.utc_ms(), self.stopping
            self.totals.cancelled += stopped and isinstance(error, asyncio.CancelledError)
            run = broken_run(task, error, now, stopped=stopped)
        self._settle(job, task, run)
        for future in asking:
            if not future.done():
                future.set_result(run)

    def _released(self, key: str) -> None:
        """The device is free again, and so is the slot."""
        if self.admission.done(key):
            self.admit()

    def _settle(self, job: Job, task: Task, run: Run) -> None:
        job.settle(task, run)
        self._pauses.settle(task.key, job.task.device_id, job.state, self._clock.steady())
        self.totals.enter(run)
        self._rest(job)
        if self._on_run is not None:
            try:
                self._on_run(task, run)
            except Exception:
                log.exception("task %s: a listener for finished runs failed", task.id)
        if self._on_idle is not None and not self.admission.running:
            self._on_idle()

    def pass_over(self, job: Job) -> None:
        """A tick of a paused task, which asks no device, and still has its `up 0`."""
        if self._pass_over is not None:
            told = self._tell(job, self._pass_over(job.task))
            job.handle = asyncio.get_running_loop().create_task(told)

    async def _tell(self, job: Job, work: Awaitable[None]) -> None:
        try:
            await work
        except Exception:
            log.exception("task %s is paused, but `up 0` could not be written", job.task.id)
        finally:
            self._rest(job)

    def _rest(self, job: Job) -> None:
        """Nothing of it goes on any more."""
        job.handle, self.unanswered = None, None
        self._released(job.task.key)
        if self._roster.left(job):
            self._part(job)
        elif job.wanted and not job.waiting and not self.stopping:
            self._hurry(job)

    # ---- the end --------------------------------------------------------------------------------

    def remove(self, key: str) -> None:
        """The task is gone. A run of it that goes on comes to its end."""
        job = self._roster.remove(key)
        self._pauses.forget(key, job.task.device_id)
        self.admission.withdraw(key)
        if job.handle is None:
            self._part(job)

    def _part(self, job: Job) -> None:
        job.refuse("it was removed")
        if self._removals is not None:
            self._removals.add(job.task)

    async def stop(self, grace: float) -> None:
        """Begin nothing more; give what runs `grace` seconds, then cancel it. Safe twice."""
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
