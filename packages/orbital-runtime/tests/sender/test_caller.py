"""Calling writers: `def` and `async def`, a deadline that holds, and writes that hang."""

from __future__ import annotations

import asyncio
import gc
import threading

import pytest

from orbital_runtime.hosting.hosts import Hosts
from orbital_runtime.sender.caller import Caller, WriteTimeout
from orbital_sdk import Attempt, Writer, WriterConfig, WriterUnavailable
from orbital_sdk.testing import make_batch

BATCHES = (make_batch(1),)
LONG = 60.0


class Blocking(Writer[WriterConfig]):
    """A `def` writer that does what it is told on whatever thread it is called."""

    name = "blocking"

    def __init__(self, work):
        super().__init__(WriterConfig())
        self.work = work
        self.threads = []

    def write(self, batches, attempt):
        self.threads.append(threading.current_thread())
        return self.work()


class Looping(Writer[WriterConfig]):
    """An `async def` writer that does what it is told."""

    name = "looping"

    def __init__(self, work):
        super().__init__(WriterConfig())
        self.work = work

    async def write(self, batches, attempt):
        return await self.work()


async def test_a_blocking_writer_runs_on_one_thread_of_its_own():
    """The loop goes on meanwhile, and a connection that the writer keeps stays on its thread."""
    release = threading.Event()
    writer = Blocking(lambda: release.wait(LONG) and 42)
    caller = Caller("a", writer)
    writing = asyncio.ensure_future(caller.write(BATCHES, Attempt(), LONG))
    await asyncio.sleep(0)
    release.set()
    assert await writing == 42
    await caller.write(BATCHES, Attempt(), LONG)
    assert len(set(writer.threads)) == 1
    assert writer.threads[0] is not threading.main_thread()
    assert writer.threads[0].name == "output-a-0"
    assert writer.threads[0].daemon
    caller.close()


async def test_an_async_writer_runs_on_the_loop():
    """Its answer and its errors come back as they are."""

    async def work():
        return threading.current_thread()

    caller = Caller("a", Looping(work))
    assert await caller.write(BATCHES, Attempt(), LONG) is threading.current_thread()


async def test_a_def_that_returns_a_coroutine_is_awaited():
    """A decorated `async def` looks like a `def`; it works all the same."""

    async def work():
        await asyncio.sleep(0)
        return 7

    caller = Caller("a", Blocking(work))
    assert await caller.write(BATCHES, Attempt(), LONG) == 7
    caller.close()


@pytest.mark.parametrize("error", [WriterUnavailable("down"), SystemExit(3), StopIteration()])
async def test_what_a_thread_raises_is_raised_here(error):
    """Whatever it is, and the thread takes the next write."""
    steps = [error, None]

    def work():
        step = steps.pop(0)
        if step is not None:
            raise step
        return 1

    caller = Caller("a", Blocking(work))
    with pytest.raises((type(error), RuntimeError)) as raised:
        await caller.write(BATCHES, Attempt(), LONG)
    assert error in (raised.value, raised.value.__cause__)
    assert await caller.write(BATCHES, Attempt(), LONG) == 1
    caller.close()


async def test_a_writer_has_a_host_for_each_start():
    """What it runs in the background ends before its `stop`, and at once where its start failed. Its own
    metrics have the output's name.
    """
    diary = []

    class Busy(Looping):
        name = "busy"

        async def start(self, host):
            host.counter("starts", "Starts").add()
            host.spawn(self.tend())
            await asyncio.sleep(0)
            if not diary:
                raise WriterUnavailable("no file")

        async def tend(self):
            try:
                await asyncio.Event().wait()
            finally:
                diary.append("tended")

        async def stop(self):
            diary.append("stopped")

    hosts = Hosts()
    caller = Caller("main", Busy(None), hosts=hosts)
    with pytest.raises(WriterUnavailable, match="no file"):
        await caller.start(LONG)
    assert diary == ["tended"]
    await caller.start(LONG)
    assert diary == ["tended"]
    await caller.stop(LONG)
    assert diary == ["tended", "tended", "stopped"]
    (part,) = hosts.parts()
    assert [family.values for family in part.metrics.families()] == [{("main",): 2}]


