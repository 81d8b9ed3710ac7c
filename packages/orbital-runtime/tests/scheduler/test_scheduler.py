"""The scheduler: every task on its phase, never beside itself, and what could not run is counted."""

from __future__ import annotations

import asyncio
import logging

import pytest

from orbital_runtime.clock import ManualClock
from orbital_runtime.model import Status
from orbital_runtime.scheduler.scheduler import Scheduler
from orbital_runtime_testing.runs import good_run, make_task, settle


@pytest.fixture
async def scheduler(runs, clock):
    scheduler = Scheduler(runs, clock=clock, slots=4)
    scheduler.start()
    yield scheduler
    runs.hold = False
    for gate in runs.gates.values():
        gate.cancel()
    await scheduler.stop(grace=1)


def state(scheduler: Scheduler, key: str = "t"):
    return scheduler.states()[key][1]


def at(scheduler: Scheduler, clock: ManualClock, key: str = "t", ticks: int = 0) -> None:
    """Turn the clock to the task's next tick, or so many ticks later, and let the scheduler look."""
    task, its = scheduler.states()[key]
    clock.now = its.next_due + ticks * task.interval
    scheduler.turn()


async def test_a_task_runs_at_each_tick_of_its_phase(scheduler, runs, clock):
    """Once a tick, exactly; between ticks nothing runs."""
    scheduler.put([make_task()])
    first = state(scheduler).next_due
    for n in range(5):
        clock.now = first + 10 * n - 0.01
        scheduler.turn()
        await settle()
        assert len(runs.started) == n
        clock.now = first + 10 * n
        scheduler.turn()
        await settle()
        assert len(runs.started) == n + 1
    assert scheduler.totals.runs == scheduler.totals.success == 5
    assert scheduler.totals.missed == 0
    assert state(scheduler).status is Status.SUCCESS
    assert state(scheduler).next_due == first + 50


async def test_the_timer_itself_runs_tasks(runs):
    """With the machine's clock nobody has to turn anything: a task of 20 ms just runs."""
    from orbital_runtime.clock import SystemClock

    scheduler = Scheduler(runs, clock=SystemClock())
    scheduler.put([make_task(interval=0.02)])
    scheduler.start()
    await runs.until(lambda: len(runs.started) >= 5)
    await scheduler.stop()
    assert scheduler.totals.lateness.count == scheduler.totals.runs


async def test_a_queued_task_is_not_submitted_again(runs, clock):
    """B-5 of the older sentinel: a due task was marked running only inside the worker, so while it queued
    it was submitted again each second and ran twice; a full queue blocked the schedule loop.

    Ours: one request however long it waits, ticks meanwhile are missed, and the loop goes on.
    """
    scheduler = Scheduler(runs, clock=clock, slots=1)
    scheduler.start()
    runs.hold = True
    scheduler.put([make_task("slow", interval=3600), make_task()])
    at(scheduler, clock, "slow")
    await runs.until(lambda: runs.started == ["slow"])
    missed = state(scheduler).missed
    at(scheduler, clock)
    for _ in range(5):
        at(scheduler, clock)
        await settle()
    assert runs.started == ["slow"]
    assert scheduler.waiting == 1
    assert state(scheduler).missed == missed + 5
    runs.end("slow")
    await runs.until(lambda: runs.started == ["slow", "t"])
    runs.end("t")
    await settle()
    assert runs.started == ["slow", "t"]
    await scheduler.stop()


async def test_a_crash_does_not_leave_a_task_running(runs, clock, caplog):
    """B-6 of the older sentinel: a panic in a collection left the status "running" and the task dead until
    a restart.

    Ours: whatever the run raises, the task is failed, says why, and runs again at its next tick.
    """

    async def crash(task, released):
        runs.started.append(task.key)
        raise KeyError("host")

    scheduler = Scheduler(crash, clock=clock)
    scheduler.start()
    scheduler.put([make_task()])
    with caplog.at_level(logging.CRITICAL, "orbital.scheduler"):
        for n in range(3):
            at(scheduler, clock)
            await settle()
            assert len(runs.started) == n + 1
            assert state(scheduler).status is Status.FAILED
    assert state(scheduler).failures == 3
    last = state(scheduler).last
    assert last is not None
    assert last.error_kind == "Bug"
    assert "KeyError" in last.error
    await scheduler.stop()


