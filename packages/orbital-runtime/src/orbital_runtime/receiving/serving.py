"""The session of a receiver: runs `serve` in the background, between the runs of its task."""

from __future__ import annotations

import asyncio
import inspect
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from orbital_runtime.guard.calls.within import driven
from orbital_runtime.guard.calls.work import Work
from orbital_runtime.guard.escape import as_exception
from orbital_sdk import CollectError, Context, Plugin, Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_runtime.guard.calls.overruns import Overruns
    from orbital_runtime.plugins.task_session import TaskSession
    from orbital_runtime.receiving.emitter import Emitter
    from orbital_sdk import Emit
    from orbital_sdk.contract.records import Collected

SETTLE: Final = 0.2
"""Seconds that a run waits for an early failure of `serve`, such as a port in use."""


class Returned(CollectError):  # noqa: N818 (reads as what happened)
    """`serve` returned without an error."""


async def serve(task_session: TaskSession, emit: Emit) -> None:
    """Call the plugin's `serve`, which must run until it is cancelled.

    Raises:
        Returned: It returned.
        Exception: Whatever it raised.
    """
    answer: object = task_session.plugin.serve(task_session.task.device, emit)
    if not inspect.isawaitable(answer):
        raise TypeError("serve() is not a coroutine; write it as `async def`")
    await answer
    raise Returned("serve() returned, and nothing is received until it is begun again")


class Serving(Session):
    """Runs `serve` until it is closed.

    Args:
        task_session: The task_session of the task.
        emitter: Accepts the emissions.
        overruns: Tracks a `serve` that continues after its cancellation.
        over: Called at its end, with the reason if it was not closed.
    """

    def __init__(
        self,
        task_session: TaskSession,
        emitter: Emitter,
        overruns: Overruns,
        over: Callable[[Serving, Exception | None], None],
    ) -> None:
        self.task_session = task_session
        self._emitter = emitter
        self._overruns = overruns
        self._on_end = over
        self._task: asyncio.Task[None] | None = None
        if type(task_session.plugin).collect is not Plugin[Any, Any].collect:
            # a partial shows whether it is a coroutine function; a method that calls it does not
            self.collect = partial(task_session.plugin.collect, task_session.task.device)  # type: ignore[method-assign]

    async def begin(self) -> None:
        """Start serving; raises if it ends at once."""
        task_session = self.task_session
        work = Work(
            serve(task_session, self._emitter), task_session.plugin.name, task_session.task.id
        )
        task = self._task = asyncio.get_running_loop().create_task(driven(work))
        try:
            await asyncio.wait((task,), timeout=min(SETTLE, task_session.task.timeout / 2))
        except asyncio.CancelledError:
            self._give_up(task)
            raise
        if task.done():
            self._task = None
            self._emitter.stop()
            raise why(task)
        task.add_done_callback(self._over)

    def collect(self, ctx: Context) -> Collected:
        """Return only the report: samples are emitted."""
        del ctx
        return []

    async def close(self) -> None:
        """Cancel it; returns when it has ended and the buffer has what was emitted."""
        task, self._task = self._task, None
        if task is None:
            return
        try:
            task.cancel()
            await asyncio.wait((task,))
            await self._emitter.settled()
        finally:
            self._give_up(task)
            self._on_end(self, None)
        if not task.cancelled() and not isinstance(error := why(task), Returned):
            raise error

    def _over(self, task: asyncio.Task[None]) -> None:
        """Called at its end: it ended by itself, unless it is being closed."""
        if self._task is task:
            self._task = None
            self._emitter.stop()
            self._on_end(self, why(task))

    def _give_up(self, task: asyncio.Task[None]) -> None:
        """Refuse its emissions, and cancel it."""
        self._emitter.stop()
        if task.done():
            return
        task.cancel()
        task_session = self.task_session
        self._overruns.abandon(
            task, task_session.plugin.name, task_session.task.id, task_session.holds
        )


def why(task: asyncio.Task[None]) -> Exception:
    """The exception with which it ended."""
    try:
        task.result()
    except BaseException as error:  # noqa: BLE001 (cancelling itself is an error like others)
        return as_exception(error)
    raise AssertionError("serve() never just returns")


class Trial(Session):
    """A connection test of a receiver: the plugin's own test, or a short attempt to serve.

    Args:
        serving: Not started, with a stopped emitter.
    """

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        task_session = serving.task_session
        if type(task_session.plugin).test_connection is not Plugin[Any, Any].test_connection:
            self.test = partial(task_session.plugin.test_connection, task_session.task.device)  # type: ignore[method-assign]

    async def test(self, ctx: Context) -> str:
        """A message that it can serve; raises if it cannot."""
        del ctx
        task_session = self._serving.task_session
        await self._serving.begin()
        await self._serving.close()
        return f"{task_session.target or task_session.task.id}: ready to receive"
