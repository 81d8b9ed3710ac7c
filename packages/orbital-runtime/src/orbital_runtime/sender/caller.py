"""Calls a writer under a deadline: `def` on a thread of this output, `async def` on the event loop."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from orbital_runtime.guard.calls.overruns import Overruns
from orbital_runtime.guard.calls.thread import Thread
from orbital_runtime.guard.calls.within import within
from orbital_runtime.guard.calls.work import Work
from orbital_runtime.guard.overrun import OverLimit
from orbital_runtime.hosting.hosts import Hosts
from orbital_runtime.sender.failures import WriteTimeout
from orbital_sdk.calling.invoke import call
from orbital_sdk.thread_pool import ThreadPool

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence

    from orbital_runtime.hosting.host import Host
    from orbital_sdk import Attempt, Batch, Writer

CANCEL_GRACE: Final = 1.0
"""Seconds to wait for a cancelled coroutine to end."""


class Caller:
    """Calls one writer, one write at a time. A write that hangs is abandoned and counted; the next one may
    start unless `most_stuck` hang already.
    """

    def __init__(
        self, name: str, writer: Writer[Any], *, most_stuck: int = 4, hosts: Hosts | None = None
    ) -> None:
        self._output = name
        self._writer = writer
        self._hosts = hosts or Hosts()
        self._host: Host | None = None
        self._most_stuck = most_stuck
        self._threads: ThreadPool | None = None
        """The thread of this output."""
        self._overruns = Overruns()

    @property
    def stuck(self) -> int:
        """Abandoned calls that have not returned."""
        return self._overruns.going(self._writer.name)

    async def start(self, seconds: float) -> None:
        """Start the writer.

        Raises:
            WriteTimeout: It took longer than `seconds`.
            Exception: What the writer raised.
        """
        self._host = self._hosts.writer(self._writer.name, self._output)
        try:
            await self._call(partial(self._writer.start, self._host), seconds)
        except BaseException:
            await self._close_host()
            raise

    async def stop(self, seconds: float) -> None:
        """Stop the writer, and let its thread end.

        Raises:
            WriteTimeout: It took longer than `seconds`.
            Exception: What the writer raised.
        """
        try:
            await self._close_host()
            await self._call(self._writer.stop, seconds)
        finally:
            self.close()

    async def write(self, batches: Sequence[Batch], attempt: Attempt, seconds: float) -> Any:
        """The return value of `write`, unchecked.

        Raises:
            WriteTimeout: It took longer than `seconds`, or too many earlier ones still hang.
            Exception: What the writer raised.
        """
        if self.stuck >= self._most_stuck:
            message = f"{self.stuck} earlier writes hang; the next starts when one ends"
            raise WriteTimeout(message, sent=False)
        return await self._call(partial(self._writer.write, batches, attempt), seconds)

    async def test(self, seconds: float) -> Any:
        """The return value of `test_connection`, unchecked.

        Raises:
            WriteTimeout: It took longer than `seconds`.
            Exception: What the writer raised.
        """
        return await self._call(self._writer.test_connection, seconds)

    def close(self) -> None:
        """Release the thread; a hanging one ends with the process."""
        if self._threads is not None:
            self._threads.shutdown(wait=False)
            self._threads = None

    async def _call(self, function: Callable[[], object], seconds: float) -> object:
        """Call on the event loop, or on the thread if it is a plain `def`, which may block."""
        thread, name = Thread(self._thread), self._writer.name
        work = Work(call(function, run_blocking=thread.run), name, self._output, kind="writer")
        try:
            return await within(seconds, work, grace=CANCEL_GRACE, abandon=self._abandon)
        except OverLimit:
            raise WriteTimeout(f"no answer within {seconds:g} s") from None
        finally:
            if (future := thread.stuck) is not None:
                self.close()  # the next call gets a new one
                self._overruns.leave(future, name, self._output)

    def _thread(self) -> ThreadPool:
        if self._threads is None:
            self._threads = ThreadPool(1, f"output-{self._output}")
        return self._threads

    def _abandon(self, task: asyncio.Task[object]) -> None:
        self._overruns.abandon(task, self._writer.name, self._output)

    async def _close_host(self) -> None:
        host, self._host = self._host, None
        if host is not None:
            await host.close()
