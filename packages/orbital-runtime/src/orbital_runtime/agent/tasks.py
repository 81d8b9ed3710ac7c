"""Reconciles the tasks that run with those that are wanted: what is equal in both is not touched."""

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
"""Tasks that are taken on in one go: about a millisecond."""
PATIENCE: Final = 3.0
"""Seconds for which tasks wait for the start of their plugins."""


class Tasks:
    """The tasks of an agent, with their plugins and receivers.

    Args:
        scheduler: Runs them.
        instances: Starts their plugins.
        receivers: Begins those that are receivers.
        assignment: Which of them are ours.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        instances: Instances,
        receivers: Receivers,
        assignment: Assignment,
    ) -> None:
        self.assignment = assignment
        """May be set at any time; holds from the next `reconcile` on."""
        self._scheduler = scheduler
        self._instances = instances
        self._receivers = receivers

    async def reconcile(self, wanted: Iterable[Task]) -> None:
        """Run these from now on, as far as they are ours. Plugins start before their first task, and stop
        after their last one.

        A plugin that is slow to start holds nobody else: its runs fail with that reason until it is there.
        All of it goes in slices, beside the runs; where it is cut off half-way, the next call does the rest.

        Raises:
            ConfigurationError: A key stands twice; nothing was changed.
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
        await asyncio.sleep(0)  # for a run that was just begun: it takes its plugin first
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
        """Those that do not run yet, or run as others, and those whose plugin failed: it is tried again."""
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
