"""The sessions of all tasks: opened in a run, closed after the last one, each at its own cost alone."""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from orbital_runtime.guard.overrun import StillRunning
from orbital_runtime.plugins.closer import Closer
from orbital_runtime.plugins.life import Life, begin
from orbital_sdk.invoke import needs_closing, open_session

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from orbital_runtime.clock import Clock
    from orbital_runtime.guard.invoker import Invoker
    from orbital_runtime.model import Task
    from orbital_sdk import Context, Plugin, Session
    from orbital_sdk.invoke import OnThread

    Open = Callable[..., Coroutine[Any, Any, Session]]
    """As `begun`."""

IDLE: Final = 600.0
"""Seconds without a run after which a session is closed, and"""
RUNS: Final = 5
"""so many intervals of its task where that is longer."""
SWEEP: Final = 60.0
"""Seconds between two looks for such sessions."""


async def begun(life: Life, *, run_blocking: OnThread) -> Session:
    """A new session, as the plugin opens it."""
    return await open_session(life.plugin, life.task.device, run_blocking=run_blocking)


class Sessions:
    """One life for each task. Belongs to the event loop; a task's runs come one after the other.

    Args:
        plugins: The started plugin of a task; may raise.
        invoker: Calls plugins.
        clock: Tells how long a session idles.
        close: Seconds that a `close` may take.
        begin: Opens a session.
    """

    def __init__(
        self,
        plugins: Callable[[Task], Plugin[Any, Any]],
        invoker: Invoker,
        clock: Clock,
        *,
        close: float,
        begin: Open = begun,
    ) -> None:
        self.opened: Counter[str] = Counter()
        """How many are open, by plugin."""
        self._plugins = plugins
        self._invoker = invoker
        self._clock = clock
        self._open = begin
        self._closer = Closer(invoker, close)
        self.not_closed = self._closer.failed
        """How many `close` calls failed or took too long, by plugin."""
        self._lives: dict[str, Life] = {}
        """By task."""
        self._of: dict[int, set[Life]] = {}
        """All that are not over, by the identity of their plugin."""
        self._closing: dict[str, asyncio.Future[None]] = {}
        """By task: the session before, while it is not closed."""
        self._sweeping: asyncio.TimerHandle | None = None

    # ---- a run ----------------------------------------------------------------------------------

    def of(self, task: Task) -> Life:
        """The task's life, a new one where its plugin or its device is another than before.

        Raises:
            Exception: Why there is no plugin, or what `exclusive` raised.
        """
        plugin = self._plugins(task)
        life = self._lives.get(task.key)
        if life is not None:
            if (life.task is task and life.plugin is plugin) or life.fits(task, plugin):
                return life
            self._end(life)
        life = self._lives[task.key] = self._begin(task, plugin)
        return life

    def apart(self, task: Task) -> Life:
        """A life beside the task's own, for a test; raises as `of` does. To be ended by `end`."""
        life = self._begin(task, self._plugins(task))
        life.apart = True
        return life

    async def open(self, life: Life, ctx: Context) -> Session:
        """Its session. The one before is closed first: a device may take one connection and no second.

        Raises:
            StillRunning, Timeout, NoThread: The deadline came first.
            Exception: Whatever `open` raised, an `Escape` for what is no `Exception`; or why the one before
                ended by itself.
        """
        if life.session is not None:
            return life.session
        if life.fault is not None:
            fault, life.fault = life.fault, None
            raise fault
        if before := self._closing.get(life.task.key):
            await self._wait_for(before, ctx)
        life.session = await self._invoker.call(
            partial(self._open, life),
            life.plugin,
            ctx,
            holds=life.holds,
            late=partial(self._close_late, life),
        )
        self.opened[life.plugin.name] += 1
        if self._sweeping is None:
            self._sweep_later()
        return life.session

    def leave(self, life: Life) -> None:
        """Its run is over, or was given up."""
        life.busy = False
        if life.ended:
            self._close(life)

    def lose(self, life: Life, fault: Exception) -> None:
        """Its session ended by itself: the next run says so, and the one after that opens another."""
        if life.session is not None:
            life.session = None
            self.opened[life.plugin.name] -= 1
        life.fault = fault

    # ---- the end --------------------------------------------------------------------------------

    def drop(self, key: str) -> None:
        """The task is gone, and its last run is over."""
        life = self._lives.get(key)
        if life is not None:
            self._end(life)

    async def end(self, *lives: Life) -> None:
        """No run of these begins any more. Returns when the last one is over, and the session closed."""
        for life in lives:
            self._end(life)
        pending = [life.over for life in lives if life.over is not None]
        if pending:
            await asyncio.wait(pending)

    async def end_all(self, plugin: Plugin[Any, Any]) -> None:
        """The plugin is about to stop."""
        await self.end(*self._of.get(id(plugin), ()))

    def sweep(self) -> None:
        """End what idles."""
        now = self._clock.steady()
        for life in [*self._lives.values()]:
            if not life.busy and now - life.used > max(IDLE, RUNS * life.task.interval):
                self._end(life)

    # ---- how ------------------------------------------------------------------------------------

    def _begin(self, task: Task, plugin: Plugin[Any, Any]) -> Life:
        life = begin(task, plugin)
        life.used = self._clock.steady()
        self._of.setdefault(id(plugin), set()).add(life)
        return life

    async def _wait_for(self, before: asyncio.Future[None], ctx: Context) -> None:
        await asyncio.wait((before,), timeout=ctx.remaining())
        if not before.done():
            raise StillRunning("the device's session before this one is still being closed")

    def _end(self, life: Life) -> None:
        if life.ended:
            return
        life.ended = True
        if self._lives.get(life.task.key) is life:
            del self._lives[life.task.key]
        if life.busy:
            life.over = asyncio.get_running_loop().create_future()
        else:
            self._close(life)

    def _close(self, life: Life) -> None:
        """Nothing uses it any longer."""
        session, life.session = life.session, None
        if session is not None:
            self.opened[life.plugin.name] -= 1
        if session is None or not needs_closing(session):
            self._over(life)
            return
        if life.over is None:
            life.over = asyncio.get_running_loop().create_future()
        self._closing[life.task.key] = life.over
        self._closer.close(life, session).add_done_callback(lambda _: self._over(life))

    def _close_late(self, life: Life, session: Session) -> None:
        """It came after its run was given up."""
        if needs_closing(session):
            self._closer.close(life, session)

    def _over(self, life: Life) -> None:
        if life.over is not None:
            life.over.set_result(None)
            if self._closing.get(life.task.key) is life.over:
                del self._closing[life.task.key]
        mine = self._of[id(life.plugin)]
        mine.discard(life)
        if not mine:
            del self._of[id(life.plugin)]

    def _sweep_later(self) -> None:
        self._sweeping = asyncio.get_running_loop().call_later(SWEEP, self._sweep_on)

    def _sweep_on(self) -> None:
        self._sweeping = None
        self.sweep()
        if self._lives:
            self._sweep_later()
