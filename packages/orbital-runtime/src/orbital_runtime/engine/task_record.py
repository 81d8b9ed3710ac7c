"""What the engine keeps of a task between its runs."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orbital_runtime.engine.batching.batcher import Batcher
from orbital_runtime.engine.device_texts import NO_TEXTS, device_texts
from orbital_sdk import Origin

if TYPE_CHECKING:
    from orbital_cardinality import Budget
    from orbital_runtime.engine.run_limits import RunLimits
    from orbital_runtime.model import Task
    from orbital_runtime.plugins.task_session import TaskSession
    from orbital_runtime.processor.chain import Chain
    from orbital_sdk import Identity

log = logging.getLogger("orbital.plugin")


@dataclass(slots=True)
class TaskRecord:
    """The batcher and the log of one task."""

    task: Task
    task_session: TaskSession | None
    """Of its device; None if its plugin never started."""
    batcher: Batcher
    log: logging.LoggerAdapter[logging.Logger]
    logged: frozenset[tuple[str, str]] = frozenset()
    """Bugs that were logged: type and place of the error."""

    def fits(self, task: Task, task_session: TaskSession | None, identity: Identity) -> bool:
        """Whether it is up to date for this run."""
        return (
            (self.task is task or self.task == task)
            and (task_session is None or self.task_session is task_session)
            and self.batcher.origin.sentinel is identity
        )

    @property
    def target(self) -> str:
        """The device, in words."""
        return self.batcher.origin.target or self.task.device_id or self.task.id


def new_record(
    task: Task,
    task_session: TaskSession | None,
    identity: Identity,
    chain: Chain,
    limits: RunLimits,
    *,
    budget: Budget | None = None,
) -> TaskRecord:
    """The record of a task that has none yet."""
    target = "" if task_session is None else task_session.target
    fields = device_texts(task.device) if chain else NO_TEXTS
    origin = Origin(task.id, task.plugin, task.device_id, target, identity, fields)
    extra = {"task": task.id, "device": task.device_id}
    adapter = logging.LoggerAdapter(log.getChild(task.plugin), extra)
    batcher = Batcher(origin, task.labels, chain=chain, limits=limits, budget=budget)
    return TaskRecord(task, task_session, batcher, adapter)
