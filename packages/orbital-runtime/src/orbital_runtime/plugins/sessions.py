"""The sessions of all tasks: opened in a task's run, closed after its last one."""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from orbital_runtime.guard.overrun import StillRunning
from orbital_runtime.plugins.closer import Closer
from orbital_runtime.plugins.life import Life, begin
from orbital_sdk.calling.invoke import needs_closing, open_session
from orbital_sdk.loader import NotKnownYet

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from orbital_runtime.clock import Clock
    from orbital_runtime.guard.calls.invoker import Invoker
    from orbital_runtime.model import Task
    from orbital_sdk import Context, Plugin, Session
    from orbital_sdk.calling.invoke import OnThread

    Open = Callable[..., Coroutine[Any, Any, Session]]
    """The signature of `begun`."""

IDLE: Final = 600.0
"""Seconds without a run after which a session is closed, or"""
RUNS: Final = 5
"""this many intervals of its task, whichever is longer."""
SWEEP: Final = 60.0
"""Seconds between two searches for idle sessions."""


async def begun(life: Life, *, run_blocking: OnThread) -> Session:
    """A new session, opened by the plugin."""
    return await open_session(life.plugin, life.task.device, run_blocking=run_blocking)


class Sessions:
    """One `Life` for each task. Belongs to the event loop; the runs of a task never overlap.

    Args:
        plugins: Gives the started plugin of a task; may raise.
        invoker: Calls plugins.
        clock: Measures how long a session is idle.
        close: Time limit of one `close`, in seconds.
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
        """Open sessions, by plugin."""
        self._plugins = plugins
        self._invoker = invoker
        self._clock = clock
        self._open = begin
        self._closer = Closer(invoker, close)
        self.not_closed = self._closer.failed
        """`close` calls that failed or exceeded the time limit, by plugin."""
        self._lives: dict[str, Life] = {}
        """By task key."""
        self._of: dict[int, set[Life]] = {}
        """All lives that have not ended, by the `id()` of their plugin."""
        self._closing: dict[str, asyncio.Future[None]] = {}
        """By task key: the previous session, while it is being closed."""
        self._sweeping: asyncio.TimerHandle | None = None

    # ---- a run ----------------------------------------------------------------------------------

    def of(self, task: Task) -> Life:
        """The task's life; a new one if its plugin or device changed.

        Raises:
            NotKnownYet: What the plugin states of the device has to be waited for.
            Exception: The plugin is not available, or what `exclusive` raised.
        """
        plugin = self._plugins(task)
        life = self._lives.get(task.key)
        if life is not None:
            if (life.task is task and life.plugin is plugin) or life.fits(task, plugin):
                return life
            self._end(life)
        life = self._lives[task.key] = self._begin(task, plugin)
        return life

    async def apart(self, task: Task, plugin: Plugin[Any, Any] | None = None) -> Life:
        """A separate life for a test; raises as `of` does. The caller ends it with `end`.

        Args:
            task: Whose device it is.
            plugin: Left out, the task's own.
        """
        while True:
            try:
                life = self._begin(task, plugin or self._plugins(task))
            except NotKnownYet as unknown:
                await unknown.known()
            else:
                life.apart = True
                return life

    async def open(self, life: Life, ctx: Context) -> Session:
        """Its session. The previous one is closed first: a device may accept only one connection.

        Raises:
            StillRunning, Timeout, NoThread: The deadline passed first.
            Exception: Whatever `open` raised (an `Escape` instead of a BaseException); or why the previous
                session ended by itself.
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
        """Its run has ended, or was given up."""
        life.busy = False
        if life.ended:
            self._close(life)

    def lose(self, life: Life, fault: Exception) -> None:
        """Its session ended by itself: the next run reports that, the run after it opens a new one."""
        if life.session is not None:
            life.session = None
            self.opened[life.plugin.name] -= 1
        life.fault = fault

    # ---- the end --------------------------------------------------------------------------------

    def drop(self, key: str) -> None:
        """The task was removed, and its last run has ended."""
        life = self._lives.get(key)
        if life is not None:
            self._end(life)

    async def end(self, *lives: Life) -> None:
        """Let no further run of these begin; return when the last has ended and the sessions are closed."""
        for life in lives:
            self._end(life)
        pending = [life.over for life in lives if life.over is not None]
        if pending:
            await asyncio.wait(pending)

    async def end_all(self, plugin: Plugin[Any, Any]) -> None:
        """End all lives of this plugin, which is about to stop."""
        await self.end(*self._of.get(id(plugin), ()))

    def sweep(self) -> None:
        """End idle lives."""
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
        """Close its session: nothing uses it any more."""
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
        """Close a session that opened after its run was given up."""
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