async def test_a_task_never_overlaps_itself(scheduler, runs, clock):
    """Ticks during a run are missed, one each; the run after it is on phase again."""
    runs.hold = True
    scheduler.put([make_task()])
    at(scheduler, clock)
    await runs.until(lambda: len(runs.started) == 1)
    for _ in range(3):
        at(scheduler, clock)
        await settle()
    assert len(runs.started) == 1  # Runs itself asserts that nothing overlaps
    assert state(scheduler).status is Status.RUNNING
    assert state(scheduler).missed == scheduler.totals.missed == 3
    runs.end("t")
    await settle()
    at(scheduler, clock)
    await runs.until(lambda: len(runs.started) == 2)
    assert state(scheduler).missed == 3


async def test_a_slow_task_does_not_hold_another(scheduler, runs, clock):
    """While one hangs for ever, all others run at each of their ticks."""
    runs.hold = True
    scheduler.put([make_task("hung")])
    at(scheduler, clock, "hung")
    await runs.until(lambda: runs.started == ["hung"])
    runs.hold = False
    scheduler.put([make_task("hung"), make_task("a"), make_task("b")])
    for _ in range(10):
        clock.now += 10
        scheduler.turn()
        await settle()
    assert runs.started.count("a") == runs.started.count("b") == 10
    assert state(scheduler, "a").missed == state(scheduler, "b").missed == 0


async def test_no_more_runs_than_slots(runs, clock):
    """A hundred tasks, five slots: never more than five at once, and in the end all ran."""
    scheduler = Scheduler(runs, clock=clock, slots=5)
    scheduler.start()
    runs.hold = True
    scheduler.put([make_task(f"t{n}") for n in range(100)])
    clock.now += 9.999
    scheduler.turn()
    for _ in range(100):
        await runs.until(lambda: bool(runs.gates))
        runs.end(next(iter(runs.gates)))
        await settle()
    assert runs.most_at_once == 5
    assert len(set(runs.started)) == 100
    await scheduler.stop()


async def test_a_slot_is_free_when_the_device_is(runs, clock):
    """A run that still waits for the buffer holds no slot; but its task does not run beside it."""
    scheduler = Scheduler(runs, clock=clock, slots=1)
    scheduler.start()
    runs.hold = runs.release_early = True
    scheduler.put([make_task("a"), make_task("b")])
    clock.now += 9.999
    scheduler.turn()
    await runs.until(lambda: sorted(runs.started) == ["a", "b"])
    assert scheduler.running == 0
    clock.now += 10
    scheduler.turn()
    await settle()
    assert len(runs.started) == 2
    assert scheduler.totals.missed == 2
    for key in ("a", "b"):
        runs.end(key)
    await scheduler.stop()


async def test_what_is_exclusive_runs_one_at_a_time(runs, clock):
    """Tasks on one bus take turns, and do not hold slots while they wait for it."""
    scheduler = Scheduler(
        runs, clock=clock, slots=3, exclusive=lambda t: "bus" if t.id.startswith("bus") else None
    )
    scheduler.start()
    runs.hold = True
    scheduler.put([make_task(n) for n in ("bus-1", "bus-2", "bus-3", "free")])
    clock.now += 9.999
    scheduler.turn()
    await runs.until(lambda: len(runs.started) == 2)
    for done in range(3):
        (bus,) = [key for key in runs.gates if key.startswith("bus")]
        runs.end(bus)
        await settle()
        assert len([key for key in runs.started if key.startswith("bus")]) == min(3, done + 2)
    runs.end("free")
    await scheduler.stop()


async def test_a_gap_is_counted_and_not_replayed(scheduler, runs, clock):
    """The machine slept an hour: one count of missed ticks, no burst, next run on phase."""
    scheduler.put([make_task()])
    first = state(scheduler).next_due
    clock.now = first + 3605
    scheduler.turn()
    await settle()
    assert runs.started == []
    assert state(scheduler).missed == scheduler.totals.missed == 361
    assert state(scheduler).next_due == first + 3610


