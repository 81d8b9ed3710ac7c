"""One device's life with a plugin: what is asked once, and its session while that is open."""

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
class Life:
    """As one task uses it. It ends when the device's fields or the plugin change, the task goes, or idles."""

    task: Task
    plugin: Plugin[Any, Any]
    target: str
    """What people call the device; empty where the plugin cannot say."""
    exclusive: str | None
    """What only one run at a time may use, over all plugins."""
    holds: tuple[str, ...]
    """What no other run may use before a run of it is really over."""
    session: Session | None = None
    """None before the first run, and after the end."""
    used: float = 0.0
    """Steady seconds at which its last run began."""
    busy: bool = False
    """A run goes on."""
    ended: bool = False
    """No run may begin."""
    over: asyncio.Future[None] | None = None
    """Done when the session is closed; None where nothing had to be."""

    apart: bool = False
    """Of a test, beside the task's own."""
    fault: Exception | None = None
    """Why its session ended by itself: the next run tells."""
    failures: int = 0
    """How often in a row a receiver's session ended by itself."""
    series: int = 0
    """Different series that a receiver emitted within this hour."""
    arrived: Received = field(default_factory=Received)

    def since(self) -> Received:
        """What was emitted since this was asked last."""
        arrived = self.arrived
        if arrived.given:
            self.arrived = Received()
        return arrived

    def fits(self, task: Task, plugin: Plugin[Any, Any]) -> bool:
        """Whether another run of this may use it: the task may have new labels, and another interval."""
        if self.plugin is not plugin:
            return False
        if self.task is not task:
            if self.task.device != task.device:
                return False
            self.task = task
        return True


def begin(task: Task, plugin: Plugin[Any, Any]) -> Life:
    """A life with the facts that the plugin states of the device.

    Raises:
        Exception: What `exclusive` raised; an `Escape` for what is no `Exception`.
    """
    with contained:
        alone = plugin.exclusive(task.device)
    exclusive = None if alone is None else f"{plugin.name}:{alone}"
    mine = f"task {task.key}"
    holds = (mine,) if exclusive is None else (mine, exclusive)
    return Life(task, plugin, _target(task, plugin), exclusive, holds)


def _target(task: Task, plugin: Plugin[Any, Any]) -> str:
    try:
        with contained:
            return plugin.target(task.device)
    except Exception:  # noqa: BLE001 (a plugin's bug; the samples go on without a target)
        log.warning("plugin %r cannot name the target of task %s", task.plugin, task.id)
        return ""
