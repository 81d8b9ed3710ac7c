"""Another list of tasks: only the difference is applied, and what is gone is told."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

import pytest

from orbital_runtime.scheduler.scheduler import Scheduler
from orbital_runtime_testing.runs import (
    Device,
    failed_run,
    good_run,
    make_task,
    settle,
)


class Forgotten(list[str]):
    async def __call__(self, task) -> None:
        await asyncio.sleep(0)
        self.append(task.key)


@pytest.fixture
def forgotten():
    return Forgotten()


@pytest.fixture
async def scheduler(runs, clock, forgotten):
    scheduler = Scheduler(runs, clock=clock, forget=forgotten)
    scheduler.start()
    yield scheduler
    for gate in runs.gates.values():
        gate.cancel()
    await scheduler.stop(grace=1)


def state(scheduler, key="t"):
    return scheduler.states()[key][1]


def at(scheduler, clock, key="t"):
    clock.now = state(scheduler, key).next_due
    scheduler.turn()


async def test_an_equal_task_is_left_alone(scheduler, runs, clock):
    """An equal list, though of other objects, changes nothing: same phase, same state, same run."""
    runs.hold = True
    scheduler.put([make_task("a"), make_task("b")])
    at(scheduler, clock, "a")
    await runs.until(lambda: "a" in runs.gates)
    running = scheduler.running
    before = {key: (its, its.next_due) for key, (_, its) in scheduler.states().items()}
    scheduler.put([make_task("b"), make_task("a")])
    for key, (_, its) in scheduler.states().items():
        assert its is before[key][0]
        assert its.next_due == before[key][1]
    assert "a" in runs.gates
    assert scheduler.running == running


async def test_a_part_of_a_list_leaves_all_others_alone(scheduler, clock):
    """New tasks enter, another version goes on in its place, an equal one changes nothing."""
    equal, changed, other = make_task("equal"), make_task("changed"), make_task("other")
    scheduler.put([equal, changed, other])
    before = {key: (its, its.next_due) for key, (_, its) in scheduler.states().items()}
    clock.advance(3)
    scheduler.put([make_task("equal"), make_task("changed", timeout=1.0), make_task("new")])
    assert list(scheduler.states()) == ["equal", "changed", "other", "new"]
    assert scheduler.states()["equal"][0] is equal
    assert scheduler.states()["other"][0] is other
    assert scheduler.states()["changed"][0].timeout == 1.0
    for key, (its, due) in before.items():
        assert state(scheduler, key) is its
        assert its.next_due == due
    assert clock.now <= state(scheduler, "new").next_due <= clock.now + 10
    scheduler.put([make_task("changed", timeout=1.0, interval=3600)])
    assert clock.now + 10 < state(scheduler, "changed").next_due <= clock.now + 3600


async def test_some_can_be_removed_alone(scheduler, runs, clock, forgotten):
    """The others stay as they are, what runs comes to its end, and what is not there is passed over."""
    runs.hold = True
    scheduler.put([make_task("runs"), make_task("rests", interval=86400), make_task("stays")])
    at(scheduler, clock, "runs")
    await runs.until(lambda: "runs" in runs.gates)
    scheduler.remove(["runs", "rests", "nobody"])
    assert list(scheduler.states()) == ["stays"]
    await settle()
    assert forgotten == ["rests"]
    runs.end("runs")
    await settle()
    assert forgotten == ["rests", "runs"]


@pytest.mark.parametrize("interval", [0.5, 1, 7, 3600])
async def test_the_rate_follows_every_change(scheduler, interval):
    """It decides on the grid of phases."""
    scheduler.put([make_task(f"t{n}", interval=10) for n in range(20)])
    assert scheduler._roster.rate == pytest.approx(2)
    scheduler.put([make_task(f"t{n}", interval=interval) for n in range(15, 25)])
    assert scheduler._roster.rate == pytest.approx(1.5 + 10 / interval)
    scheduler.remove([f"t{n}" for n in range(25)])
    assert scheduler._roster.rate == 0


async def test_the_last_task_can_be_removed(scheduler, runs, clock):
    """Nothing of it runs any more."""
    scheduler.put([make_task()])
    scheduler.remove(["t"])
    clock.advance(100)
    scheduler.turn()
    await settle()
    assert runs.started == []
    assert len(scheduler.states()) == 0


async def test_a_changed_task_keeps_its_counts_and_its_phase(scheduler, runs, clock):
    """Another timeout: same phase, same history. Another interval: its own phase at once."""
    scheduler.put([make_task()])
    at(scheduler, clock)
    await settle()
    due = state(scheduler).next_due
    scheduler.put([make_task(timeout=1.0)])
    assert state(scheduler).next_due == due
    assert state(scheduler).runs == 1
    scheduler.put([make_task(timeout=1.0, interval=3600)])
    assert state(scheduler).next_due != due
    assert clock.now <= state(scheduler).next_due <= clock.now + 3600
    assert state(scheduler).runs == 1


@pytest.mark.parametrize("fields", [{"device": Device(host="other")}, {"plugin": "other"}])
async def test_another_device_ends_a_pause(scheduler, runs, clock, fields):
    """Paused for refused credentials: another label does not help, another device's fields do."""
    runs.give = lambda task: failed_run("AuthenticationFailed", pauses=True)
    scheduler.put([make_task()])
    at(scheduler, clock)
    await settle()
    assert state(scheduler).paused == "it failed"
    scheduler.put([make_task(labels={"site": "x"})])
    assert state(scheduler).paused == "it failed"
    scheduler.put([make_task(labels={"site": "x"}, **fields)])
    assert state(scheduler).paused == ""


