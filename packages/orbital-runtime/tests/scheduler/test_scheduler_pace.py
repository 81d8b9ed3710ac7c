"""Back-off and back-pressure as the scheduler applies them: on phase, counted, and over at once."""

from __future__ import annotations

import pytest

from orbital_runtime.scheduler.pacing.backpressure import Pressure
from orbital_runtime.scheduler.scheduler import Scheduler
from orbital_runtime_testing.runs import (
    Device,
    failed_run,
    good_run,
    make_task,
    settle,
)


async def ticks(scheduler, clock, count):
    """Let so many ticks of 10 s pass; the number of runs after each."""
    for _ in range(count):
        clock.advance(10)
        scheduler.turn()
        await settle()


@pytest.mark.parametrize("kind", ["DeviceUnreachable", "Timeout"])
async def test_a_device_that_stays_down_is_probed_less_often(runs, clock, kind):
    """The effective interval doubles from the second failure on, up to 60 s, on phase; every tick passed
    over is counted; the first answer brings the full rate back.
    """
    scheduler = Scheduler(runs, clock=clock, backoff_max=60)
    scheduler.start()
    scheduler.put([make_task()])
    runs.give = lambda task: failed_run(kind)
    ran = []
    for n in range(40):
        before = len(runs.started)
        await ticks(scheduler, clock, 1)
        if len(runs.started) > before:
            ran.append(n)
    assert ran == [0, 1, 3, 7, 13, 19, 25, 31, 37]
    its = scheduler.states()["t"][1]
    assert its.skipped == {"backoff": 40 - len(ran)}
    assert scheduler.totals.skipped == {"backoff": 40 - len(ran)}
    assert its.missed == 0
    assert its.failures == len(ran)
    runs.give = lambda task: good_run()
    await ticks(scheduler, clock, 6)
    back = len(runs.started)
    await ticks(scheduler, clock, 10)
    assert len(runs.started) == back + 10
    assert its.failures == 0
    await scheduler.stop()


@pytest.mark.parametrize("kind", ["UnexpectedReply", "Bug", "AuthenticationFailed", "NoThread"])
async def test_only_silence_slows_down(runs, clock, kind):
    """A device that answers something, or a fault of ours, is no reason to ask less often."""
    scheduler = Scheduler(runs, clock=clock)
    scheduler.start()
    scheduler.put([make_task()])
    runs.give = lambda task: failed_run(kind)
    await ticks(scheduler, clock, 10)
    assert len(runs.started) == 10
    await scheduler.stop()


async def test_a_corrected_device_is_tried_at_once(runs, clock):
    """Other device fields end the back-off: whoever corrects an address wants to see it work."""
    scheduler = Scheduler(runs, clock=clock)
    scheduler.start()
    scheduler.put([make_task()])
    runs.give = lambda task: failed_run()
    await ticks(scheduler, clock, 8)
    count = len(runs.started)
    scheduler.put([make_task(device=Device(host="corrected"))])
    await ticks(scheduler, clock, 1)
    assert len(runs.started) == count + 1
    await scheduler.stop()


async def test_somebody_who_asks_ends_the_backoff(runs, clock):
    """A triggered run that finds the device up again brings the full rate back."""
    scheduler = Scheduler(runs, clock=clock)
    scheduler.start()
    scheduler.put([make_task()])
    runs.give = lambda task: failed_run()
    await ticks(scheduler, clock, 8)
    runs.give = lambda task: good_run()
    await scheduler.trigger("t")
    count = len(runs.started)
    await ticks(scheduler, clock, 5)
    assert len(runs.started) == count + 5
    await scheduler.stop()


async def test_low_priorities_give_way_when_the_buffer_fills(runs, clock):
    """At 90 % fill priorities 0 to 4 run every fourth tick and the others every one; counted under
    `backpressure`; over as soon as the buffer has room.
    """
    fill = [0.5]
    scheduler = Scheduler(runs, clock=clock, pressure=Pressure(lambda: fill[0], 0.8, 4))
    scheduler.start()
    scheduler.put([make_task(f"p{p}", priority=p) for p in range(10)])
    await ticks(scheduler, clock, 4)
    assert all(runs.started.count(f"p{p}") == 4 for p in range(10))
    fill[0] = 0.9
    await ticks(scheduler, clock, 40)
    for p in range(10):
        assert runs.started.count(f"p{p}") == 4 + (10 if p < 5 else 40)
        skipped = scheduler.states()[f"p{p}"][1].skipped
        assert skipped == ({"backpressure": 30} if p < 5 else {})
    fill[0] = 0.1
    await ticks(scheduler, clock, 3)
    assert all(runs.started.count(f"p{p}") == (17 if p < 5 else 47) for p in range(10))
    assert scheduler.totals.skipped == {"backpressure": 150}
    await scheduler.stop()


async def test_the_users_floor_holds_when_the_buffer_is_full(runs, clock):
    """max_slowdown 2: even full to the brim every task runs every second tick."""
    scheduler = Scheduler(runs, clock=clock, pressure=Pressure(lambda: 1.0, 0.8, 2))
    scheduler.start()
    scheduler.put([make_task("low", priority=0), make_task("high", priority=9)])
    await ticks(scheduler, clock, 20)
    assert runs.started.count("low") == runs.started.count("high") == 10
    await scheduler.stop()
