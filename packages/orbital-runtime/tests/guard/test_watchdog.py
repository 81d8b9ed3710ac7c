"""What holds the loop is named while it does: plugin, task and line; what does not is left in peace."""

from __future__ import annotations

import asyncio
import logging
import re
import threading
import time

import pytest

from orbital_runtime.guard.watchdog import AGAIN, Watchdog
from orbital_runtime.guard.within import driven
from orbital_runtime.guard.work import Work
from orbital_runtime.hosting.hosts import Hosts
from orbital_runtime.processor.chain import Chain
from orbital_sdk import Processor, ProcessorConfig
from orbital_sdk.testing import make_layout

LIMIT = 20.0
"""Seconds after which a test gives up."""


class Loop:
    """A loop's timer as the scheduler has it: overdue from the moment on that is set."""

    def __init__(self) -> None:
        self.due = float("inf")

    def overdue(self) -> float:
        return time.monotonic() - self.due


@pytest.fixture
def loop():
    return Loop()


@pytest.fixture
def dog(loop):
    one = Watchdog(loop.overdue, lambda package: f"of {package}", threshold=0.001)
    yield one
    one.stop()


def spin(loop, dog, caplog, held):
    """Hold this thread until it was named in the log; the loop turns again afterwards."""
    loop.due = time.monotonic()
    until = time.monotonic() + LIMIT
    while held not in caplog.text and time.monotonic() < until:
        sum(range(100))
    loop.due = float("inf")


async def over(dog):
    """The watchdog saw that the loop turns again."""
    async with asyncio.timeout(LIMIT):
        while dog.last is None:  # noqa: ASYNC110 (a thread has no event to await)
            await asyncio.sleep(AGAIN)


async def test_a_run_that_holds_the_loop_is_named_while_it_does(loop, dog, caplog):
    """Plugin, task and line stand in the log before the loop turns again, with what helps a `collect` as well
    as a `serve`; count and seconds after that.
    """

    async def collect():
        spin(loop, dog, caplog, "plugin 'spins', task 'shop', holds the agent")

    dog.start()
    await asyncio.create_task(driven(Work(collect(), "spins", "shop")))
    assert re.search(r"all tasks wait: at test_watchdog\.py:\d+ in spin\(\)", caplog.text)
    assert "do this on a thread: `asyncio.to_thread`, or a plain `def collect`" in caplog.text
    await over(dog)
    assert dog.holds["spins"] == 1
    assert dog.seconds["spins"] > 0
    assert "plugin 'spins', task 'shop', held the agent for" in caplog.text


async def test_what_holds_the_loop_in_the_background_is_named(loop, dog, caplog):
    """Of a plugin as of a writer, by its kind; what is to be done is said, too."""

    async def tend():
        spin(loop, dog, caplog, "writer 'spins' holds the agent")

    dog.start()
    await Hosts().writer("spins", "main").spawn(tend())
    assert "in spin(); it has to be quicker" in caplog.text
    await over(dog)
    assert dog.holds["spins"] == 1


async def test_a_task_of_a_plugins_own_is_told_by_its_package(loop, dog, caplog):
    """There is no run around it: its package says whose it is, and the line is there all the same."""

    async def beside():
        spin(loop, dog, caplog, "holds the agent")

    dog.start()
    await asyncio.create_task(beside())
    await over(dog)
    package = __name__.partition(".")[0]
    assert dog.holds == {f"of {package}": 1}
    assert f"plugin 'of {package}' holds the agent" in caplog.text


async def test_a_processor_that_holds_the_loop_is_named(loop, dog, caplog):
    """Whatever package it comes from: a batch of its is on the loop, in nobody's run."""

    class Spins(Processor[ProcessorConfig]):
        name = "slow"

        def plan(self, layout):
            spin(loop, dog, caplog, "processor 'slow' holds the agent")
            return layout.rows

    dog.start()
    Chain([Spins(ProcessorConfig())]).plan(make_layout(1))
    await over(dog)
    assert dog.holds == {"slow": 1}
    assert re.search(r"at test_watchdog\.py:\d+ in spin\(\); it has to be quicker", caplog.text)


async def test_the_second_time_is_only_counted(loop, dog, caplog):
    """The log is not filled with it, whichever line of its function it is at."""
    dog.start()
    caplog.set_level(logging.WARNING, "orbital")

    async def collect(times):
        loop.due = time.monotonic()
        while dog.holds["spins"] < times:
            sum(range(100))
        loop.due = float("inf")

    for times in (1, 2):
        dog.last = None
        await driven(Work(collect(times), "spins", "shop"))
        await over(dog)
    assert dog.holds == {"spins": 2}
    assert len(caplog.records) == 2


async def test_a_machine_that_was_away_is_no_hold(loop, dog):
    """After a sleep of the machine the timer is overdue, and turns at once: nobody held it."""
    looks = threading.Event()

    def overdue():
        looked, late = looks.is_set(), loop.overdue()
        looks.set()
        return 0.0 if looked else late

    dog._overdue = overdue
    loop.due = time.monotonic() - 3600
    dog.start()
    await asyncio.to_thread(looks.wait, LIMIT)
    dog.stop()
    assert not dog.holds


async def test_a_threshold_of_zero_looks_away(loop, dog):
    """It can be switched off, also while it runs."""
    dog.threshold = 0
    loop.due = time.monotonic() - 3600
    assert not dog._is_held()
