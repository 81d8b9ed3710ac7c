"""Calls plugins with a deadline that is always kept.

A coroutine is cancelled; one that ignores its cancellation is abandoned. A thread cannot be cancelled: it
counts as stuck until it returns. While an abandoned run continues, further runs of its task, or of its
exclusive resource, fail at once.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from orbital_runtime.guard.calls.deadlines import Deadlines
from orbital_runtime.guard.calls.overruns import Overruns
from orbital_runtime.guard.calls.result import Result
from orbital_runtime.guard.calls.thread import Thread
from orbital_runtime.guard.calls.within import driven, retrieve_exception
from orbital_runtime.guard.calls.work import Unfinished, Work
from orbital_runtime.guard.escape import as_exception
from orbital_runtime.guard.overrun import NoThread, Timeout
from orbital_sdk.calling.invoke import invoke

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from concurrent.futures import Executor

    from orbital_sdk import Columns, Context, Plugin, Sample, Session

T = TypeVar("T")


class Invoker:
    """Calls plugins, and abandons calls that do not end.

    Args:
        pool: Returns the thread pool of a plugin, by name.
        grace: Seconds for a cancelled collection to clean up before it is abandoned.
    """

    def __init__(self, pool: Callable[[str], Executor], grace: float) -> None:
        self.grace = grace
        self.overruns = Overruns()
        self._pool = pool
        self._deadlines = Deadlines()

    async def collect(
        self,
        session: Session,
        plugin: Plugin[Any, Any],
        ctx: Context,
        sink: list[Sample],
        *,
        limit: int,
        holds: tuple[str, ...],
    ) -> Columns | None:
        """As `orbital_sdk.calling.invoke.invoke`, until the deadline.

        Args:
            session: Of the device to read.
            plugin: Its plugin.
            ctx: Of the run, with its deadline.
            sink: Samples are added to it. After an error it must be copied: a thread may still add some.
            limit: Maximum of samples.
            holds: Resources that no other run may use until this one has ended.

        Raises:
            Timeout, NoThread: The deadline was reached.
            StillRunning: An earlier run still holds one of the resources, or all threads are stuck.
            Exception: Raised by `collect`; an `Escape` for what is no `Exception`.
        """
        self.overruns.check(plugin, holds)
        thread = Thread(partial(self._pool, plugin.name))
        work = invoke(session.collect, ctx, sink, limit=limit, run_blocking=thread.run)
        return await self._until_deadline(work, plugin, ctx, holds, thread)

    async def call(
        self,
        function: Callable[..., Coroutine[Any, Any, T]],
        plugin: Plugin[Any, Any],
        ctx: Context,
        *,
        holds: tuple[str, ...] = (),
        late: Callable[[T], None] | None = None,
    ) -> T:
        """Call a function until the deadline; raises as `collect` does.

        Args:
            function: One of `orbital_sdk.calling.invoke`, called with `run_blocking`.
            plugin: Its plugin.
            ctx: Has the deadline.
            holds: As of `collect`.
            late: Called with the result if that comes after the call was abandoned.
        """
        self.overruns.check(plugin, holds)
        thread = Thread(partial(self._pool, plugin.name))
        result = Result(late)
        work = result.of(function(run_blocking=thread.run))
        try:
            return await self._until_deadline(work, plugin, ctx, holds, thread)
        except BaseException:
            result.give_up(thread.future)
            raise

    async def _until_deadline(
        self,
        work: Coroutine[Any, Any, T],
        plugin: Plugin[Any, Any],
        ctx: Context,
        holds: tuple[str, ...],
        thread: Thread,
    ) -> T:
        """Await this until the deadline, then abandon it."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 (a coroutine runs in one)
        running = Work(work, plugin.name, ctx.task)
        self._deadlines.set(running, ctx.deadline, task)
        try:
            result = await running
            if not running.cut:
                return result
        except Unfinished:
            await self._give_grace(running, ctx, holds)
        except asyncio.CancelledError as error:
            if (future := thread.stuck) is not None:
                self.overruns.leave(future, plugin.name, ctx.task, holds)
            if not running.cut:
                if task.cancelling():
                    raise
                raise as_exception(error) from error  # nobody cancelled it
        except Exception:
            if not running.cut:
                raise
        finally:
            self._deadlines.clear(running)
        if task.uncancel():
            raise asyncio.CancelledError  # not only by the deadline
        raise self._too_late(plugin, ctx, thread)

    def _too_late(self, plugin: Plugin[Any, Any], ctx: Context, thread: Thread) -> Exception:
        if thread.future is not None and not thread.began:
            return NoThread(
                f"no thread of plugin {plugin.name!r} was free for {ctx.timeout:g} s:"
                f" {plugin.max_threads} at most, {self.overruns.stuck[plugin.name]} of them stuck"
            )
        return Timeout(f"no result within {ctx.timeout:g} s; the run was cancelled")

    async def _give_grace(self, running: Work[Any], ctx: Context, holds: tuple[str, ...]) -> None:
        """It was cancelled and continues, maybe to clean up: it gets a task of its own, and some time."""
        rest = asyncio.get_running_loop().create_task(driven(running))
        try:
            await asyncio.wait((rest,), timeout=self.grace)
        finally:
            if rest.done():
                retrieve_exception(rest)
            else:
                self.overruns.abandon(rest, running.plugin, ctx.task, holds)
