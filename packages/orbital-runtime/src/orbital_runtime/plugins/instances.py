"""Started plugin instances. Tasks with equal settings share one; a failing one affects only its own tasks."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from orbital_runtime.clock import SystemClock
from orbital_runtime.hosting.hosts import Hosts
from orbital_runtime.plugins.freeze import freeze
from orbital_runtime.plugins.shared import Patience, Shared
from orbital_sdk import ConfigurationError
from orbital_sdk.calling.invoke import receives
from orbital_sdk.thread_pool import ThreadPool

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable

    from orbital_runtime.clock import Clock
    from orbital_runtime.model import Task
    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.plugins.shared import Leave
    from orbital_sdk import Plugin, PluginConfig


class PluginDown(ConfigurationError):  # noqa: N818 (reads as what happened)
    """The task's plugin did not start. A later attempt may succeed without a change of the task."""


class Instances:
    """Starts, shares and stops plugins. Belongs to the event loop.

    Args:
        registry: Gives the plugin classes.
        leave: Ends all sessions of a plugin; awaited before its `stop`. `Sessions.end_all`.
        patience: Time limits.
        clock: For tests.
        hosts: Makes the host of each start.
        cls: Gives the class of a plugin; left out, the registry does.
    """

    def __init__(
        self,
        registry: Registry,
        leave: Leave | None = None,
        *,
        patience: Patience | None = None,
        clock: Clock | None = None,
        hosts: Hosts | None = None,
        cls: Callable[[str], type[Plugin[Any, Any]]] | None = None,
    ) -> None:
        self._registry = registry
        self._cls = cls or registry.plugin
        self._leaving = leave
        self._patience = patience or Patience()
        self._clock = clock or SystemClock()
        self._hosts = hosts or Hosts()
        self._shared: dict[Hashable, Shared] = {}
        self._held: dict[str, Shared] = {}
        """By task key."""
        self._pools: dict[str, ThreadPool] = {}
        self._replaced: set[Shared] = set()
        """Instances whose tasks hold newer ones; to be stopped after `Patience.linger`."""
        self._ending: set[asyncio.Task[None]] = set()
        self._closed = False

    async def acquire(self, task: Task) -> None:
        """Wait until the task's plugin has started or failed to start. Idempotent.

        A failed start is tried again. Changed settings move the task to another instance; the
        old one is stopped when no task uses it.
        """
        starting = self.hold(task)
        if starting is not None:
            await asyncio.wait({starting})

    def hold(self, task: Task) -> asyncio.Task[None] | None:
        """As `acquire`, without waiting. Returns the start in progress, or None."""
        if self._closed:
            return None
        key = task.plugin, freeze(task.config)
        shared = self._shared.get(key)
        if shared is None:
            cls = partial(self._cls, task.plugin)
            shared = self._shared[key] = self._new(task.plugin, task.config, cls)
        before = self._held.get(task.key)
        self._held[task.key] = shared
        shared.users.add(task.key)
        if before is not None and before is not shared:
            self._leave(before, task.key)
        return shared.begin()

    async def replace(
        self, cls: type[Plugin[Any, Any]], check: Callable[[Plugin[Any, Any]], Awaitable[None]]
    ) -> None:
        """Have the tasks of this class's plugin go over to instances of it, each between two runs.

        The instances start, and one is checked, while those of before go on. Where that fails, nothing has
        changed.

        Args:
            cls: Its settings may be those of the class before.
            check: Called with a started instance; raises if it is not fit.

        Raises:
            Exception: Why a new instance did not start, or what `check` raised.
        """
        before = {k: one for k, one in self._shared.items() if one.name == cls.name and one.users}
        once = replace(self._patience, retry=0.0)
        after = {
            key: self._new(cls.name, one.config, lambda: cls, once) for key, one in before.items()
        }
        try:
            started = [await _started(shared) for shared in after.values()]
            if started:
                await check(started[0])
        except BaseException:
            await asyncio.gather(*[shared.stop() for shared in after.values()])
            raise
        for key, old in before.items():
            self._hand_over(key, old, after[key])

    def _hand_over(self, key: Hashable, old: Shared, new: Shared) -> None:
        if self._shared.get(key) is not old:  # its last task went meanwhile
            self._end(new)
            return
        self._shared[key] = new
        self._held.update(dict.fromkeys(old.users, new))
        new.users, old.users = old.users, set()
        self._replaced.add(old)
        asyncio.get_running_loop().call_later(self._patience.linger, self._end, old)

    def holders(self) -> list[str]:
        """Keys of the tasks that hold a plugin."""
        return list(self._held)

    def release(self, key: str) -> None:
        """The task was removed. Its plugin stops after `Patience.linger` if no other task uses it."""
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
        """The thread pool of this plugin: up to `max_threads`, shared by all its instances."""
        pool = self._pools.get(name)
        if pool is None:
            size = self._registry.plugin(name).max_threads
            pool = self._pools[name] = ThreadPool(size, f"plugin-{name}")
        return pool

    def running(self) -> list[str]:
        """Names of started plugins, one entry per instance."""
        return sorted(shared.name for shared in self._shared.values() if shared.plugin)

    def owner(self, package: str) -> str:
        """The started plugin whose class is in this Python package; empty if there is none, or several."""
        brought = [one.name for one in [*self._shared.values()] if one.brought_by(package)]
        return brought[0] if len(set(brought)) == 1 else ""

    def failed(self) -> dict[str, str]:
        """Plugins that tasks need and that did not start, with the error message."""
        needed = [shared for shared in self._shared.values() if shared.users]
        return {shared.name: shared.failure for shared in needed if shared.failure}

    async def stop_all(self) -> None:
        """Stop all instances within their time limits, and release all threads. Nothing starts afterwards."""
        self._closed = True
        everything = [*self._shared.values(), *self._replaced]
        self._shared.clear()
        self._replaced.clear()
        self._held.clear()
        await asyncio.gather(*self._ending, *(shared.stop() for shared in everything))
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
        self._pools.clear()

    def _new(
        self,
        name: str,
        config: PluginConfig,
        cls: Callable[[], type[Plugin[Any, Any]]],
        patience: Patience | None = None,
    ) -> Shared:
        host = partial(self._hosts.plugin, name)
        return Shared(
            name, config, cls, host,
            patience=patience or self._patience, clock=self._clock, leave=self._leaving,
        )  # fmt: skip

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
        self._end(shared)

    def _end(self, shared: Shared) -> None:
        self._replaced.discard(shared)
        ending = asyncio.create_task(shared.stop(), name=f"stop-{shared.name}")
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)


async def _started(shared: Shared) -> Plugin[Any, Any]:
    if (starting := shared.begin()) is not None:
        await asyncio.wait({starting})
    if shared.plugin is None:
        raise PluginDown(shared.failure)
    return shared.plugin
