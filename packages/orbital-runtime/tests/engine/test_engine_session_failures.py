"""A session whose opening or closing fails, hangs or blocks costs its own task, and no other."""

from __future__ import annotations

import asyncio
import threading

import pytest

from orbital_runtime.model import Status
from orbital_runtime_testing.sessions import (
    LONG,
    SOON,
    Line,
    Lines,
    at,
)
from orbital_sdk import (
    AuthenticationFailed,
    ConfigurationError,
    DeviceUnreachable,
)


class GreenletTimeout(BaseException):
    """As gevent's."""


ANYTHING = (
    RuntimeError, GreenletTimeout, GeneratorExit, KeyboardInterrupt, SystemExit, asyncio.CancelledError,
)  # fmt: skip


@pytest.mark.parametrize(
    ("error", "kind", "pauses"),
    [
        (DeviceUnreachable("no answer"), "DeviceUnreachable", False),
        (AuthenticationFailed("no answer"), "AuthenticationFailed", True),
        (ConfigurationError("no answer"), "ConfigurationError", True),
        (KeyError("no answer"), "Bug", False),
        *[(kind("no answer"), "Bug", False) for kind in ANYTHING],
    ],
)
@pytest.mark.parametrize("form", ["async", "plain"])
async def test_an_open_that_fails_is_a_failed_run(make_rig, error, kind, pauses, form):
    """`up` is 0 under the device's name, the reason is told, and the next run tries again."""

    class Refuses(Lines):
        if form == "async":

            async def open(self, device):
                raise error

        else:

            def open(self, device):
                raise error

    rig = make_rig(Refuses())
    for _ in range(2):
        run = await rig.run(at("a"))
        assert (run.status, run.up, run.error_kind, run.pauses) == (
            Status.FAILED, False, kind, pauses,
        )  # fmt: skip
        assert "no answer" in run.error
    assert rig.batches[-1].layout.origin.target == "a"
    assert rig.sessions.opened == {}
    Refuses.open = Lines.open
    assert (await rig.run(at("a"))).up


async def test_an_open_that_gives_no_session_is_a_bug(make_rig):
    """A forgotten return is told in words."""

    class Forgets(Lines):
        async def open(self, device):
            Line(self, device)

    run = await make_rig(Forgets()).run()
    assert (run.error_kind, run.up) == ("Bug", False)
    assert "open() gave NoneType; return a Session" in run.error


class SlowLines(Lines):
    """Opens when it is told to, whoever cancels it."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()

    async def open(self, device):
        self.diary.append(f"open {device.host}")
        while not self.go.is_set():
            try:
                await self.go.wait()
            except asyncio.CancelledError:
                continue
        return self.kind(self, device)

    def exclusive(self, device):
        return None

    def release(self):
        self.go.set()


class BlockingLines(SlowLines):
    """The same on a thread."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    def open(self, device):
        self.diary.append(f"open {device.host}")
        self.go.wait()
        return self.kind(self, device)


@pytest.mark.parametrize("form", [SlowLines, BlockingLines])
async def test_an_open_that_hangs_costs_its_own_task(make_rig, form):
    """Given up at the deadline and not begun again beside itself; a session that comes late is closed."""
    closed = asyncio.Event()

    class Told(Line):
        async def close(self):
            await super().close()
            closed.set()

    rig = make_rig(form())
    rig.plugin.kind = Told
    try:
        assert (await rig.run(at("a", timeout=SOON))).error_kind == "Timeout"
        assert (await rig.run(at("a", timeout=SOON))).error_kind == "StillRunning"
        assert rig.done() == ["open a"]
    finally:
        rig.plugin.release()
    async with asyncio.timeout(LONG):
        await closed.wait()
    assert rig.done() == ["close a"]
    assert (await rig.run(at("a"))).up
    assert rig.done() == ["open a", "collect a"]
    assert rig.sessions.opened == {"fake": 1}


@pytest.mark.parametrize("raises", ANYTHING)
@pytest.mark.parametrize("form", ["async", "plain"])
async def test_a_close_that_raises_costs_nothing_else(make_rig, caplog, raises, form):
    """It is counted each time and told once; the next session opens."""

    class Fails(Line):
        if form == "async":

            async def close(self):
                raise raises("oops")

        else:

            def close(self):
                raise raises("oops")

    rig = make_rig()
    rig.plugin.kind = Fails
    for host in ("a", "b", "a"):
        assert (await rig.run(at(host))).up
    assert rig.sessions.not_closed == {"fake": 2}
    (record,) = caplog.records
    told = f"plugin fake did not close its session with a: {raises.__name__}: oops; further ones"
    assert record.message.startswith(told)


async def test_a_close_that_hangs_costs_nothing_else(make_rig, caplog):
    """It is given up after its time, counted and told; other tasks go on meanwhile, and then its own."""
    closing = asyncio.Event()

    class Hangs(Line):
        async def close(self):
            closing.set()
            await asyncio.Event().wait()

    rig = make_rig()
    rig.plugin.kind = Hangs
    rig.sessions._closer.seconds = SOON
    await rig.run(at("a"))
    again = asyncio.create_task(rig.run(at("b")))
    await closing.wait()
    assert (await rig.run(at("c", "other"))).up
    assert (await again).up
    assert rig.sessions.not_closed == {"fake": 1}
    assert "did not close its session with a: no result within 0.02 s" in caplog.text


async def test_a_close_that_blocks_its_thread_is_left_behind(make_rig):
    """The thread is counted as stuck until it returns; the next session opens all the same."""
    go = threading.Event()

    class Blocks(Line):
        def close(self):
            go.wait()

    rig = make_rig()
    rig.plugin.kind = Blocks
    rig.sessions._closer.seconds = SOON
    try:
        for host in ("a", "b"):
            assert (await rig.run(at(host))).up
        assert rig.sessions.not_closed == {"fake": 1}
        assert rig.engine.invoker.overruns.stuck == {"fake": 1}
    finally:
        go.set()


async def test_a_run_of_another_device_waits_for_the_close_no_longer_than_it_may(make_rig):
    """Where the session before takes longer than the run has: said so, and tried again at the next tick."""
    go = asyncio.Event()

    class Slow(Line):
        async def close(self):
            await go.wait()

    rig = make_rig()
    rig.plugin.kind = Slow
    await rig.run(at("a"))
    run = await rig.run(at("b", timeout=SOON))
    assert (run.error_kind, run.up) == ("StillRunning", False)
    assert "session before this one is still being closed" in run.error
    go.set()
    assert (await rig.run(at("b"))).up
