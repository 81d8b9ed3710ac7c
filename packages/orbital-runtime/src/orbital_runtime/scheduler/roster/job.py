"""What the scheduler knows of one task between its ticks."""

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
"""Why a tick is left out while the task is refused."""


@dataclass(slots=True, eq=False)
class Job:
    """A task with its state, and where its run stands: at rest, waiting for a slot, or running."""

    task: Task
    state: TaskState = field(default_factory=TaskState)
    target: str = ""
    """Whom it asks, as `target_of` tells."""
    waiting: bool = False
    handle: asyncio.Task[None] | None = None
    """The run that is going on."""
    due: float | None = None
    """The tick that waits for a slot, in steady seconds; None where somebody asked for the run."""
    ticks: int = AGES
    """Ticks since the last run."""
    down: int = 0
    """Runs in a row to which the device did not answer."""
    wanted: bool = False
    """It runs again as soon as it can."""
    asking: list[asyncio.Future[Run]] = field(default_factory=list["asyncio.Future[Run]"])
    """Who wants to see the next run."""

    def skip_reason(self, now: float, slowness: tuple[int, ...], longest: float) -> str | None:
        """Why this tick is left out; None when it runs."""
        self.ticks += 1
        if now < self.state.next_look:
            return PAUSED
        if self.down > 1 and self.ticks < while_down(self.down, self.task.interval, longest):
            return "backoff"
        if self.ticks < slowness[self.task.priority]:
            return "backpressure"
        return None

    def replace(self, task: Task) -> None:
        """Go on with another version of the task. Another device gets a new chance."""
        if not same_work(self.task, task):
            if self.state.paused:
                self.state.paused, self.state.status = "", Status.PENDING
            self.down = 0
        self.task = task

    def settle(self, task: Task, run: Run) -> None:
        """Enter what a run gave."""
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
        """Tell those who wait for a run that there will be none."""
        for future in self.asking:
            if not future.done():
                future.set_exception(LookupError(f"task {self.task.id!r} will not run: {reason}"))
        self.asking.clear()


def same_work(one: Task, other: Task) -> bool:
    """Whether both reach the same device in the same way: a pause or a back-off holds for both."""
    return one.plugin == other.plugin and one.device == other.device and one.config == other.config


def moves(before: Task, task: Task) -> bool:
    """Whether another version of a task has another place in the timetable."""
    if before.interval != task.interval:
        return True
    return before.device is not task.device and target_of(before.device) != target_of(task.device)
