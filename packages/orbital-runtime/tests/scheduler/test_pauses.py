"""Tasks that are refused look again slowly, one of a device at a time, and are not told as failing ones."""

from __future__ import annotations

import pytest

from orbital_runtime.model import Status, TaskState
from orbital_runtime.scheduler.pacing.pauses import Pauses
from orbital_runtime.scheduler.scheduler import Scheduler
from orbital_runtime_testing.runs import Device, failed_run, good_run, make_task, settle

REFUSED = failed_run("AuthenticationFailed", pauses=True, error="wrong password")


@pytest.fixture
async def told():
    return []


@pytest.fixture
async def scheduler(runs, clock, told):
    async def pass_over(task):
        told.append(task.key)

    one = Scheduler(runs, clock=clock, pass_over=pass_over, pause_retry=60)
    one.start()
    runs.give = lambda task: REFUSED
    yield one
    await one.stop()


async def pass_by(scheduler, clock, seconds):
    for _ in range(seconds):
        clock.advance(1)
        scheduler.turn()
        await settle()


def test_the_tasks_of_a_device_share_its_pace():
    """One of three looks a minute, in turn; another device has its own."""
    pauses, states = Pauses(60), {key: TaskState() for key in "abcx"}
    for key in "abc":
        pauses.refused(key, "sw", states[key], 1000)
    pauses.refused("x", "other", states["x"], 1000)
    assert [states[key].next_look for key in "abcx"] == [1060, 1120, 1180, 1060]
    pauses.refused("a", "sw", states["a"], 1060)
    assert states["a"].next_look == 1240


def test_when_one_is_let_in_the_others_look():
    """What was mended for one may be mended for all; one that was never refused tells nothing."""
    pauses, states = Pauses(60), {key: TaskState() for key in "abc"}
    for key in "ab":
        pauses.refused(key, "sw", states[key], 1000)
    pauses.accepted("c", "sw")
    assert states["b"].next_look == 1120
    pauses.accepted("a", "sw")
    assert (states["a"].next_look, states["b"].next_look) == (0, 0)


def test_a_hurry_sends_one_of_each_device():
    """Not all of them at once: the account would be locked."""
    pauses, states = Pauses(60), {key: TaskState() for key in "abx"}
    for key, device in (("a", "sw"), ("b", "sw"), ("x", "other")):
        pauses.refused(key, device, states[key], 1000)
    pauses.retry_now()
    assert [states[key].next_look for key in "abx"] == [0, 1120, 0]


async def test_a_refused_task_looks_once_a_minute(scheduler, runs, clock, told):
    """Its other ticks ask nobody: they are passed over and counted so, and are neither runs nor failures."""
    scheduler.put([make_task(interval=10)])
    await pass_by(scheduler, clock, 300)
    state = scheduler.states()["t"][1]
    assert 4 <= len(runs.started) <= 6
    assert state.runs == state.failed == len(runs.started)
    assert state.skipped == {"paused": 30 - len(runs.started)}
    assert scheduler.totals.skipped == state.skipped
    assert told == ["t"] * state.skipped["paused"]
    assert (state.status, state.paused) == (Status.PAUSED, "wrong password")
    runs.give = lambda task: good_run()
    await pass_by(scheduler, clock, 80)
    assert (state.status, state.paused, state.next_look) == (Status.SUCCESS, "", 0)


async def test_twenty_tasks_of_a_device_look_no_oftener_than_one(scheduler, runs, clock):
    """Twenty tasks with one wrong password are no twenty attempts a minute; mended, all are back soon."""
    scheduler.put([make_task(f"t{n}", device_id="sw", interval=10) for n in range(20)])
    await pass_by(scheduler, clock, 10)
    first = len(runs.started)
    assert first == 20
    await pass_by(scheduler, clock, 600)
    assert 8 <= len(runs.started) - first <= 11
    runs.give = lambda task: good_run()
    await pass_by(scheduler, clock, 80)
    assert {state.status for _, state in scheduler.states().values()} == {Status.SUCCESS}


async def test_a_trigger_asks_at_once(scheduler, runs, clock):
    """Whoever mended it need not wait; and if it is still refused, the pause begins again."""
    scheduler.put([make_task(interval=10)])
    await pass_by(scheduler, clock, 11)
    assert (await scheduler.trigger("t")).pauses
    assert len(runs.started) == 2
    runs.give = lambda task: good_run()
    assert (await scheduler.trigger("t")).up
    assert scheduler.states()["t"][1].status is Status.SUCCESS


async def test_other_settings_are_tried_at_the_next_tick(scheduler, runs, clock):
    """The password was corrected in the configuration."""
    scheduler.put([make_task(interval=10)])
    await pass_by(scheduler, clock, 11)
    scheduler.put([make_task(interval=10, device=Device(host="mended"))])
    assert scheduler.states()["t"][1].status is not Status.PAUSED
    runs.give = lambda task: good_run()
    await pass_by(scheduler, clock, 10)
    assert len(runs.started) == 2
    assert scheduler.states()["t"][1].status is Status.SUCCESS


async def test_a_task_that_goes_is_forgotten(scheduler, clock):
    """Nothing of it slows down those that stay."""
    scheduler.put(
        [make_task("a", device_id="sw", interval=10), make_task("b", device_id="sw", interval=10)]
    )
    await pass_by(scheduler, clock, 11)
    scheduler.remove(list(scheduler.states()))
    await settle()
    assert scheduler.pauses._paused == {}


async def test_only_paused_tasks_are_no_silence(scheduler, clock):
    """Where nothing is due because all is paused, readiness has nothing to say."""
    scheduler.put([make_task(interval=10)])
    await pass_by(scheduler, clock, 50)
    assert scheduler.silence == 0
