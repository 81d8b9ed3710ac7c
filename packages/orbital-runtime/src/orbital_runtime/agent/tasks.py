"""Applies a list of tasks: unchanged tasks are not touched."""

from __future__ import annotations

import asyncio
import logging
from itertools import chain
from typing import TYPE_CHECKING, Final, TypeVar

from orbital_runtime.slices import in_slices
from orbital_sdk import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from orbital_runtime.model import Task
    from orbital_runtime.plugins.instances import Instances
    from orbital_runtime.receiving.receivers import Receivers
    from orbital_runtime.scheduler.assignment import Assignment
    from orbital_runtime.scheduler.scheduler import Scheduler

T = TypeVar("T")

log = logging.getLogger("orbital.agent")

PORTION: Final = 100
"""Tasks that are added at once: about a millisecond."""
PATIENCE: Final = 3.0
"""Seconds to wait for the start of plugins."""


class Tasks:
    """The tasks of an agent, with their plugins and receivers.

    Args:
        scheduler: Runs them.
        instances: Starts their plugins.
        receivers: Starts receivers.
        assignment: Selects the tasks of this sentinel.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        instances: Instances,
        receivers: Receivers,
        assignment: Assignment,
    ) -> None:
        self.assignment = assignment
        """May be changed; applies from the next `reconcile` on."""
        self._scheduler = scheduler
        self._instances = instances
        self._receivers = receivers

    async def reconcile(self, wanted: Iterable[Task]) -> None:
        """Run exactly those of these tasks that are assigned to this sentinel. Plugins start before their
        first task, and stop after their last one.

        A plugin that starts slowly does not delay others: its runs fail until it has started. The work is
        done in slices, beside the runs; if it is cancelled, the next call does the rest.

        Raises:
            ConfigurationError: Two tasks have the same key; nothing was changed.
        """
        ours = await self._ours(wanted)
        new = await self._new(ours)
        begun = [self._begin(task) async for task in in_slices(new)]
        starting = {start for start in begun if start is not None}
        if starting:
            await asyncio.wait(starting, timeout=PATIENCE)
        async for some in in_slices(_portions(new)):
            self._scheduler.put(some)
            self._receivers.look_at(some)
        known = chain(list(self._scheduler.states()), self._instances.holders())
        gone = [key async for key in in_slices(known) if key not in ours]
        async for some in in_slices(_portions(gone)):
            self._scheduler.remove(some)
        await asyncio.sleep(0)  # runs that just started take their plugins first
        async for key in in_slices(gone):
            self._instances.release(key)

    async def _ours(self, wanted: Iterable[Task]) -> dict[str, Task]:
        ours: dict[str, Task] = {}
        async for task in in_slices(wanted):
            if task.key in ours:
                raise ConfigurationError(
                    f"two tasks have the id {task.id!r}; give each its own", field="tasks"
                )
            if self.assignment.mine(task):
                ours[task.key] = task
        return ours

    async def _new(self, ours: Mapping[str, Task]) -> list[Task]:
        """New and changed tasks, and those whose plugin failed, which is tried again."""
        known, down = self._scheduler.states(), self._instances.failed()
        new: list[Task] = []
        async for key, task in in_slices(ours.items()):
            before = known[key][0] if key in known else None
            if (before is not task and before != task) or task.plugin in down:
                new.append(task)
        return new

    def _begin(self, task: Task) -> asyncio.Task[None] | None:
        try:
            return self._instances.hold(task)
        except Exception:
            log.exception("task %s cannot get its plugin", task.id)
            return None


def _portions(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[start : start + PORTION] for start in range(0, len(items), PORTION))
