"""The last runs of each task, and when and why its trouble began."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from orbital_runtime.model import Run, Status

if TYPE_CHECKING:
    from collections.abc import Collection

KEPT: Final = 50
"""Runs kept of each task, while the memory suffices."""
RUN_BYTES: Final = 600
"""Memory of one run with an error text of 200 characters. An estimate."""


@dataclass(slots=True)
class TaskHistory:
    """One task."""

    runs: deque[Run] = field(default_factory=deque[Run])
    """The oldest first."""
    troubled: Run | None = None
    """The first run with an error since the last one without; its error is the cause of those after it."""
    failing: Run | None = None
    """The first failed run since the last success."""

    def add(self, run: Run, kept: int) -> None:
        """Append a run; keep only the last `kept`."""
        if not run.error:
            self.troubled = None
        elif self.troubled is None:
            self.troubled = run
        if run.status is Status.SUCCESS:
            self.failing = None
        elif self.failing is None:
            self.failing = run
        self.runs.append(run)
        while len(self.runs) > kept:
            self.runs.popleft()


class RunHistory:
    """All tasks, within a limit of memory: with more tasks, fewer runs of each are kept.

    Args:
        memory: Bytes at most. One run of each task is always kept.
    """

    def __init__(self, memory: int) -> None:
        self._runs = memory // RUN_BYTES
        self._tasks: dict[str, TaskHistory] = {}

    def __len__(self) -> int:
        """Number of runs."""
        return sum(len(one.runs) for one in self._tasks.values())

    @property
    def kept(self) -> int:
        """Runs kept of each task."""
        return max(1, min(KEPT, self._runs // max(1, len(self._tasks))))

    def add(self, task: str, run: Run) -> None:
        """Remember a run of the task with this key."""
        history = self._tasks.get(task)
        if history is None:
            history = self._tasks[task] = TaskHistory()
        history.add(run, self.kept)

    def of(self, task: str) -> TaskHistory:
        """The history of a task; an empty one if it never ran."""
        return self._tasks.get(task) or TaskHistory()

    def keep(self, tasks: Collection[str]) -> None:
        """Forget all other tasks."""
        for gone in self._tasks.keys() - set(tasks):
            del self._tasks[gone]
