"""Calls that continue after their deadline."""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

from orbital_runtime.guard.calls.within import retrieve_exception
from orbital_runtime.guard.overrun import StillRunning
from orbital_runtime.threads import on_loop

if TYPE_CHECKING:
    from collections.abc import Iterable
    from concurrent.futures import Future

    from orbital_sdk import Plugin


class Overruns:
    """Counts them by plugin, and keeps their resources reserved until they end."""

    def __init__(self) -> None:
        self.stuck: Counter[str] = Counter()
        """Threads that have not returned after their deadline."""
        self.stuck_total: Counter[str] = Counter()
        """Threads that did not return by their deadline, since the start."""
        self.abandoned: Counter[str] = Counter()
        """Coroutines that ignored their cancellation and have not ended."""
        self.abandoned_total: Counter[str] = Counter()
        """Coroutines that ignored their cancellation, since the start."""
        self._held: dict[str, str] = {}
        """Reserved resources, and the task of the run that holds each."""
        self._lost: set[asyncio.Task[Any]] = set()

    def going(self, name: str) -> int:
        """Number of calls that have not ended."""
        return self.stuck[name] + self.abandoned[name]

    def check(self, plugin: Plugin[Any, Any], holds: Iterable[str]) -> None:
        """Check that a run can start.

        Raises:
            StillRunning: An earlier run still holds one of its resources, or all threads are stuck.
        """
        for name in holds:
            if name in self._held:
                raise StillRunning(
                    f"an earlier run of task {self._held[name]!r} was given up at its deadline and goes on;"
                    f" this one waits until plugin {plugin.name!r} returns from it"
                )
        if self.stuck[plugin.name] >= plugin.max_threads:
            raise StillRunning(
                f"all {plugin.max_threads} threads of plugin {plugin.name!r} are stuck in runs that overran"
                " their deadline; none can start until one returns"
            )

    def leave(
        self, future: Future[Any], plugin: str, task: str, holds: tuple[str, ...] = ()
    ) -> None:
        """Count a thread that is not awaited any more. Called on the event loop."""
        self._hold(task, holds)
        self.stuck[plugin] += 1
        self.stuck_total[plugin] += 1
        returned = partial(self._returned, plugin, holds)
        future.add_done_callback(partial(on_loop, asyncio.get_running_loop(), returned))

    def abandon(
        self, work: asyncio.Task[Any], plugin: str, task: str, holds: tuple[str, ...] = ()
    ) -> None:
        """Count a coroutine that is not awaited any more."""
        self._hold(task, holds)
        self._lost.add(work)  # the loop itself keeps no reference
        self.abandoned[plugin] += 1
        self.abandoned_total[plugin] += 1

        def ended(work: asyncio.Task[Any]) -> None:
            retrieve_exception(work)
            self._lost.discard(work)
            self.abandoned[plugin] -= 1
            self._free(holds)

        work.add_done_callback(ended)

    def _returned(self, plugin: str, holds: tuple[str, ...], _: Future[Any]) -> None:
        self.stuck[plugin] -= 1
        self._free(holds)

    def _hold(self, task: str, holds: tuple[str, ...]) -> None:
        self._held.update(dict.fromkeys(holds, task))

    def _free(self, holds: tuple[str, ...]) -> None:
        for name in holds:
            self._held.pop(name, None)
