"""A receiver's task_session: begun in a run, begun again when it ends by itself, ended when its task is."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest

from orbital_runtime.engine.run_limits import RunLimits
from orbital_runtime.model import Status
from orbital_runtime_testing.engine import VALUE
from orbital_runtime_testing.runs import Device
from orbital_sdk import (
    AuthenticationFailed,
    ConfigurationError,
    DeviceUnreachable,
    OrbitalError,
    ReceiverStopped,
)

from .conftest import TASK, Listener, ReceiverRig


async def test_it_serves_from_its_first_run_on(rig):
    """Once, however many runs there are; each says that it is up."""
    for _ in range(3):
        run = await rig.run(TASK)
        assert (run.status, run.up, run.samples) == (Status.SUCCESS, True, 0)
    assert rig.plugin.began == 1
    assert rig.engine.sessions.opened == {"fake": 1}


async def test_retries_do_not_hide_why_it_ended(rig):
    """A task with `retries` tells why its receiver ended; only a later run begins it again."""
    task = replace(TASK, retries=2)
    await rig.run(task)
    await rig.plugin.fail(DeviceUnreachable("the broker is away"))
    run = await rig.run(task)
    assert (run.status, run.up, run.error) == (Status.FAILED, False, "the broker is away")
    assert rig.plugin.began == 1
    assert (await rig.run(task)).up


async def test_what_fails_at_once_fails_its_first_run(rig):
    """A port that is taken is told by the run that wanted it, and tried again later."""

    async def serve(device, emit):
        raise ConfigurationError("port 162 is taken; set another")

    rig.plugin.serve = serve
    run = await rig.run(TASK)
    assert (run.status, run.up, run.pauses) == (Status.FAILED, False, True)
    assert run.error == "port 162 is taken; set another"
    assert rig.engine.sessions.opened == {"fake": 0} or not rig.engine.sessions.opened


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (None, "CollectError"),
        (DeviceUnreachable("the broker is away"), "DeviceUnreachable"),
        (ZeroDivisionError("a bug"), "Bug"),
        (SystemExit(3), "Bug"),
        (asyncio.CancelledError(), "Bug"),
    ],
)
async def test_what_ends_by_itself_is_told_and_begun_again(rig, error, kind):
    """The next run, which comes at once, says why; after a pause another one begins it again."""
    emit = await rig.serving()
    await rig.plugin.fail(error)
    assert rig.looks == ["t"]
    with pytest.raises(ReceiverStopped):
        await emit([VALUE(1, "a")])
    run = await rig.run(TASK)
    assert (run.status, run.up, run.error_kind) == (Status.FAILED, False, kind)
    assert rig.engine.totals.bugs.total() == (kind == "Bug")
    rig.looked.clear()
    await rig.looked.wait()
    assert (await rig.run(TASK)).up
    assert rig.plugin.began == 2
    assert rig.engine.totals.restarts == {"fake": 1}
    await rig.plugin.emit([VALUE(1, "a")])


async def test_what_is_refused_waits_for_its_tasks_next_look(rig):
    """Wrong credentials are not tried every second: the task pauses, as any other does."""
    await rig.serving()
    await rig.plugin.fail(AuthenticationFailed("the broker refuses the password"))
    assert rig.looks == ["t"]
    run = await rig.run(TASK)
    assert (run.pauses, run.error) == (True, "the broker refuses the password")
    assert not rig.receivers._waiting
    assert (await rig.run(TASK)).up


async def test_pauses_grow():
    """A receiver that crashes all the time does so once a minute in the end."""
    rig = ReceiverRig(Listener(), first=1.0)

    async def serve(device, emit):
        raise ZeroDivisionError

    rig.plugin.serve = serve
    loop, pauses = asyncio.get_running_loop(), []
    for _ in range(9):
        await rig.run(TASK)
        ((_, timer),) = rig.receivers._waiting.items()
        pauses.append(round(timer.when() - loop.time()))
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    await rig.receivers.end()
    rig.pool.shutdown()


async def test_another_device_ends_it_first(rig):
    """The old one has let go of its port before the new one wants it."""
    order = []

    async def serve(device, emit):
        order.append(("begin", device.port))
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            order.append(("end", device.port))

    rig.plugin.serve = serve
    await rig.run(TASK)
    await rig.run(replace(TASK, device=Device(port=2)))
    assert order == [("begin", None), ("end", None), ("begin", 2)]


async def test_other_labels_do_not(rig):
    """They are on what comes from the next run on, and nothing is missed."""
    emit = await rig.serving()
    await rig.run(replace(TASK, labels={"site": "two"}))
    rig.batches.clear()
    await emit([VALUE(1, "a")])
    assert dict(rig.batches[0].layout.rows[0].labels)["site"] == "two"
    assert rig.plugin.began == 1


async def test_a_task_that_goes_ends_it(rig):
    """With its session."""
    emit = await rig.serving()
    await rig.engine.forget(TASK)
    for _ in range(10):
        await asyncio.sleep(0)
    with pytest.raises(ReceiverStopped):
        await emit([VALUE(1, "a")])
    assert not rig.engine.sessions.opened.total()


async def test_what_it_emits_while_it_ends_is_taken():
    """It may hand over in `finally` what it still holds."""

    class Holding(Listener):
        async def serve(self, device, emit):
            try:
                await asyncio.Event().wait()
            finally:
                await emit([VALUE(1, "last")])

    rig = ReceiverRig(Holding())
    await rig.run(TASK)
    await rig.receivers.end()
    assert [of for of, _, _ in rig.samples()] == ["last"]
    rig.pool.shutdown()


async def test_one_that_does_not_end_is_left_behind(rig):
    """The stop goes on after its time; the task cannot begin another one beside it, and says why."""
    let_go = asyncio.Event()

    async def serve(device, emit):
        rig.plugin.emit = emit
        while not let_go.is_set():
            with suppress(asyncio.CancelledError):
                await let_go.wait()

    rig.plugin.serve = serve
    await rig.run(TASK)
    run = await rig.run(replace(TASK, device=Device(port=2)))
    assert "still being closed" in run.error or "given up" in run.error
    assert rig.engine.sessions.not_closed == {"fake": 1}
    assert rig.engine.invoker.overruns.abandoned == {"fake": 1}
    with pytest.raises(ReceiverStopped):
        await rig.plugin.emit([VALUE(1, "a")])
    let_go.set()
    for _ in range(10):
        await asyncio.sleep(0)
    assert rig.engine.invoker.overruns.abandoned == {"fake": 0}


async def test_a_receiver_may_collect_too():
    """At each interval: what it knows about itself."""

    class Counting(Listener):
        def collect(self, device, ctx):
            return [VALUE(self.began, "began")]

    rig = ReceiverRig(Counting())
    run = await rig.run(TASK)
    assert (run.samples, rig.take()["began"]) == (1, 1.0)
    await rig.plugin.emit([VALUE(1, "a")])
    assert (await rig.run(TASK)).samples == 2
    await rig.receivers.end()
    rig.pool.shutdown()


async def test_a_test_serves_for_a_moment_and_takes_nothing(rig):
    """`sentinel test`: it can listen, or why it cannot; what a sender sends meanwhile it keeps."""
    told = []

    async def serve(device, emit):
        with pytest.raises(ReceiverStopped) as refusal:
            await emit([VALUE(1, "a")])
        told.append(refusal.value)
        await asyncio.Event().wait()

    rig.plugin.serve = serve
    assert await rig.engine.test(TASK) == "device.test: ready to receive"
    assert len(told) == 1
    assert rig.batches == []

    async def fails(device, emit):
        raise ConfigurationError("port 162 is taken")

    rig.plugin.serve = fails
    with pytest.raises(OrbitalError, match="port 162 is taken"):
        await rig.engine.test(TASK)


async def test_a_receiver_that_collects_is_tested_by_serving():
    """What `collect` knows says nothing about whether it can receive."""

    class Knows(Listener):
        async def collect(self, device, ctx):
            return [VALUE(1, "a"), VALUE(2, "b")]

        async def serve(self, device, emit):
            raise ConfigurationError("port 162 is taken")

    with pytest.raises(OrbitalError, match="port 162 is taken"):
        await ReceiverRig(Knows()).engine.test(TASK)


async def test_a_test_of_its_own_is_asked(rig):
    """Where the plugin has one, it does not serve."""

    async def test_connection(self, device, ctx):
        return "all is well"

    type(rig.plugin).test_connection = test_connection
    try:
        assert await rig.engine.test(TASK) == "all is well"
    finally:
        del type(rig.plugin).test_connection
    assert rig.plugin.began == 0


async def test_serve_is_a_coroutine(rig):
    """A plain `def` is named for what it is."""
    rig.plugin.serve = lambda device, emit: None
    run = await rig.run(TASK)
    assert "serve() is not a coroutine; write it as `async def`" in run.error


async def test_the_first_run_does_not_wait_long():
    """Not longer than the task may: half of its time, and a fifth of a second at most."""
    rig = ReceiverRig(Listener(), limits=RunLimits())
    task = replace(TASK, timeout=0.05)
    async with asyncio.timeout(60):
        # on a busy machine the other half is soon over
        while not (await rig.run(task)).up:  # noqa: ASYNC110 (runs have no event)
            await asyncio.sleep(0)
    await rig.receivers.end()
    rig.pool.shutdown()
