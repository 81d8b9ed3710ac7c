"""Logs when a task begins to fail, pauses or collects only a part, and when it works again."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from orbital_runtime.model import Status

if TYPE_CHECKING:
    from collections.abc import Container

    from orbital_runtime.clock import Clock
    from orbital_runtime.model import Run, Task

log = logging.getLogger("orbital.tasks")

MOST: Final = 20
"""Maximum lines per `PERIOD`, since a failed link affects thousands of tasks."""
PERIOD: Final = 60.0
"""Seconds."""
BUG: Final = "Bug"
"""Kind of error that the engine has logged already, with its traceback."""


class Condition(Enum):
    """The condition of a task after a run, as it is logged; a task that works has none."""

    FAILS = "fails"
    PAUSED = "is refused and paused"
    PARTIAL = "collects only a part"


@dataclass(slots=True)
class Trouble:
    """A task that does not work."""

    condition: Condition
    runs: int = 1
    """Consecutive runs that did not work."""


class TaskLog:
    """Listens to all runs and logs changes, but not each further run that fails in the same way.

    Args:
        clock: The time.
        known: Keys of the existing tasks; others are forgotten.
    """

    def __init__(self, clock: Clock, known: Container[str]) -> None:
        self._clock = clock
        self._known = known
        self._troubles: dict[str, Trouble] = {}
        self._until = 0.0
        self._lines = 0
        self._omitted = 0

    def __call__(self, task: Task, run: Run) -> None:
        """A run ended."""
        if self._omitted:
            self._log_omitted()
        condition = condition_of(run)
        trouble = self._troubles.get(task.key)
        if condition is None:
            if trouble is not None:
                del self._troubles[task.key]
                runs = f"{trouble.runs} run{'s' if trouble.runs > 1 else ''}"
                self._log(logging.INFO, f"task {task.id} works again, after {runs} that did not")
        elif trouble is None or trouble.condition is not condition:
            self._enter(task.key, Trouble(condition))
            if run.error_kind != BUG:
                self._log(logging.WARNING, f"task {task.id} {condition.value}: {run.error}")
        else:
            trouble.runs += 1

    def _enter(self, key: str, trouble: Trouble) -> None:
        before = self._troubles.get(key)
        trouble.runs += before.runs if before is not None else 0
        self._troubles[key] = trouble
        if len(self._troubles) % 1000 == 0:
            for gone in [key for key in self._troubles if key not in self._known]:
                del self._troubles[gone]

    def _log(self, level: int, line: str) -> None:
        now = self._clock.steady()
        if now >= self._until:
            self._until, self._lines = now + PERIOD, 0
        if self._lines >= MOST:
            self._omitted += 1
            return
        self._lines += 1
        log.log(level, "%s", line)

    def _log_omitted(self) -> None:
        if self._clock.steady() >= self._until:
            omitted, self._omitted = self._omitted, 0
            log.warning("%d more changes of tasks were not logged; see `sentinel tasks`", omitted)


def condition_of(run: Run) -> Condition | None:
    """The condition of the task after this run; None: it works."""
    if run.status is not Status.FAILED:
        return Condition.PARTIAL if run.error else None
    return Condition.PAUSED if run.pauses else Condition.FAILS