async def test_a_step_of_the_wall_clock_disturbs_nothing(runs):
    """UTC jumps by an hour, back and forth; steady time, and so every tick, goes on as before."""

    class Stepping(ManualClock):
        step = 0

        def utc_ms(self) -> int:
            return super().utc_ms() + self.step

    clock = Stepping()
    scheduler = Scheduler(runs, clock=clock)
    scheduler.start()
    scheduler.put([make_task()])
    for step in (0, 3_600_000, -3_600_000, 86_400_000, 0):
        clock.step = step
        at(scheduler, clock)
        await settle()
    assert len(runs.started) == 5
    assert scheduler.totals.missed == 0
    await scheduler.stop()


async def test_lateness_and_duration_are_measured(scheduler, runs, clock):
    """How late a run began and how long it took are in histograms, and in the task's state."""
    runs.give = lambda task: good_run(duration=0.3, samples=7)
    scheduler.put([make_task()])
    clock.now = state(scheduler).next_due + 0.2
    scheduler.turn()
    await settle()
    totals = scheduler.totals
    assert totals.lateness.count == totals.duration.count == 1
    assert totals.lateness.sum == pytest.approx(0.2, abs=1e-3)
    assert totals.lateness.quantile(0.5) == 0.25
    assert totals.duration.quantile(0.99) == 0.5
    assert state(scheduler).lateness == pytest.approx(0.2, abs=1e-3)
    assert (state(scheduler).busy, state(scheduler).samples) == (0.3, 7)


async def test_one_pass_does_not_hold_the_loop(runs, clock):
    """Two thousand ticks at once are handled in several passes, between which others run."""
    scheduler = Scheduler(runs, clock=clock, slots=5000)
    scheduler.start()
    scheduler.put([make_task(f"t{n}") for n in range(2000)])
    clock.now += 9.999
    scheduler.turn()
    await asyncio.sleep(0)
    assert 0 < len(runs.started) < 2000
    await settle()
    assert len(runs.started) == 2000
    await scheduler.stop()


@pytest.mark.parametrize("tasks", [[], [make_task(interval=86_400)]], ids=["none", "daily"])
async def test_the_heartbeat_goes_on_when_nothing_is_due(runs, tasks):
    """The watchdog sees a pass at least once a second, even when there is nothing to do."""

    class Asked(ManualClock):
        asked = asyncio.Event()

        def steady(self) -> float:
            self.asked.set()
            return super().steady()

    clock = Asked()
    scheduler = Scheduler(runs, clock=clock)
    scheduler.put(tasks)
    scheduler.start()
    clock.advance(5)
    clock.asked.clear()
    async with asyncio.timeout(60):
        await clock.asked.wait()
    assert scheduler.heartbeat == clock.now
    await scheduler.stop()


async def test_listeners_may_call_back(runs, clock, caplog):
    """B-27 of the older sentinel: it called its listener while it held the task's lock.

    Ours holds nothing: a listener may read states, apply another list, and trigger; one that raises is
    logged and changes nothing.
    """
    heard = []

    def on_run(task, run):
        assert scheduler.states()[task.key][1].status is Status.SUCCESS
        heard.append(task.key)
        if len(heard) == 1:
            scheduler.put([make_task(), make_task("new")])
            again.append(asyncio.ensure_future(scheduler.trigger("t")))
        raise RuntimeError("a listener's own bug")

    again: list[asyncio.Future] = []
    scheduler = Scheduler(runs, clock=clock, on_run=on_run)
    scheduler.start()
    scheduler.put([make_task()])
    with caplog.at_level(logging.CRITICAL, "orbital.scheduler"):
        at(scheduler, clock)
        await settle()
        assert (await again[0]).status is Status.SUCCESS
    assert heard.count("t") == 2
    assert set(scheduler.states()) == {"t", "new"}
    await scheduler.stop()


async def test_a_look_runs_a_task_now_and_nobody_waits(runs, clock):
    """Or right after the run that goes on, once; before the start and for a task that is gone: nothing."""
    runs.hold = True
    scheduler = Scheduler(runs, clock=clock)
    scheduler.put([make_task("t")])
    scheduler.look("t")
    await settle()
    assert runs.started == []
    scheduler.start()
    scheduler.look("gone")
    scheduler.look("t")
    await settle()
    scheduler.look("t")
    scheduler.look("t")
    await settle()
    assert runs.started == ["t"]
    runs.end("t")
    await settle()
    assert runs.started == ["t", "t"]
    runs.end("t")
    await settle()
    assert runs.started == ["t", "t"]
    await scheduler.stop(0)
