"""What holds the loop is named while it does: plugin, task and line; what does not is left in peace."""

from __future__ import annotations

import asyncio
import logging
import queue
import re
import threading
import time
from types import SimpleNamespace

import pytest
import uvloop

from orbital_runtime.guard.calls.within import driven
from orbital_runtime.guard.calls.work import Work
from orbital_runtime.guard.watchdog.culprit import is_idle
from orbital_runtime.guard.watchdog.watchdog import AGAIN, IDLE_LOOKS, Watchdog
from orbital_runtime.hosting.hosts import Hosts
from orbital_runtime.processor.chain import Chain
from orbital_runtime.sender.caller import Caller
from orbital_sdk import Attempt, Processor, ProcessorConfig, Writer, WriterConfig, Written
from orbital_sdk.testing import make_layout

LIMIT = 120.0
"""Seconds after which a test gives up: for a busy machine, not for the promise."""


class Loop:
    """A loop's pulse as its thread sees it: without an answer from the moment on that is set."""

    def __init__(self) -> None:
        self.due = float("inf")
        self.turned = 0.0

    def ask(self, paused: float) -> None:
        """Nobody is asked."""

    def reset(self) -> None:
        self.due = self.turned = time.monotonic()

    def held(self) -> float:
        return max(0.0, time.monotonic() - self.due)


@pytest.fixture
def loop():
    return Loop()


@pytest.fixture
def dog(loop):
    one = Watchdog(lambda package: f"of {package}", threshold=0.001, pulse=loop)
    yield one
    one.stop()


def spin(loop, dog, caplog, held):
    """Hold this thread until it was named in the log; the loop turns again afterwards."""
    loop.due = loop.turned = time.monotonic()
    until = time.monotonic() + LIMIT
    while held not in caplog.text and time.monotonic() < until:
        sum(range(100))
    loop.turned, loop.due = time.monotonic(), float("inf")


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
        spin(loop, dog, caplog, "plugin 'spins', task 'shop', blocks the event loop")

    dog.start()
    await asyncio.create_task(driven(Work(collect(), "spins", "shop")))
    assert re.search(r"all tasks wait: at test_watchdog\.py:\d+ in spin\(\)", caplog.text)
    assert "do this on a thread: `asyncio.to_thread`, or a plain `def collect`" in caplog.text
    await over(dog)
    assert dog.holds["spins"] == 1
    assert dog.seconds["spins"] > 0
    assert "plugin 'spins', task 'shop', blocked the event loop for" in caplog.text


async def test_what_holds_the_loop_in_the_background_is_named(loop, dog, caplog):
    """Of a plugin as of a writer, by its kind; what is to be done is said, too."""

    async def tend():
        spin(loop, dog, caplog, "writer 'spins' blocks the event loop")

    dog.start()
    await Hosts().writer("spins", "main").spawn(tend())
    assert "in spin(); it has to await, or to be a plain `def write`" in caplog.text
    await over(dog)
    assert dog.holds["spins"] == 1


async def test_a_writer_that_holds_the_loop_is_named_with_its_output(loop, dog, caplog):
    """Not the agent itself, whoever calls it: in the log, and in the metrics by its name."""

    class Blocks(Writer[WriterConfig]):
        name = "blocks"

        async def write(self, batches, attempt):
            spin(loop, dog, caplog, "writer 'blocks' of output 'main' blocks the event loop")
            return Written(0)

    dog.start()
    assert await Caller("main", Blocks(WriterConfig())).write([], Attempt(), LIMIT) == Written(0)
    await over(dog)
    assert dog.holds == {"blocks": 1}
    assert "it has to await, or to be a plain `def write`, which gets a thread" in caplog.text


async def test_a_task_of_a_plugins_own_is_told_by_its_package(loop, dog, caplog):
    """There is no run around it: its package says whose it is, and the line is there all the same."""

    async def beside():
        spin(loop, dog, caplog, "blocks the event loop")

    dog.start()
    await asyncio.create_task(beside())
    await over(dog)
    package = __name__.partition(".")[0]
    assert dog.holds == {f"of {package}": 1}
    assert f"plugin 'of {package}' blocks the event loop" in caplog.text


