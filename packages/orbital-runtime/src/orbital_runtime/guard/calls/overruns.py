"""Runs that got out of hand: given up at their deadline, and going on all the same."""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

from orbital_runtime.guard.calls.within import look_away
from orbital_runtime.guard.overrun import StillRunning
from orbital_runtime.threads import on_loop

if TYPE_CHECKING:
    from collections.abc import Iterable
    from concurrent.futures import Future

    from orbital_sdk import Plugin


class Overruns:
    """Counts them by plugin, and keeps what they hold from everybody else until they are over."""

    def __init__(self) -> None:
        self.stuck: Counter[str] = Counter()
        """Threads that overran and have not returned yet."""
        self.stuck_total: Counter[str] = Counter()
        """Threads that ever overran."""
        self.abandoned: Counter[str] = Counter()
        """Coroutines that swallowed their cancellation and still go on."""
        self.abandoned_total: Counter[str] = Counter()
        """Coroutines that ever did."""
        self._held: dict[str, str] = {}
        """What such a run still holds, and the task whose run it is."""
        self._lost: set[asyncio.Task[Any]] = set()

    def going(self, name: str) -> int:
        """Those that have not returned yet."""
        return self.stuck[name] + self.abandoned[name]

    def check(self, plugin: Plugin[Any, Any], holds: Iterable[str]) -> None:
        """Refuse a run that would need what is held.

        Raises:
            StillRunning: An earlier run still holds something of this one, or all threads are stuck.
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
        """Nobody waits for this thread any longer. To be called on the loop."""
        self._hold(task, holds)
        self.stuck[plugin] += 1
        self.stuck_total[plugin] += 1
        returned = partial(self._returned, plugin, holds)
        future.add_done_callback(partial(on_loop, asyncio.get_running_loop(), returned))

    def abandon(
        self, work: asyncio.Task[Any], plugin: str, task: str, holds: tuple[str, ...] = ()
    ) -> None:
        """Nobody waits for this coroutine any longer."""
        self._hold(task, holds)
        self._lost.add(work)  # the loop itself keeps no reference
        self.abandoned[plugin] += 1
        self.abandoned_total[plugin] += 1

        def ended(work: asyncio.Task[Any]) -> None:
            look_away(work)
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
