"""What the engine remembers of a task between its runs."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from orbital_runtime.engine.seal import Sealer
from orbital_runtime.guard.escape import contained
from orbital_sdk import Origin

if TYPE_CHECKING:
    from orbital_runtime.engine.limits import Limits
    from orbital_runtime.processor.chain import Chain
    from orbital_runtime.scheduler.task import Task
    from orbital_sdk import Identity, Plugin

log = logging.getLogger("orbital.plugin")


@dataclass(slots=True)
class Memory:
    """One task's sealer and notes."""

    task: Task
    plugin: Plugin[Any, Any] | None
    sealer: Sealer
    log: logging.LoggerAdapter[logging.Logger]
    notes: dict[str, Any] = field(default_factory=dict[str, Any])
    """The plugin's own."""
    told: frozenset[tuple[str, str]] = frozenset()
    """Bugs that were logged: type of error and place."""

    def fits(self, task: Task, plugin: Plugin[Any, Any] | None, identity: Identity) -> bool:
        """Whether it can be used for this run as it is."""
        return (
            (self.task is task or self.task == task)
            and (plugin is None or self.plugin is plugin)
            and self.sealer.origin.sentinel is identity
        )

    @property
    def target(self) -> str:
        """The device, in words."""
        return self.sealer.origin.target or self.task.device_id or self.task.id


def remember(
    task: Task,
    plugin: Plugin[Any, Any] | None,
    identity: Identity,
    chain: Chain,
    limits: Limits,
) -> Memory:
    """The memory of a task that was never run before."""
    origin = Origin(task.id, task.plugin, task.device_id, target(task, plugin), identity)
    extra = {"task": task.id, "device": task.device_id}
    adapter = logging.LoggerAdapter(log.getChild(task.plugin), extra)
    sealer = Sealer(origin, task.labels, chain=chain, limits=limits)
    return Memory(task, plugin, sealer, adapter)


def target(task: Task, plugin: Plugin[Any, Any] | None) -> str:
    """What people call the device; empty where nobody can say."""
    try:
        with contained:
            return "" if plugin is None else plugin.target(task.device)
    except Exception:  # noqa: BLE001 (a plugin's bug; the samples go on without a target)
        log.warning("plugin %r cannot name the target of task %s", task.plugin, task.id)
        return ""
