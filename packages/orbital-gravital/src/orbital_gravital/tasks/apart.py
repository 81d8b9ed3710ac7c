"""Distinguishes tasks whose samples Core would store as one series.

Core identifies a series by metric name, device and the plugin's own labels: two tasks of one plugin on one
device would write one series. The first task keeps its series unchanged; each further one gets its id as a
label. It keeps that label as long as the task exists, also over restarts: no series changes because another
task was added or removed (docs/decisions/0028-telling-tasks-apart-at-core.md).
"""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import msgspec

from orbital_gravital.credentials import write_private
from orbital_runtime.slices import in_slices
from orbital_runtime.threads import in_background

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from orbital_runtime.model import Task

log = logging.getLogger("orbital.core")

FILE: Final = "core-apart"
LABEL: Final = "task_id"
"""The label's name, as in `device_status`."""


class Apart:
    """Remembers which tasks have their id as a label.

    Args:
        folder: The data folder.
        number: Gives the number of a task at Core; later tasks have greater numbers.
    """

    def __init__(self, folder: Path, number: Callable[[Task], int]) -> None:
        self.path = folder / FILE
        self._number = number
        self._marked: set[str] | None = None
        """Keys of tasks with their id as a label; None until the file was read."""
        self._before: set[str] = set()
        """Keys of the tasks in the last call."""
        self._made: dict[str, tuple[Task, Task]] = {}
        """By key: a task, and the same task with its id as a label."""

    async def label(self, tasks: Sequence[Task]) -> list[Task]:
        """Return all tasks, those that need it with their id as a label on every sample."""
        if self._marked is None:
            self._marked = await in_background(self._load)
        marked = set(self._marked)
        groups: defaultdict[tuple[str, str], list[Task]] = defaultdict(list)
        async for task in in_slices(tasks):
            groups[task.device_id, task.plugin].append(task)
        async for group in in_slices(groups.values()):
            if len(group) > 1:
                marked |= self._further(group)
        self._before = {task.key async for task in in_slices(tasks)}
        await self._remember(self._still_needed(marked))
        found = [self._with_id(task) async for task in in_slices(tasks)]
        self._made = {key: made for key, made in self._made.items() if key in self._marked}
        return found

    def _further(self, group: Sequence[Task]) -> set[str]:
        """Keys of tasks of one plugin and device that get the label: all unlabelled ones but the first."""
        plain = [task for task in group if task.key not in (self._marked or ())]
        if not plain:
            return set()
        first = min(plain, key=self._age)
        return {task.key for task in plain if task is not first}

    def _age(self, task: Task) -> tuple[bool, bool, int, str]:
        """Sort key: tasks that ran before first, then local tasks, then the oldest at Core."""
        return task.key not in self._before, task.source != "local", self._number(task), task.key

    def _still_needed(self, marked: set[str]) -> set[str]:
        """Remove tasks that no longer exist. Without any task of Core its list has not arrived yet."""
        if any(key.startswith("core/") for key in self._before):
            return marked & self._before
        return {key for key in marked if key in self._before or key.startswith("core/")}

    def _with_id(self, task: Task) -> Task:
        if task.key not in (self._marked or ()):
            return task
        known = self._made.get(task.key)
        if known is None or known[0] is not task:
            labels = {LABEL: task.id, **task.labels}
            known = self._made[task.key] = task, replace(task, labels=labels)
        return known[1]

    async def _remember(self, marked: set[str]) -> None:
        if marked != self._marked:
            self._marked = marked
            await in_background(self._save, sorted(marked))

    def _load(self) -> set[str]:
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=set[str])
        except FileNotFoundError:
            return set()
        except (OSError, msgspec.DecodeError) as error:
            log.warning("%s cannot be read (%s); starting with an empty one", self.path, error)
            return set()

    def _save(self, marked: Sequence[str]) -> None:
        try:
            write_private(self.path, [msgspec.json.encode(marked)])
        except OSError as error:
            reason = error.strerror or error
            log.warning(
                "%s cannot be written (%s): after a restart, series of several tasks of one plugin on one "
                "device may get other labels", self.path, reason,
            )  # fmt: skip
