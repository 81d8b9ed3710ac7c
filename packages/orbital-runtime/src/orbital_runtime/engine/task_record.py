"""What the engine keeps of a task between its runs."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orbital_runtime.engine.batching.batcher import Batcher
from orbital_sdk import Origin

if TYPE_CHECKING:
    from orbital_cardinality import Budget
    from orbital_runtime.engine.run_limits import RunLimits
    from orbital_runtime.model import Task
    from orbital_runtime.plugins.life import Life
    from orbital_runtime.processor.chain import Chain
    from orbital_sdk import Identity

log = logging.getLogger("orbital.plugin")


@dataclass(slots=True)
class TaskRecord:
    """The batcher and the log of one task."""

    task: Task
    life: Life | None
    """Of its device; None if its plugin never started."""
    batcher: Batcher
    log: logging.LoggerAdapter[logging.Logger]
    told: frozenset[tuple[str, str]] = frozenset()
    """Bugs that were logged: type and place of the error."""

    def fits(self, task: Task, life: Life | None, identity: Identity) -> bool:
        """Whether it is up to date for this run."""
        return (
            (self.task is task or self.task == task)
            and (life is None or self.life is life)
            and self.batcher.origin.sentinel is identity
        )

    @property
    def target(self) -> str:
        """The device, in words."""
        return self.batcher.origin.target or self.task.device_id or self.task.id


def new_record(
    task: Task,
    life: Life | None,
    identity: Identity,
    chain: Chain,
    limits: RunLimits,
    *,
    budget: Budget | None = None,
) -> TaskRecord:
    """The record of a task that has none yet."""
    target = "" if life is None else life.target
    origin = Origin(task.id, task.plugin, task.device_id, target, identity)
    extra = {"task": task.id, "device": task.device_id}
    adapter = logging.LoggerAdapter(log.getChild(task.plugin), extra)
    batcher = Batcher(origin, task.labels, chain=chain, limits=limits, budget=budget)
    return TaskRecord(task, life, batcher, adapter)
