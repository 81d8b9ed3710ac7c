"""Tells the log when a task begins to fail, pauses or gives only a part, and when it works again."""

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
"""Lines in a `PERIOD`: a link that goes down takes thousands of tasks with it."""
PERIOD: Final = 60.0
"""Seconds."""
BUG: Final = "Bug"
"""Kind of error that the engine has told already, with its traceback."""


class Condition(Enum):
    """How a run leaves its task, in the words of the log; a task that works has none."""

    FAILS = "fails"
    PAUSED = "is refused, and looks again slowly"
    PARTIAL = "gives only a part"


@dataclass(slots=True)
class Trouble:
    """What is known of a task that does not work."""

    condition: Condition
    runs: int = 1
    """In a row that did not work."""


class TaskLog:
    """Listens to all runs; says what changed, and not each run that fails as the one before did.

    Args:
        clock: Tells the time.
        known: Keys of the tasks that there are; what is remembered of others is dropped.
    """

    def __init__(self, clock: Clock, known: Container[str]) -> None:
        self._clock = clock
        self._known = known
        self._troubles: dict[str, Trouble] = {}
        self._until = 0.0
        self._lines = 0
        self._untold = 0

    def __call__(self, task: Task, run: Run) -> None:
        """This run ended."""
        if self._untold:
            self._tell_the_rest()
        condition = condition_of(run)
        trouble = self._troubles.get(task.key)
        if condition is None:
            if trouble is not None:
                del self._troubles[task.key]
                runs = f"{trouble.runs} run{'s' if trouble.runs > 1 else ''}"
                self._say(logging.INFO, f"task {task.id} works again, after {runs} that did not")
        elif trouble is None or trouble.condition is not condition:
            self._enter(task.key, Trouble(condition))
            if run.error_kind != BUG:
                self._say(logging.WARNING, f"task {task.id} {condition.value}: {run.error}")
        else:
            trouble.runs += 1

    def _enter(self, key: str, trouble: Trouble) -> None:
        before = self._troubles.get(key)
        trouble.runs += before.runs if before is not None else 0
        self._troubles[key] = trouble
        if len(self._troubles) % 1000 == 0:
            for gone in [key for key in self._troubles if key not in self._known]:
                del self._troubles[gone]

    def _say(self, level: int, line: str) -> None:
        now = self._clock.steady()
        if now >= self._until:
            self._until, self._lines = now + PERIOD, 0
        if self._lines >= MOST:
            self._untold += 1
            return
        self._lines += 1
        log.log(level, "%s", line)

    def _tell_the_rest(self) -> None:
        if self._clock.steady() >= self._until:
            untold, self._untold = self._untold, 0
            log.warning("tasks changed %d times more than was told; see `sentinel tasks`", untold)


def condition_of(run: Run) -> Condition | None:
    """How this run leaves its task; None: it works."""
    if run.status is not Status.FAILED:
        return Condition.PARTIAL if run.error else None
    return Condition.PAUSED if run.pauses else Condition.FAILS