async def test_a_hanging_thread_is_left_behind_and_counted():
    """The next write gets a new thread; the old one is forgotten when it returns at last."""
    release = threading.Event()
    hangs = [True, False]
    writer = Blocking(lambda: release.wait(LONG) if hangs.pop(0) else 1)
    caller = Caller("a", writer)
    while not caller.stuck:  # a write whose thread was not there in time does not hang
        with pytest.raises(WriteTimeout, match=r"no answer within 0\.01 s"):
            await caller.write(BATCHES, Attempt(), 0.01)
    assert caller.stuck == 1
    assert await caller.write(BATCHES, Attempt(), LONG) == 1
    release.set()
    writer.threads[0].join(LONG)
    await asyncio.sleep(0)
    assert caller.stuck == 0
    caller.close()


async def test_only_so_many_writes_hang_at_once():
    """No thread is started beside too many that hang; it goes on when one returns."""
    release = threading.Event()
    writer = Blocking(lambda: release.wait(LONG))
    caller = Caller("a", writer, most_stuck=2)
    while caller.stuck < 2:  # a write whose thread was not there in time does not hang
        with pytest.raises(WriteTimeout):
            await caller.write(BATCHES, Attempt(), 0.01)
    with pytest.raises(WriteTimeout, match="2 earlier writes hang"):
        await caller.write(BATCHES, Attempt(), 0.01)
    assert len(writer.threads) == 2
    release.set()
    for thread in writer.threads:
        thread.join(LONG)
    await asyncio.sleep(0)
    assert await caller.write(BATCHES, Attempt(), LONG) is True
    caller.close()


async def test_a_slow_coroutine_is_cancelled():
    """An `async def` write ends at the deadline."""
    ended = asyncio.Event()

    async def work():
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    caller = Caller("a", Looping(work))
    with pytest.raises(WriteTimeout):
        await caller.write(BATCHES, Attempt(), 0.01)
    assert ended.is_set()
    assert caller.stuck == 0


async def test_a_coroutine_that_will_not_be_cancelled_is_left_behind():
    """It is counted until it ends, and nobody waits for it."""
    end = asyncio.Event()

    async def work():
        while not end.is_set():
            try:
                await end.wait()
            except asyncio.CancelledError:
                continue
        raise ValueError("far too late")

    caller = Caller("a", Looping(work))
    with pytest.raises(WriteTimeout):
        await caller.write(BATCHES, Attempt(), 0.01)
    assert caller.stuck == 1
    complaints = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, what: complaints.append(what))
    end.set()
    await asyncio.wait(caller._overruns._lost)
    gc.collect()
    assert complaints == []  # its late error is nobody's business any more


async def test_an_answer_in_the_last_moment_counts():
    """A write that finishes while it is being cancelled was a delivery."""

    async def work():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return 5

    caller = Caller("a", Looping(work))
    assert await caller.write(BATCHES, Attempt(), 0.01) == 5


async def test_stopping_cancels_a_running_write():
    """A delivery that is stopped does not leave its coroutine running, and does not wait for its thread."""
    started, ended = asyncio.Event(), asyncio.Event()

    async def work():
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    writing = asyncio.ensure_future(Caller("a", Looping(work)).write(BATCHES, Attempt(), LONG))
    await started.wait()
    writing.cancel()
    await asyncio.wait({writing})
    await asyncio.wait_for(ended.wait(), timeout=60)

    begun, release = threading.Event(), threading.Event()
    caller = Caller("a", Blocking(lambda: begun.set() or release.wait(LONG)))
    writing = asyncio.ensure_future(caller.write(BATCHES, Attempt(), LONG))
    await asyncio.to_thread(begun.wait, LONG)
    writing.cancel()
    await asyncio.wait({writing})
    assert caller.stuck == 1
    release.set()
    caller.close()