async def test_two_that_hold_the_loop_in_one_turn_are_both_named(loop, dog, caplog):
    """The second one follows before the loop can give a sign of life."""

    async def collect(plugin):
        loop.due = min(time.monotonic(), loop.due)
        until = time.monotonic() + LIMIT
        while f"plugin '{plugin}', task 'shop', blocks the event loop" not in caplog.text:
            assert time.monotonic() < until

    dog.start()
    await driven(Work(collect("first"), "first", "shop"))
    await driven(Work(collect("second"), "second", "shop"))
    loop.turned, loop.due = time.monotonic(), float("inf")
    await over(dog)
    assert dog.holds == {"first": 1, "second": 1}


async def test_a_processor_that_holds_the_loop_is_named(loop, dog, caplog):
    """Whatever package it comes from: a batch of its is on the loop, in nobody's run."""

    class Spins(Processor[ProcessorConfig]):
        name = "slow"

        def plan(self, layout):
            spin(loop, dog, caplog, "processor 'slow' blocks the event loop")
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
        loop.due = loop.turned = time.monotonic()
        while dog.holds["spins"] < times:
            sum(range(100))
        loop.due = float("inf")

    for times in (1, 2):
        dog.last = None
        await driven(Work(collect(times), "spins", "shop"))
        await over(dog)
    assert dog.holds["spins"] == 2
    assert caplog.text.count("plugin 'spins'") == 2


async def test_a_machine_that_was_away_is_no_hold(loop, dog):
    """After a sleep of the machine the timer is overdue, and turns at once: nobody held it."""
    looks = []
    looked = threading.Event()

    def held():
        looks.append(loop.held())
        if len(looks) <= 2:  # before its first look, and at it
            return looks[-1]
        looked.set()
        return 0.0

    dog._pulse = SimpleNamespace(held=held, ask=loop.ask, turned=0.0)
    loop.due = time.monotonic() - 3600
    dog.start()
    assert await asyncio.to_thread(looked.wait, LIMIT)
    dog.stop()
    assert not dog.holds


async def test_a_threshold_of_zero_looks_away(loop, dog):
    """It can be switched off, also while it runs."""
    dog.threshold = 0
    loop.due = time.monotonic() - 3600
    assert not dog._is_held(loop)


async def test_a_hold_of_a_real_loop_is_seen(caplog):
    """It lasts until it was seen: as long as the limit, at the least."""
    dog = Watchdog(lambda package: package, threshold=0.1)
    dog.start()
    began = time.monotonic()
    while not dog.holds and time.monotonic() - began < LIMIT:
        sum(range(100))
    await over(dog)
    dog.stop()
    assert dog.last.seconds >= 0.1


@pytest.mark.parametrize("factory", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_an_idle_loop_is_rarely_asked(dog, factory):
    """To ask wakes it; one that runs Python is asked at each look."""
    begun, over = queue.SimpleQueue(), asyncio.Event()

    async def wait():
        begun.put((threading.get_ident(), asyncio.get_running_loop()))
        await over.wait()

    def run():
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(wait())

    dog._watched = threading.get_ident()
    assert all(dog._is_due() for _ in range(IDLE_LOOKS))
    thread = threading.Thread(target=run)
    thread.start()
    dog._watched, loop = begun.get(timeout=LIMIT)
    until = time.monotonic() + LIMIT
    while not is_idle(dog._watched) and time.monotonic() < until:
        time.sleep(0.001)
    assert [dog._is_due() for _ in range(2 * IDLE_LOOKS)].count(True) == 2
    loop.call_soon_threadsafe(over.set)
    thread.join()


def test_who_is_held_for_just_the_limit_is_looked_at_in_time(dog, loop):
    """The next look is when the limit is over, however soon the last one was."""
    dog.threshold = 1.0
    assert dog._pause(loop) == 0.5
    loop.held = lambda: 0.9
    assert dog._pause(loop) == pytest.approx(0.1)