async def test_the_end_of_an_old_run_does_not_pause_the_new_task(scheduler, runs, clock):
    """The device's password was corrected while a run with the old one was still going on."""
    runs.hold = True
    scheduler.put([make_task()])
    at(scheduler, clock)
    await runs.until(lambda: "t" in runs.gates)
    scheduler.put([make_task(device=Device(host="other"))])
    runs.end("t", failed_run("AuthenticationFailed", pauses=True))
    await settle()
    assert state(scheduler).paused == ""
    assert state(scheduler).runs == 1


async def test_removed_tasks_are_forgotten(scheduler, forgotten):
    """The engine is told, so that it can end the task's series."""
    scheduler.put([make_task("a"), make_task("b")])
    scheduler.remove(["a"])
    await settle()
    assert forgotten == ["a"]


async def test_a_running_task_is_forgotten_after_its_run(scheduler, runs, clock, forgotten):
    """Its last samples must not come after its end was told."""
    runs.hold = True
    scheduler.put([make_task()])
    at(scheduler, clock)
    await runs.until(lambda: "t" in runs.gates)
    scheduler.remove(["t"])
    await settle()
    assert forgotten == []
    assert runs.cancelled == []
    runs.end("t")
    await settle()
    assert forgotten == ["t"]


async def test_a_task_that_comes_back_is_not_forgotten(scheduler, runs, clock, forgotten):
    """Removed and added again while it runs: nothing overlaps, and nothing ends."""
    runs.hold = True
    scheduler.put([make_task()])
    at(scheduler, clock)
    await runs.until(lambda: "t" in runs.gates)
    scheduler.remove(["t"])
    scheduler.put([make_task()])
    at(scheduler, clock)
    await settle()
    assert runs.started == ["t"]
    assert state(scheduler).missed == 1
    runs.end("t")
    await settle()
    assert forgotten == []
    scheduler.remove(["t"])
    scheduler.put([make_task()])
    await settle()
    assert forgotten == []


async def test_a_waiting_task_can_be_removed(runs, clock):
    """It leaves the queue, and its place goes to the next one."""
    scheduler = Scheduler(runs, clock=clock, slots=1)
    scheduler.start()
    runs.hold = True
    scheduler.put([make_task(n) for n in ("a", "b", "c")])
    clock.advance(9.999)
    scheduler.turn()
    await runs.until(lambda: len(runs.started) == 1)
    first = runs.started[0]
    keep, go = sorted({"a", "b", "c"} - {first})
    scheduler.remove([go])
    runs.end(first)
    await runs.until(lambda: len(runs.started) == 2)
    runs.end(keep)
    await settle()
    assert go not in runs.started
    assert scheduler.waiting == 0
    await scheduler.stop()


