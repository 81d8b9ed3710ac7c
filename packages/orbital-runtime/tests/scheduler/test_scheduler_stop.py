"""The end: nothing new begins, what runs gets its grace, and nothing can hold it up."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from orbital_runtime.scheduler.scheduler import Scheduler
from orbital_runtime_testing.runs import good_run, make_task, settle


async def test_stop_lets_runs_end(runs, clock):
    """Nothing new starts; what runs gets its grace, and ends uncancelled."""
    scheduler = Scheduler(runs, clock=clock, slots=1)
    scheduler.start()
    runs.hold = True
    scheduler.put([make_task("a"), make_task("b")])
    clock.advance(9.999)
    scheduler.turn()
    await runs.until(lambda: len(runs.started) == 1)
    stopping = asyncio.create_task(scheduler.stop(grace=30))
    await settle()
    assert not stopping.done()
    runs.end(runs.started[0])
    await stopping
    clock.advance(100)
    scheduler.turn()
    await settle()
    assert len(runs.started) == 1
    assert runs.cancelled == []
    assert scheduler.totals.cancelled == 0


async def test_stop_cancels_what_takes_too_long(runs, clock):
    """After the grace it is cancelled, counted, and said in the task's state."""
    scheduler = Scheduler(runs, clock=clock)
    scheduler.start()
    runs.hold = True
    scheduler.put([make_task()])
    clock.now = scheduler.states()["t"][1].next_due
    scheduler.turn()
    await runs.until(lambda: "t" in runs.gates)
    asked = asyncio.create_task(scheduler.trigger("t"))
    await settle()
    await scheduler.stop(grace=0)
    assert runs.cancelled == ["t"]
    assert scheduler.totals.cancelled == 1
    last = scheduler.states()["t"][1].last
    assert last is not None
    assert last.error_kind == "Cancelled"
    with pytest.raises(LookupError, match="stops"):
        await asked


async def test_stop_leaves_behind_what_swallows_its_cancellation(clock):
    """A run that goes on although it was cancelled gets its last words; then stop goes on without it."""
    end = asyncio.Event()

    async def stubborn(task, released):
        while not end.is_set():
            with suppress(asyncio.CancelledError):
                await end.wait()
        return good_run()

    scheduler = Scheduler(stubborn, clock=clock)
    scheduler.put([make_task()])
    asked = asyncio.create_task(scheduler.trigger("t"))
    await settle()
    await scheduler.stop(grace=0)
    assert scheduler.running == 1
    end.set()
    assert (await asked).up


async def test_stop_is_safe_without_start_and_twice(runs, clock):
    """As every station's stop."""
    scheduler = Scheduler(runs, clock=clock)
    scheduler.put([make_task()])
    await scheduler.stop()
    await scheduler.stop()
