"""Runs every task at its phase, one run of a task at a time, and counts runs that could not start in time.

One timer wakes for all tasks that are due together: each tick requests a slot from the dispatcher.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from orbital_runtime.scheduler.admission import Admission
from orbital_runtime.scheduler.dispatch.dispatcher import Dispatcher, RunTask
from orbital_runtime.scheduler.pacing.backpressure import Pressure
from orbital_runtime.scheduler.pacing.pauses import Pauses
from orbital_runtime.scheduler.roster.job import PAUSED, Job, moves
from orbital_runtime.scheduler.roster.roster import Roster
from orbital_runtime.scheduler.roster.target import target_of
from orbital_runtime.scheduler.timer import Timer
from orbital_runtime.scheduler.timetable.timetable import Tick, Timetable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from orbital_runtime.clock import Clock
    from orbital_runtime.model import Run, Task, TaskState

BURST: Final = 500
"""Ticks handled in one pass, before other work on the event loop."""


class Scheduler:
    """Starts runs when they are due.

    Args:
        run: Runs a task once; the engine's `run`.
        clock: The time.
        slots: Maximum of concurrent runs.
        per_target: Maximum of concurrent runs against one target.
        exclusive: The resource that a task needs exclusively while it runs; the engine's `exclusive`.
        pass_over: Called at each skipped tick of a paused task; the engine's `pass_over`.
        forget: Called after the last run of a removed task; the engine's `forget`.
        pause_retry: Seconds between two attempts at a device that refuses its tasks.
        backoff_max: Maximum seconds between runs of a task whose device does not answer.
        pressure: Slows tasks down while the buffer is nearly full.
        on_run: Called after every run.
        on_idle: Called when no run is left.
    """

    def __init__(
        self,
        run: RunTask,
        *,
        clock: Clock,
        slots: int = 256,
        per_target: int = 1 << 30,
        exclusive: Callable[[Task], str | None] | None = None,
        pass_over: Callable[[Task], Awaitable[None]] | None = None,
        forget: Callable[[Task], Awaitable[None]] | None = None,
        pause_retry: float = 60.0,
        backoff_max: float = 60.0,
        pressure: Pressure | None = None,
        on_run: Callable[[Task, Run], None] | None = None,
        on_idle: Callable[[], None] | None = None,
    ) -> None:
        self.backoff_max = backoff_max
        self.pressure = pressure or Pressure(None, 0.8, 4)
        self.pauses = Pauses(pause_retry)
        self.heartbeat = clock.steady()
        """Steady seconds of the last pass: at most about a second ago, unless the event loop is blocked."""
        self._clock = clock
        self._roster = Roster()
        self._timetable = Timetable()
        self._dispatcher = Dispatcher(
            run,
            self._roster,
            clock=clock,
            admission=Admission(slots, per_target),
            pauses=self.pauses,
            exclusive=exclusive,
            pass_over=pass_over,
            forget=forget,
            on_run=on_run,
            on_idle=on_idle,
        )
        self.totals = self._dispatcher.totals
        self.timer = Timer(clock, self.turn)
        """Measures by how much the event loop is late."""
        self._started = False
        self._burst = BURST

    # ---- state ----------------------------------------------------------------------------------

    @property
    def slots(self) -> int:
        """Maximum of concurrent runs."""
        return self._dispatcher.admission.slots

    def set_limits(self, slots: int, per_target: int) -> None:
        """Change the maximum of concurrent runs, in total and against one target."""
        self._dispatcher.admission.set_limits(slots, per_target)
        self._dispatcher.admit()

    @property
    def waiting(self) -> int:
        """Runs that wait for a slot or an exclusive resource."""
        return self._dispatcher.admission.waiting

    @property
    def running(self) -> int:
        """Runs that hold a slot."""
        return self._dispatcher.admission.running

    @property
    def silence(self) -> float:
        """Seconds for which runs have been due and none has ended."""
        since = self._dispatcher.unanswered
        return 0.0 if since is None else self._clock.steady() - since

    @property
    def longest(self) -> float:
        """The longest timeout of all tasks, in seconds."""
        return self._roster.longest

    def states(self) -> Mapping[str, tuple[Task, TaskState]]:
        """Every task and its state, by key: a live view."""
        return self._roster

    # ---- tasks --------------------------------------------------------------------------------

    def put(self, tasks: Iterable[Task]) -> None:
        """Add or replace tasks. Unchanged ones keep their phase and state."""
        placed = [job for job in map(self._take_on, tasks) if job is not None]
        self._timetable.set_rate(self._roster.rate)
        now = self._clock.steady()
        for job in placed:
            self._enter(job, now)
        self._arm()

    def remove(self, keys: Iterable[str]) -> None:
        """Remove tasks, if they exist. Runs in progress are not cancelled."""
        for key in keys:
            if key in self._roster:
                self._dispatcher.remove(key)
                self._timetable.remove(key)
        self._timetable.set_rate(self._roster.rate)

    def _take_on(self, task: Task) -> Job | None:
        """Its job, if it has to be entered in the timetable, or at another phase."""
        job = self._roster.jobs.get(task.key)
        if job is None:
            return self._roster.add(task)
        before = job.task
        if before is task or before == task:
            return None
        self.pauses.forget(task.key, before.device_id)
        self._roster.replace(task)
        return job if moves(before, task) else None

    def _enter(self, job: Job, now: float) -> None:
        task, job.target = job.task, target_of(job.task.device)
        job.state.next_due = self._timetable.add(task.key, task.interval, now, job.target)

    # ---- ticks and runs -------------------------------------------------------------------------

    def start(self, *, ticks: bool = True) -> None:
        """Start. Without `ticks`, tasks only run when triggered, and the timer only measures whether the
        event loop is blocked.
        """
        now = self._clock.steady()
        self._started = True
        self._burst = BURST if ticks else 0
        for job in self._roster.jobs.values():
            self._enter(job, now)
        self._arm()

    def turn(self) -> None:
        """One pass: tasks that are due request a slot, and those that get one start. Called by the timer,
        and by tests with a manual clock.
        """
        self.heartbeat = now = self._clock.steady()
        try:
            ticks = self._timetable.pop(now, self._burst)
            if ticks:
                slowness = self.pressure.slowness(now)
                for tick in ticks:
                    self._tick(self._roster.jobs[tick.key], tick, slowness)
                self._dispatcher.admit()
        finally:
            self._arm()

    def _arm(self) -> None:
        if self._started and not self._dispatcher.stopping:
            self.timer.set(self._timetable.next() if self._burst else None)

    def _tick(self, job: Job, tick: Tick, slowness: tuple[int, ...]) -> None:
        job.state.next_due = tick.following
        if tick.missed:
            self._miss(job, tick.missed)
        if tick.due is None:
            return
        if job.handle is not None:
            self._miss(job)
        elif job.waiting:  # it keeps its position in the queue, for the newer tick
            if job.due is not None:
                self._miss(job)
            job.due = tick.due
        elif reason := job.skip_reason(self.heartbeat, slowness, self.backoff_max):
            self._skip(job, reason)
            return
        else:
            self._dispatcher.ask(job, tick.due, since=tick.due, priority=job.task.priority)
        if self._dispatcher.unanswered is None:
            self._dispatcher.unanswered = self.heartbeat

    def _skip(self, job: Job, reason: str) -> None:
        job.state.skipped[reason] = job.state.skipped.get(reason, 0) + 1
        self.totals.skipped[reason] += 1
        if reason is PAUSED:
            self._dispatcher.pass_over(job)

    def _miss(self, job: Job, ticks: int = 1) -> None:
        job.state.missed += ticks
        self.totals.missed += ticks

    async def trigger(self, key: str) -> Run:
        """Run a task now, or right after its current run. Returns the result.

        Raises:
            LookupError: There is no such task, it was removed meanwhile, or the scheduler stops.
        """
        job = self._roster.jobs.get(key)
        if job is None or self._dispatcher.stopping:
            raise LookupError(f"no task {key!r} runs here; `sentinel tasks` lists those that do")
        future: asyncio.Future[Run] = asyncio.get_running_loop().create_future()
        job.asking.append(future)
        self._dispatcher.run_soon(job)
        return await future

    def look(self, key: str) -> None:
        """As `trigger`, without waiting. Does nothing before the start, or for an unknown task."""
        job = self._roster.jobs.get(key)
        if job is not None and self._burst and self._started and not self._dispatcher.stopping:
            self._dispatcher.run_soon(job)

    async def stop(self, grace: float = 30.0) -> None:
        """Start no more runs; cancel those that run for more than `grace` seconds. Safe without `start`, and
        idempotent.
        """
        self.timer.stop()
        await self._dispatcher.stop(grace)