async def test_a_farewell_that_fails_does_not_stop_the_others(runs, clock, caplog):
    """One broken end is logged; the others are told."""
    told = []

    async def forget(task):
        if task.id == "a":
            raise OSError("no")
        told.append(task.id)

    scheduler = Scheduler(runs, clock=clock, forget=forget)
    scheduler.put([make_task(n) for n in "abc"])
    with caplog.at_level(logging.CRITICAL, "orbital.scheduler"):
        scheduler.remove("abc")
        await scheduler.stop()
    assert told == ["b", "c"]


async def test_trigger_runs_now(scheduler, runs, clock):
    """Without waiting for the phase, and without moving it."""
    runs.give = lambda task: good_run(samples=42)
    scheduler.put([make_task()])
    due = state(scheduler).next_due
    run = await scheduler.trigger("t")
    assert run.samples == 42
    assert state(scheduler).next_due == due
    assert scheduler.totals.lateness.count == 0
    at(scheduler, clock)
    await settle()
    assert len(runs.started) == 2


async def test_trigger_waits_for_the_run_that_goes_on(scheduler, runs, clock):
    """It does not overlap it: it runs right after, once for all who asked meanwhile."""
    runs.hold = True
    scheduler.put([make_task()])
    at(scheduler, clock)
    await runs.until(lambda: "t" in runs.gates)
    asked = [asyncio.create_task(scheduler.trigger("t")) for _ in range(3)]
    await settle()
    assert runs.started == ["t"]
    runs.end("t")
    await runs.until(lambda: "t" in runs.gates)
    runs.end("t", good_run(samples=7))
    assert [run.samples for run in await asyncio.gather(*asked)] == [7, 7, 7]
    assert runs.started == ["t", "t"]


async def test_trigger_jumps_the_queue(runs, clock):
    """A person waits: the task goes before those that queue, and its tick is not run twice."""
    scheduler = Scheduler(runs, clock=clock, slots=1)
    scheduler.start()
    runs.hold = True
    scheduler.put([make_task(f"t{n}") for n in range(5)])
    clock.advance(9.999)
    scheduler.turn()
    await runs.until(lambda: len(runs.started) == 1)
    last = max(scheduler.states().values(), key=lambda s: s[1].next_due)[0].key
    asked = asyncio.create_task(scheduler.trigger(last))
    await settle()
    runs.end(runs.started[0])
    await runs.until(lambda: len(runs.started) == 2)
    assert runs.started[1] == last
    runs.end(last)
    await asked
    for _ in range(3):
        await runs.until(lambda: bool(runs.gates))
        runs.end(next(iter(runs.gates)))
        await settle()
    assert sorted(runs.started) == [f"t{n}" for n in range(5)]
    await scheduler.stop()


async def test_trigger_of_what_is_not_there(scheduler, runs, clock):
    """Unknown, removed while it waited, or too late: whoever asked is told, and nobody waits for ever."""
    with pytest.raises(LookupError, match="'nope'"):
        await scheduler.trigger("nope")
    runs.hold = True
    scheduler.put([make_task()])
    at(scheduler, clock)
    await runs.until(lambda: "t" in runs.gates)
    asked = asyncio.create_task(scheduler.trigger("t"))
    await settle()
    scheduler.remove(["t"])
    runs.end("t")
    with pytest.raises(LookupError, match="removed"):
        await asked
    await scheduler.stop()
    with pytest.raises(LookupError):
        await scheduler.trigger("t")


async def test_ticks_count_from_the_start(runs, clock):
    """Tasks that were applied long before the start have missed nothing."""
    scheduler = Scheduler(runs, clock=clock)
    scheduler.put([make_task()])
    clock.advance(1000)
    scheduler.start()
    at(scheduler, clock)
    await settle()
    assert runs.started == ["t"]
    assert scheduler.totals.missed == 0
    await scheduler.stop()


async def test_equal_means_equal(scheduler):
    """Secrets and nested settings count: a task is the same only if every field is."""
    one = make_task(labels={"site": "x"})
    scheduler.put([one])
    scheduler.put([replace(one, labels={"site": "x"})])
    assert scheduler.states()["t"][0] is one
    scheduler.put([other := replace(one, labels={"site": "y"})])
    assert scheduler.states()["t"][0] is other
