"""The sessions of all tasks: opened in a task's run, closed after its last one."""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from orbital_runtime.guard.overrun import StillRunning
from orbital_runtime.plugins.closer import Closer
from orbital_runtime.plugins.task_session import TaskSession, begin
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


async def begun(task_session: TaskSession, *, run_blocking: OnThread) -> Session:
    """A new session, opened by the plugin."""
    return await open_session(
        task_session.plugin, task_session.task.device, run_blocking=run_blocking
    )


class Sessions:
    """One `TaskSession` for each task. Not thread-safe: for the event loop; the runs of a task never overlap.

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
        self._by_key: dict[str, TaskSession] = {}
        """By task key."""
        self._of: dict[int, set[TaskSession]] = {}
        """All that have not ended, by the `id()` of their plugin."""
        self._closing: dict[str, asyncio.Future[None]] = {}
        """By task key: the previous session, while it is being closed."""
        self._sweeping: asyncio.TimerHandle | None = None

    # ---- a run ----------------------------------------------------------------------------------

    def of(self, task: Task) -> TaskSession:
        """The task's session state; a new one if its plugin or device changed.

        Raises:
            NotKnownYet: What the plugin states of the device has to be waited for.
            Exception: The plugin is not available, or what `exclusive` raised.
        """
        plugin = self._plugins(task)
        task_session = self._by_key.get(task.key)
        if task_session is not None:
            if (task_session.task is task and task_session.plugin is plugin) or task_session.fits(
                task, plugin
            ):
                return task_session
            self._end(task_session)
        task_session = self._by_key[task.key] = self._begin(task, plugin)
        return task_session

    async def apart(self, task: Task, plugin: Plugin[Any, Any] | None = None) -> TaskSession:
        """A separate one for a test; raises as `of` does. The caller ends it with `end`.

        Args:
            task: Whose device it is.
            plugin: Left out, the task's own.
        """
        while True:
            try:
                task_session = self._begin(task, plugin or self._plugins(task))
            except NotKnownYet as unknown:
                await unknown.known()
            else:
                task_session.apart = True
                return task_session

    async def open(self, task_session: TaskSession, ctx: Context) -> Session:
        """Its session. The previous one is closed first: a device may accept only one connection.

        Raises:
            StillRunning, Timeout, NoThread: The deadline passed first.
            Exception: Whatever `open` raised (an `Escape` instead of a BaseException); or why the previous
                session ended by itself.
        """
        if task_session.session is not None:
            return task_session.session
        if task_session.fault is not None:
            fault, task_session.fault = task_session.fault, None
            raise fault
        if before := self._closing.get(task_session.task.key):
            await self._wait_for(before, ctx)
        task_session.session = await self._invoker.call(
            partial(self._open, task_session),
            task_session.plugin,
            ctx,
            holds=task_session.holds,
            late=partial(self._close_late, task_session),
        )
        self.opened[task_session.plugin.name] += 1
        if self._sweeping is None:
            self._sweep_later()
        return task_session.session

    def leave(self, task_session: TaskSession) -> None:
        """Its run has ended, or was given up."""
        task_session.busy = False
        if task_session.ended:
            self._close(task_session)

    def ended(self, task_session: TaskSession, fault: Exception) -> None:
        """Its session ended by itself: the next run reports that, the run after it opens a new one."""
        if task_session.session is not None:
            task_session.session = None
            self.opened[task_session.plugin.name] -= 1
        task_session.fault = fault

    # ---- the end --------------------------------------------------------------------------------

    def drop(self, key: str) -> None:
        """The task was removed, and its last run has ended."""
        task_session = self._by_key.get(key)
        if task_session is not None:
            self._end(task_session)

    async def end(self, *task_sessions: TaskSession) -> None:
        """Let no further run of these begin; return when the last has ended and the sessions are closed."""
        for task_session in task_sessions:
            self._end(task_session)
        pending = [
            task_session.over for task_session in task_sessions if task_session.over is not None
        ]
        if pending:
            await asyncio.wait(pending)

    async def end_all(self, plugin: Plugin[Any, Any]) -> None:
        """End all sessions of this plugin, which is about to stop."""
        await self.end(*self._of.get(id(plugin), ()))

    def sweep(self) -> None:
        """End idle sessions."""
        now = self._clock.steady()
        for task_session in [*self._by_key.values()]:
            if not task_session.busy and now - task_session.used > max(
                IDLE, RUNS * task_session.task.interval
            ):
                self._end(task_session)

    # ---- how ------------------------------------------------------------------------------------

    def _begin(self, task: Task, plugin: Plugin[Any, Any]) -> TaskSession:
        task_session = begin(task, plugin)
        task_session.used = self._clock.steady()
        self._of.setdefault(id(plugin), set()).add(task_session)
        return task_session

    async def _wait_for(self, before: asyncio.Future[None], ctx: Context) -> None:
        await asyncio.wait((before,), timeout=ctx.remaining())
        if not before.done():
            raise StillRunning("the device's session before this one is still being closed")

    def _end(self, task_session: TaskSession) -> None:
        if task_session.ended:
            return
        task_session.ended = True
        if self._by_key.get(task_session.task.key) is task_session:
            del self._by_key[task_session.task.key]
        if task_session.busy:
            task_session.over = asyncio.get_running_loop().create_future()
        else:
            self._close(task_session)

    def _close(self, task_session: TaskSession) -> None:
        """Close its session: nothing uses it any more."""
        session, task_session.session = task_session.session, None
        if session is not None:
            self.opened[task_session.plugin.name] -= 1
        if session is None or not needs_closing(session):
            self._over(task_session)
            return
        if task_session.over is None:
            task_session.over = asyncio.get_running_loop().create_future()
        self._closing[task_session.task.key] = task_session.over
        self._closer.close(task_session, session).add_done_callback(
            lambda _: self._over(task_session)
        )

    def _close_late(self, task_session: TaskSession, session: Session) -> None:
        """Close a session that opened after its run was given up."""
        if needs_closing(session):
            self._closer.close(task_session, session)

    def _over(self, task_session: TaskSession) -> None:
        if task_session.over is not None:
            task_session.over.set_result(None)
            if self._closing.get(task_session.task.key) is task_session.over:
                del self._closing[task_session.task.key]
        mine = self._of[id(task_session.plugin)]
        mine.discard(task_session)
        if not mine:
            del self._of[id(task_session.plugin)]

    def _sweep_later(self) -> None:
        self._sweeping = asyncio.get_running_loop().call_later(SWEEP, self._sweep_on)

    def _sweep_on(self) -> None:
        self._sweeping = None
        self.sweep()
        if self._by_key:
            self._sweep_later()
