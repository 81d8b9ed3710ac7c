"""Calls a writer: `def` on a thread of the output's own, `async def` on the loop, both under a deadline."""

from __future__ import annotations

import asyncio
import inspect
import threading
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final

from orbital_runtime.guard.escape import Escape, as_exception, contained
from orbital_runtime.guard.work import Work
from orbital_runtime.hosting.hosts import Hosts
from orbital_runtime.sender.refusals.answers import WriteTimeout

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from orbital_runtime.hosting.host import Host
    from orbital_sdk import Attempt, Batch, Writer

    Call = Callable[[], object]
    Outcome = tuple[object, Exception | None]
    """What was returned, or what was raised: whatever it is, the delivery must hear of it and go on."""
    Answer = asyncio.Future[Outcome]

CANCEL_GRACE: Final = 1.0
"""Seconds that a cancelled coroutine gets to end."""


class Caller:
    """Calls one writer, one write at a time. A write that hangs is left behind, counted, and does not
    stop the next one; but no more than `most_stuck` hang at once.
    """

    def __init__(
        self, name: str, writer: Writer[Any], *, most_stuck: int = 4, hosts: Hosts | None = None
    ) -> None:
        self._name = name
        self._writer = writer
        self._hosts = hosts or Hosts()
        self._host: Host | None = None
        self._most_stuck = most_stuck
        self._thread: WriterThread | None = None
        self._stuck: list[WriterThread | asyncio.Future[Outcome]] = []
        self._blocking = not inspect.iscoroutinefunction(writer.write)

    @property
    def stuck(self) -> int:
        """Writes that were given up and have not returned."""
        self._stuck = [call for call in self._stuck if _runs(call)]
        return len(self._stuck)

    async def start(self, seconds: float) -> None:
        """Start the writer.

        Raises:
            WriteTimeout: It took longer than `seconds`.
            Exception: What the writer raised.
        """
        self._host = self._hosts.writer(self._writer.name, self._name)
        try:
            with contained:
                starting = self._writer.start(self._host)
            await self._on_loop(starting, seconds, seconds)
        except BaseException:
            await self._let_go()
            raise

    async def stop(self, seconds: float) -> None:
        """Stop the writer.

        Raises:
            WriteTimeout: It took longer than `seconds`.
            Exception: What the writer raised.
        """
        await self._let_go()
        with contained:
            stopping = self._writer.stop()
        await self._on_loop(stopping, seconds, seconds)

    async def write(self, batches: Sequence[Batch], attempt: Attempt, seconds: float) -> Any:
        """What the writer gives, whatever it is.

        Raises:
            WriteTimeout: It took longer than `seconds`, or too many earlier ones still hang.
            Exception: What the writer raised.
        """
        if self.stuck >= self._most_stuck:
            message = f"{self.stuck} earlier writes hang; the next starts when one ends"
            raise WriteTimeout(message, sent=False)
        call = partial(self._writer.write, batches, attempt)
        return await self._called(call, seconds, blocking=self._blocking)

    async def test(self, seconds: float) -> Any:
        """What `test_connection` of the writer gives, whatever it is.

        Raises:
            WriteTimeout: It took longer than `seconds`.
            Exception: What the writer raised.
        """
        call = self._writer.test_connection
        return await self._called(call, seconds, blocking=not inspect.iscoroutinefunction(call))

    async def _called(self, call: Call, seconds: float, *, blocking: bool) -> object:
        deadline = asyncio.get_running_loop().time() + seconds
        answer = await self._on_thread(call, seconds) if blocking else call()
        if inspect.isawaitable(answer):
            left = deadline - asyncio.get_running_loop().time()
            answer = await self._on_loop(answer, max(0.0, left), seconds)
        return answer

    async def _let_go(self) -> None:
        host, self._host = self._host, None
        if host is not None:
            await host.close()

    def close(self) -> None:
        """Let the thread end; one that hangs dies with the process."""
        if self._thread is not None:
            self._thread.end()
            self._thread = None

    async def _on_thread(self, call: Call, seconds: float) -> object:
        self._thread = thread = self._thread or WriterThread(f"output-{self._name}")
        answer = thread.submit(call)
        try:
            await asyncio.wait({answer}, timeout=seconds)
        finally:
            if not answer.done():  # too late, or this delivery is being stopped
                self.close()
                self._stuck.append(thread)
        if not answer.done():
            raise _timed_out(seconds)
        result, error = answer.result()
        if error is not None:
            raise error
        return result

    async def _on_loop(self, awaitable: Awaitable[object], left: float, seconds: float) -> object:
        if asyncio.iscoroutine(awaitable):
            awaitable = Work(awaitable, self._writer.name, self._name, kind="writer")
        task = asyncio.ensure_future(_outcome_of(awaitable))
        late = True
        try:
            await asyncio.wait({task}, timeout=left)
            late = not task.done()
        finally:
            task.cancel()  # does nothing where it is done
        if late:
            await asyncio.wait({task}, timeout=CANCEL_GRACE)
        if not task.done():
            self._stuck.append(task)
        if not task.done() or task.cancelled():
            raise _timed_out(seconds)
        result, error = task.result()
        if late and isinstance(error, Escape):  # it was told to end, and did
            raise _timed_out(seconds)
        if error is not None:
            raise error
        return result


class WriterThread:
    """One daemon thread that makes calls in turn. The interpreter does not wait for it at exit."""

    def __init__(self, name: str) -> None:
        self._calls: SimpleQueue[tuple[Call, Answer] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def submit(self, call: Call) -> Answer:
        """Make this call; the future gets what it returned and what it raised."""
        answer: Answer = asyncio.get_running_loop().create_future()
        self._calls.put((call, answer))
        return answer

    def end(self) -> None:
        """End after the calls handed in so far."""
        self._calls.put(None)

    def _run(self) -> None:
        while (job := self._calls.get()) is not None:
            call, answer = job
            outcome = _outcome(call)
            with suppress(RuntimeError):  # the loop is closed: nobody waits for it
                answer.get_loop().call_soon_threadsafe(_resolve, answer, outcome)


def _outcome(call: Call) -> Outcome:
    try:
        return call(), None
    except BaseException as error:  # noqa: BLE001 (see Outcome)
        return None, as_exception(error)


async def _outcome_of(awaitable: Awaitable[object]) -> Outcome:
    try:
        return await awaitable, None
    except BaseException as error:  # noqa: BLE001 (see Outcome)
        return None, as_exception(error)


def _resolve(answer: Answer, outcome: Outcome) -> None:
    if not answer.done():
        answer.set_result(outcome)


def _runs(call: WriterThread | asyncio.Future[Outcome]) -> bool:
    return call.alive if isinstance(call, WriterThread) else not call.done()


def _timed_out(seconds: float) -> WriteTimeout:
    return WriteTimeout(f"no answer within {seconds:g} s")
