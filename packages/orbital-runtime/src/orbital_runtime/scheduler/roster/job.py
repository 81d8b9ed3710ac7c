"""The scheduler's state of one task."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from orbital_runtime.model import Run, Status, Task, TaskState
from orbital_runtime.scheduler.pacing.backoff import UNREACHABLE, while_down
from orbital_runtime.scheduler.roster.target import target_of

if TYPE_CHECKING:
    import asyncio

AGES: Final = 1 << 30
PAUSED: Final = "paused"
"""Why ticks of a refused task are skipped."""


@dataclass(slots=True, eq=False)
class Job:
    """A task with its state, and its run: none, waiting for a slot, or running."""

    task: Task
    state: TaskState = field(default_factory=TaskState)
    target: str = ""
    """As given by `target_of`."""
    waiting: bool = False
    handle: asyncio.Task[None] | None = None
    """The current run."""
    due: float | None = None
    """The tick of the waiting run, in steady seconds; None for a triggered run."""
    ticks: int = AGES
    """Ticks since the last run."""
    down: int = 0
    """Consecutive runs that the device did not answer."""
    wanted: bool = False
    """Whether it was triggered, and runs as soon as possible."""
    asking: list[asyncio.Future[Run]] = field(default_factory=list["asyncio.Future[Run]"])
    """Waiting for the result of the next run."""

    def skip_reason(self, now: float, slowness: tuple[int, ...], longest: float) -> str | None:
        """Why this tick is skipped; None if it is not."""
        self.ticks += 1
        if now < self.state.next_look:
            return PAUSED
        if self.down > 1 and self.ticks < while_down(self.down, self.task.interval, longest):
            return "backoff"
        if self.ticks < slowness[self.task.priority]:
            return "backpressure"
        return None

    def replace(self, task: Task) -> None:
        """Replace the task. Pause and backoff end if the device or the settings differ."""
        if not same_work(self.task, task):
            if self.state.paused:
                self.state.paused, self.state.status = "", Status.PENDING
            self.down = 0
        self.task = task

    def settle(self, task: Task, run: Run) -> None:
        """Record the result of a run."""
        state = self.state
        failed = run.status is Status.FAILED
        state.last = run
        state.runs += 1
        state.samples += run.samples
        state.busy += run.duration
        state.failed += failed
        state.failures = state.failures + 1 if failed else 0
        if task is self.task or same_work(task, self.task):
            state.paused = run.error if run.pauses else ""
            self.down = self.down + 1 if run.error_kind in UNREACHABLE else 0
        state.status = Status.PAUSED if state.paused else run.status

    def refuse(self, reason: str) -> None:
        """Fail the callers that wait for a run."""
        for future in self.asking:
            if not future.done():
                future.set_exception(LookupError(f"task {self.task.id!r} will not run: {reason}"))
        self.asking.clear()


def same_work(one: Task, other: Task) -> bool:
    """Whether both query the same device in the same way, so that pause and backoff apply to both."""
    return one.plugin == other.plugin and one.device == other.device and one.config == other.config


def moves(before: Task, task: Task) -> bool:
    """Whether the new version of a task has another phase."""
    if before.interval != task.interval:
        return True
    return before.device is not task.device and target_of(before.device) != target_of(task.device)
