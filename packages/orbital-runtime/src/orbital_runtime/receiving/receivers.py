"""All receivers: started by the first run of their task, and restarted when they end by themselves."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from orbital_runtime.plugins.sessions import begun
from orbital_runtime.receiving.emitter import Emitter
from orbital_runtime.receiving.serving import Serving, Trial
from orbital_sdk import AuthenticationFailed, ConfigurationError
from orbital_sdk.calling.invoke import receives

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from orbital_runtime.clock import Clock
    from orbital_runtime.engine.engine import Engine
    from orbital_runtime.model import Task
    from orbital_runtime.plugins.task_session import TaskSession
    from orbital_runtime.receiving.emitter import Accept
    from orbital_sdk import Session
    from orbital_sdk.calling.invoke import OnThread

LONGEST: Final = 60.0
"""Maximum seconds until a receiver is restarted: the pause doubles each time, and is reset after this time
without a failure."""


class Receivers:
    """Starts and restarts receivers. Belongs to the event loop.

    Args:
        engine: Has the sessions.
        accept: Passes batches to the buffer.
        look: Triggers a run of a task by its key.
        receives: Tells whether a task's plugin is a receiver.
        clock: Gives the time.
        first: Seconds until the first restart of a receiver that ended by itself.
    """

    def __init__(
        self,
        engine: Engine,
        accept: Accept,
        look: Callable[[str], None],
        receives: Callable[[Task], bool],
        clock: Clock,
        *,
        first: float = 1.0,
    ) -> None:
        self._engine = engine
        self._accept = accept
        self._look = look
        self._receives = receives
        self._clock = clock
        self._first = first
        self._serving: dict[Serving, float] = {}
        """Time of the start of each, in monotonic seconds."""
        self._waiting: dict[TaskSession, asyncio.TimerHandle] = {}
        """Receivers to be restarted, with their timers."""

    async def open(self, task_session: TaskSession, *, run_blocking: OnThread) -> Session:
        """Open a session of any plugin; a receiver starts serving."""
        if not receives(type(task_session.plugin)):
            return await begun(task_session, run_blocking=run_blocking)
        emitter = Emitter(task_session, self._engine, self._accept, self._clock)
        serving = Serving(task_session, emitter, self._engine.invoker.overruns, self._over)
        if task_session.apart:
            emitter.stop()
            return Trial(serving)
        if task_session.failures:
            self._engine.totals.restarts[task_session.plugin.name] += 1
        began = self._clock.steady()
        try:
            await serving.begin()
        except Exception as error:
            self._again(task_session, error)
            raise
        self._serving[serving] = began
        return serving

    def look_at(self, tasks: Iterable[Task]) -> None:
        """Run the tasks of receivers at once, so that they do not miss data until their first tick."""
        for task in tasks:
            if self._receives(task):
                self._look(task.key)

    async def end(self) -> None:
        """Stop all receivers. Returns when the buffer has what was emitted, or the time limit has passed."""
        for timer in self._waiting.values():
            timer.cancel()
        self._waiting.clear()
        await self._engine.sessions.end(*[serving.task_session for serving in self._serving])

    def _over(self, serving: Serving, error: Exception | None) -> None:
        began = self._serving.pop(serving, None)
        if error is None or began is None:
            return
        task_session = serving.task_session
        if self._clock.steady() - began >= LONGEST:
            task_session.failures = 0
        self._engine.sessions.ended(task_session, error)
        self._again(task_session, error)
        self._look(task_session.task.key)  # report it now, not at the next tick

    def _again(self, task_session: TaskSession, error: Exception) -> None:
        """Restart it after a pause. After a refusal it waits for the next run of its task instead."""
        task_session.failures += 1
        if isinstance(error, AuthenticationFailed | ConfigurationError):
            return
        pause = min(LONGEST, self._first * 2.0 ** min(task_session.failures - 1, 64))
        if before := self._waiting.pop(task_session, None):
            before.cancel()
        loop = asyncio.get_running_loop()
        self._waiting[task_session] = loop.call_later(pause, self._due, task_session)

    def _due(self, task_session: TaskSession) -> None:
        del self._waiting[task_session]
        if not task_session.ended:
            self._look(task_session.task.key)
