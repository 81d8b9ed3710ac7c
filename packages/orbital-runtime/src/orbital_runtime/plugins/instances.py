"""Started plugins. Tasks of equal settings share one; one that fails or hangs costs only its own tasks."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from orbital_runtime.clock import SystemClock
from orbital_runtime.hosting.hosts import Hosts
from orbital_runtime.plugins.freeze import freeze
from orbital_runtime.plugins.shared import Patience, Shared
from orbital_runtime.threads import ThreadPool
from orbital_sdk import ConfigurationError
from orbital_sdk.invoke import receives

if TYPE_CHECKING:
    from collections.abc import Hashable

    from orbital_runtime.clock import Clock
    from orbital_runtime.model import Task
    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.plugins.shared import Leave
    from orbital_sdk import Plugin


class PluginDown(ConfigurationError):  # noqa: N818 (reads as what happened)
    """The task's plugin did not start. It may yet, without a change of the task."""


class Instances:
    """Starts, shares and stops plugins. Belongs to the event loop.

    Args:
        registry: Where their classes are.
        leave: Lets go of all that belongs to a plugin; awaited before its `stop`. The sessions' `end_all`.
        patience: How long things may take.
        clock: For tests.
        hosts: What they are started with.
    """

    def __init__(
        self,
        registry: Registry,
        leave: Leave | None = None,
        *,
        patience: Patience | None = None,
        clock: Clock | None = None,
        hosts: Hosts | None = None,
    ) -> None:
        self._registry = registry
        self._leaving = leave
        self._patience = patience or Patience()
        self._clock = clock or SystemClock()
        self._hosts = hosts or Hosts()
        self._shared: dict[Hashable, Shared] = {}
        self._held: dict[str, Shared] = {}
        """By task."""
        self._pools: dict[str, ThreadPool] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._closed = False

    async def acquire(self, task: Task) -> None:
        """See to it that the task's plugin has started, or has failed to. Again and again is harmless.

        A plugin that failed is tried again. Settings that changed move the task to another instance; the
        old one goes when nobody needs it.
        """
        starting = self.hold(task)
        if starting is not None:
            await asyncio.wait({starting})

    def hold(self, task: Task) -> asyncio.Task[None] | None:
        """As `acquire`, without waiting. Gives the start that goes on; None where there is none."""
        if self._closed:
            return None
        key = task.plugin, freeze(task.config)
        shared = self._shared.get(key)
        if shared is None:
            shared = self._shared[key] = self._new(task)
        before = self._held.get(task.key)
        self._held[task.key] = shared
        shared.users.add(task.key)
        if before is not None and before is not shared:
            self._leave(before, task.key)
        return shared.begin()

    def holders(self) -> list[str]:
        """Keys of the tasks that hold a plugin."""
        return list(self._held)

    def release(self, key: str) -> None:
        """The task has gone. Its plugin stops a little later, unless other tasks need it."""
        shared = self._held.pop(key, None)
        if shared is not None:
            self._leave(shared, key)

    def get(self, task: Task) -> Plugin[Any, Any]:
        """The started plugin of this task.

        Raises:
            PluginDown: It did not start; the message says why.
        """
        shared = self._held.get(task.key)
        if shared is None or shared.name != task.plugin:
            raise PluginDown(f"plugin {task.plugin!r} is not started for task {task.id!r}")
        if shared.plugin is None:
            raise PluginDown(shared.failure or f"plugin {task.plugin!r} is still starting")
        return shared.plugin

    def receives(self, task: Task) -> bool:
        """Whether the task's plugin is a receiver; False where it could not be imported."""
        try:
            return receives(self._registry.plugin(task.plugin))
        except ConfigurationError:
            return False

    def pool(self, name: str) -> ThreadPool:
        """The threads of this plugin, at most its `max_threads` over all its instances."""
        pool = self._pools.get(name)
        if pool is None:
            size = self._registry.plugin(name).max_threads
            pool = self._pools[name] = ThreadPool(size, f"plugin-{name}")
        return pool

    def running(self) -> list[str]:
        """Names of started plugins, once for each instance."""
        return sorted(shared.name for shared in self._shared.values() if shared.plugin)

    def owner(self, package: str) -> str:
        """The started plugin that this package of Python brings; empty where it brings none, or several."""
        brought = [one.name for one in [*self._shared.values()] if one.brought_by(package)]
        return brought[0] if len(set(brought)) == 1 else ""

    def failed(self) -> dict[str, str]:
        """Names of plugins that did not start though tasks need them, and why."""
        needed = [shared for shared in self._shared.values() if shared.users]
        return {shared.name: shared.failure for shared in needed if shared.failure}

    async def stop_all(self) -> None:
        """Stop everything, each within its time, and let go of all threads. Nothing starts afterwards."""
        self._closed = True
        everything = list(self._shared.values())
        self._shared.clear()
        self._held.clear()
        await asyncio.gather(*self._ending, *(shared.stop() for shared in everything))
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
        self._pools.clear()

    def _new(self, task: Task) -> Shared:
        def make() -> Plugin[Any, Any]:
            return self._registry.plugin(task.plugin)(task.config)

        host = partial(self._hosts.plugin, task.plugin)
        return Shared(
            task.plugin, make, host, patience=self._patience, clock=self._clock, leave=self._leaving
        )

    def _leave(self, shared: Shared, user: str) -> None:
        shared.users.discard(user)
        if not shared.users:
            loop = asyncio.get_running_loop()
            loop.call_later(self._patience.linger, self._end_unused, shared)

    def _end_unused(self, shared: Shared) -> None:
        key = next((key for key, one in self._shared.items() if one is shared), None)
        if key is None or shared.users:
            return
        del self._shared[key]
        ending = asyncio.create_task(shared.stop(), name=f"stop-{shared.name}")
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)
