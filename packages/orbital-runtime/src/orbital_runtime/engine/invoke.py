"""Runs a plugin under a deadline that holds, whatever the plugin does.

A coroutine is cancelled; one that swallows its cancellation at the deadline is abandoned. A thread cannot
be cancelled: it is stuck, and counted as such, until it returns. Neither takes more than itself along:
while the run that was given up still goes on, its task (and what it holds alone) fails at once instead of
piling up.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from orbital_runtime.engine.deadlines import Deadlines
from orbital_runtime.engine.outcome import NoThread, StillRunning, Timeout
from orbital_runtime.engine.work import Unfinished, Work
from orbital_sdk.invoke import invoke

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable
    from concurrent.futures import Executor, Future

    from orbital_runtime.engine.limits import Limits
    from orbital_sdk import Columns, Context, Plugin, Sample
    from orbital_sdk.fields import DeviceFields

T = TypeVar("T")


class Thread:
    """The thread that a blocking plugin may ask for during one run."""

    def __init__(self, pool: Callable[[], Executor]) -> None:
        self._pool = pool
        self.future: Future[Any] | None = None
        self.began = False

    async def run(self, work: Callable[[], T]) -> T:
        """Run this on the pool."""
        self.future = self._pool().submit(self._run, work)
        return await asyncio.wrap_future(self.future)

    def _run(self, work: Callable[[], T]) -> T:
        self.began = True
        try:
            return work()
        except StopIteration as error:  # no future can carry it
            raise RuntimeError("collect() let a StopIteration out") from error

    @property
    def stuck(self) -> bool:
        """Whether it goes on although nobody waits for it. One that never began does not."""
        return self.future is not None and not self.future.cancel() and not self.future.done()


class Invoker:
    """Invokes plugins, and knows which invocations got out of hand.

    Args:
        pool: The threads of a plugin, by its name.
        limits: The grace of a cancelled collection, and how many samples one may give.
    """

    def __init__(self, pool: Callable[[str], Executor], limits: Limits) -> None:
        self.limits = limits
        self.stuck: Counter[str] = Counter()
        """Threads that overran and have not returned yet, by plugin."""
        self.stuck_total: Counter[str] = Counter()
        """Threads that ever overran, by plugin."""
        self.abandoned: Counter[str] = Counter()
        """Coroutines that swallowed their cancellation and still go on, by plugin."""
        self.abandoned_total: Counter[str] = Counter()
        """Coroutines that ever did, by plugin."""
        self._pool = pool
        self._deadlines = Deadlines()
        self._held: dict[str, str] = {}
        """What a run that was given up still holds, and the task whose run it is."""
        self._lost: set[asyncio.Task[Any]] = set()

    async def collect(
        self,
        plugin: Plugin[Any, Any],
        device: DeviceFields,
        ctx: Context,
        sink: list[Sample],
        holds: tuple[str, ...],
    ) -> Columns | None:
        """As `orbital_sdk.invoke.invoke`, until the deadline.

        Args:
            plugin: A started plugin.
            device: Whom to read.
            ctx: The run, with its deadline.
            sink: Takes the samples. After an error the caller takes a copy: a thread may still add some.
            holds: What no other run may use before this one is really over.

        Raises:
            Timeout, NoThread: The deadline came.
            StillRunning: An earlier run still holds something of this one, or all threads are stuck.
            Exception: Whatever `collect` raised.
        """
        self._check(plugin, holds)
        thread = Thread(partial(self._pool, plugin.name))
        work = invoke(plugin, device, ctx, sink, limit=self.limits.samples, run_blocking=thread.run)
        return await self.until_deadline(work, plugin, ctx, holds, thread)

    async def until_deadline(
        self,
        work: Coroutine[Any, Any, T],
        plugin: Plugin[Any, Any],
        ctx: Context,
        holds: tuple[str, ...] = (),
        thread: Thread | None = None,
    ) -> T:
        """Await this until the deadline, and then let go of it for sure."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 (a coroutine runs in one)
        running = Work(work)
        self._deadlines.set(running, ctx.deadline, task)
        try:
            result = await running
            if not running.cut:
                return result
        except Unfinished:
            await self._give_grace(running, plugin.name, ctx, holds)
        except asyncio.CancelledError:
            self._leave(thread, plugin.name, ctx, holds)
            if not running.cut:
                if task.cancelling():
                    raise
                raise RuntimeError(
                    "the plugin raised CancelledError without being cancelled"
                ) from None
        except Exception:
            if not running.cut:
                raise
        finally:
            self._deadlines.clear(running)
        if task.uncancel():
            raise asyncio.CancelledError  # not only by the deadline
        raise self._too_late(plugin, ctx, thread)

    def _check(self, plugin: Plugin[Any, Any], holds: Iterable[str]) -> None:
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

    def _too_late(self, plugin: Plugin[Any, Any], ctx: Context, thread: Thread | None) -> Exception:
        if thread is not None and thread.future is not None and not thread.began:
            return NoThread(
                f"no thread of plugin {plugin.name!r} was free for {ctx.timeout:g} s:"
                f" {plugin.max_threads} at most, {self.stuck[plugin.name]} of them stuck"
            )
        return Timeout(f"no result within {ctx.timeout:g} s; the run was cancelled")

    async def _give_grace(
        self, running: Work[Any], plugin: str, ctx: Context, holds: tuple[str, ...]
    ) -> None:
        """It was told and goes on, maybe to clean up: it gets a task of its own, and some time."""
        rest = asyncio.get_running_loop().create_task(_go_on(running))
        try:
            await asyncio.wait((rest,), timeout=self.limits.cancel_grace)
        finally:
            if rest.done():
                _look_away(rest)
            else:
                self._abandon(rest, plugin, ctx.task, holds)

    def _leave(
        self, thread: Thread | None, plugin: str, ctx: Context, holds: tuple[str, ...]
    ) -> None:
        """Nobody waits for this thread any longer."""
        if thread is None or not thread.stuck or thread.future is None:
            return
        self._hold(ctx.task, holds)
        self.stuck[plugin] += 1
        self.stuck_total[plugin] += 1
        returned = partial(self._returned, plugin, holds)
        thread.future.add_done_callback(partial(_on_loop, asyncio.get_running_loop(), returned))

    def _abandon(
        self, task: asyncio.Task[Any], plugin: str, name: str, holds: tuple[str, ...]
    ) -> None:
        self._hold(name, holds)
        self._lost.add(task)  # the loop itself keeps no reference
        self.abandoned[plugin] += 1
        self.abandoned_total[plugin] += 1

        def ended(task: asyncio.Task[Any]) -> None:
            _look_away(task)
            self._lost.discard(task)
            self.abandoned[plugin] -= 1
            self._free(holds)

        task.add_done_callback(ended)

    def _returned(self, plugin: str, holds: tuple[str, ...]) -> None:
        self.stuck[plugin] -= 1
        self._free(holds)

    def _hold(self, task: str, holds: tuple[str, ...]) -> None:
        self._held.update(dict.fromkeys(holds, task))

    def _free(self, holds: tuple[str, ...]) -> None:
        for name in holds:
            self._held.pop(name, None)


async def _go_on(running: Work[Any]) -> None:
    await running


def _look_away(task: asyncio.Task[Any]) -> None:
    """Nobody waits for its error: asyncio need not say so."""
    if not task.cancelled():
        task.exception()


def _on_loop(loop: asyncio.AbstractEventLoop, call: Callable[[], None], _: Future[Any]) -> None:
    """From a thread; the loop may be over by then."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(call)
