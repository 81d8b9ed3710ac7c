"""One timer looks after all runs."""

import asyncio
import time

import pytest

from orbital_plugin_ping.address import numeric
from orbital_plugin_ping.native.agenda import Agenda
from orbital_plugin_ping.native.run import Run
from orbital_plugin_ping.pinger import plan


@pytest.fixture
def make():
    """A run that may take so many seconds."""

    def run(seconds=30.0):
        request = plan(numeric("127.0.0.1"), count=1, gap=0.0, timeout=1.0, seconds=seconds)
        return Run(request, asyncio.get_running_loop().create_future())

    return run


async def test_each_is_called_at_its_time(make):
    """In the order of their times, whatever the order of entering; never early; cancelled ones never."""
    agenda, called, now = Agenda(asyncio.get_running_loop()), [], time.monotonic()
    last, first, cancelled, middle = make(), make(), make(), make()
    done = asyncio.Event()

    def call(run):
        called.append(run)
        assert time.monotonic() > run.due - 0.001
        if run is last:
            done.set()

    for run, seconds in ((last, 0.08), (first, 0.02), (cancelled, 0.02), (middle, 0.05)):
        agenda.enter(run, now + seconds, call)
    agenda.cancel(cancelled)
    async with asyncio.timeout(60):
        await done.wait()
    assert called == [first, middle, last]
    for run in (first, cancelled):  # once more does no harm
        agenda.cancel(run)


async def test_nobody_waits_beyond_his_end(make):
    """A run's end comes first, also where it is not a point of the grid."""
    agenda, called = Agenda(asyncio.get_running_loop()), asyncio.Event()
    run = make(0.013)
    agenda.enter(run, time.monotonic() + 3600, lambda _: called.set())
    assert run.due == run.request.end
    async with asyncio.timeout(60):
        await called.wait()


async def test_who_is_called_may_come_again(make):
    """A run that enters anew while it is called is called again; after `close` nobody is."""
    agenda, run, twice = Agenda(asyncio.get_running_loop()), make(), asyncio.Event()

    def again(run):
        agenda.enter(run, time.monotonic(), lambda _: twice.set())

    agenda.enter(run, time.monotonic(), again)
    async with asyncio.timeout(60):
        await twice.wait()
    agenda.enter(run, time.monotonic(), lambda _: pytest.fail("it was closed"))
    agenda.close()
    await asyncio.sleep(0.03)
