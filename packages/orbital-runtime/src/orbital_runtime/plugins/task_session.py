"""The state of one task with its plugin: what the plugin states of the device, and the open session."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from orbital_runtime.guard.escape import contained
from orbital_runtime.plugins.received import Received

if TYPE_CHECKING:
    import asyncio

    from orbital_runtime.model import Task
    from orbital_sdk import Plugin, Session

log = logging.getLogger("orbital.plugin")


@dataclass(slots=True, eq=False)
class TaskSession:
    """Ends when the device's fields or the plugin change, or the task is removed or idle."""

    task: Task
    plugin: Plugin[Any, Any]
    target: str
    """Display name of the device; empty where the plugin gives none."""
    exclusive: str | None
    """Key of a resource that one run at a time may use, across all plugins."""
    holds: tuple[str, ...]
    """Keys that no other run may use until a run of this task has really ended."""
    session: Session | None = None
    """None before the first run and after the end."""
    used: float = 0.0
    """When its last run began, in seconds of the monotonic clock."""
    busy: bool = False
    """A run is in progress."""
    ended: bool = False
    """No further run may begin."""
    over: asyncio.Future[None] | None = None
    """Done when the session is closed; None if there was none to close."""

    apart: bool = False
    """Belongs to a connection test, not to the task's runs."""
    fault: Exception | None = None
    """Why its session ended by itself: the next run reports it."""
    failures: int = 0
    """Consecutive times that a receiver's session ended by itself."""
    series: int = 0
    """Distinct series that a receiver emitted in the current hour."""
    arrived: Received = field(default_factory=Received)

    def since(self) -> Received:
        """What was emitted since the last call."""
        arrived = self.arrived
        if arrived.given:
            self.arrived = Received()
        return arrived

    def fits(self, task: Task, plugin: Plugin[Any, Any]) -> bool:
        """Whether a run of this task may use it. Labels and interval may differ."""
        if self.plugin is not plugin:
            return False
        if self.task is not task:
            if self.task.device != task.device:
                return False
            self.task = task
        return True


def begin(task: Task, plugin: Plugin[Any, Any]) -> TaskSession:
    """The state of a new session, with what the plugin states of the device.

    Raises:
        Exception: What `exclusive` raised; an `Escape` instead of a BaseException.
    """
    with contained:
        alone = plugin.exclusive(task.device)
    exclusive = None if alone is None else f"{plugin.name}:{alone}"
    mine = f"task {task.key}"
    holds = (mine,) if exclusive is None else (mine, exclusive)
    return TaskSession(task, plugin, _target(task, plugin), exclusive, holds)


def _target(task: Task, plugin: Plugin[Any, Any]) -> str:
    try:
        with contained:
            return plugin.target(task.device)
    except Exception:  # noqa: BLE001 (a plugin's bug; the samples go on without a target)
        log.warning("plugin %r cannot name the target of task %s", task.plugin, task.id)
        return ""
