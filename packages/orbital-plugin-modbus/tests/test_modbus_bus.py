"""One bus for everybody: no overlap, fair, and patient with the dead."""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import pairwise

import pytest

from orbital_plugin_modbus import ModbusDevice
from orbital_plugin_modbus.backoff import Backoff
from orbital_plugin_modbus.bus import Bus, Way
from orbital_plugin_modbus.exceptions import NoAnswer, Resting
from orbital_plugin_modbus.line import Line, line_of
from orbital_plugin_modbus.mbap import MbapLink
from orbital_plugin_modbus.tables import TABLES, Read
from orbital_plugin_modbus.turns import Turns
from orbital_sdk import CollectError, DeviceUnreachable, PartialCollect
from orbital_sdk.testing import make_context

HOLDING = TABLES["holding"]


async def test_two_tasks_of_two_instances_never_overlap(plugin, device, start_modbus, opened):
    """Seen from the server: one connection, and no request before the last was answered."""
    server = start_modbus(["delay 2"])
    readers = [plugin(0, 10, 20), plugin(100, 110)]
    sessions = [
        await opened(reader, device(server, unit_id=unit))
        for reader in readers
        for unit in range(1, 6)
    ]
    await asyncio.gather(*(session.collect(make_context()) for session in sessions))
    assert len(server.asked) == 25
    assert server.connections == 1
    assert server.overlaps == 0
    for reader in readers:
        await reader.stop()


async def test_the_server_would_see_an_overlap(start_modbus):
    """Two connections that know nothing of each other do overlap: the test above can fail."""
    server = start_modbus(["delay 20"])
    links = [MbapLink(server.host, server.port) for _ in range(2)]
    for link in links:
        await link.open(5)
    await asyncio.gather(*(link.read(1, Read(HOLDING, 0, 1), 5) for link in links))
    assert server.overlaps > 0
    for link in links:
        link.close()


async def test_units_take_turns(plugin, device, script, opened):
    """A unit with ten reads does not keep one with three waiting."""
    server = await script(lambda a: [a.good()])
    many, few = plugin(*range(0, 100, 10)), plugin(0, 10, 20)
    one = await opened(many, device(server, unit_id=1))
    two = await opened(few, device(server, unit_id=2))
    await asyncio.gather(one.collect(make_context()), two.collect(make_context()))
    assert [asked.unit for asked in server.asked][:7] == [1, 2, 1, 2, 1, 2, 1]
    assert server.connections == 1
    await many.stop()
    await few.stop()


async def test_turns_go_round_units_and_not_tasks():
    """Five tasks of unit 1 wait before the one of unit 2 comes: it is served second."""
    turns, order = Turns(), []

    async def use(unit: int) -> None:
        await turns.take(unit)
        order.append(unit)
        await asyncio.sleep(0)
        turns.give()

    await turns.take(9)
    waiting = [asyncio.ensure_future(use(unit)) for unit in (1, 1, 1, 1, 1, 2)]
    await asyncio.sleep(0)
    turns.give()
    await asyncio.gather(*waiting)
    assert order == [1, 2, 1, 1, 1, 1]


async def test_a_turn_that_is_cancelled_is_passed_on():
    """Before it was given, and in the very moment."""
    turns = Turns()
    await turns.take(1)
    first, second = (asyncio.ensure_future(turns.take(unit)) for unit in (2, 3))
    await asyncio.sleep(0)
    turns.give()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    await asyncio.wait_for(second, 60)
    turns.give()
    await asyncio.wait_for(turns.take(1), 60)


async def test_a_dead_unit_is_left_alone(plugin, device, failure, script, bus_of, opened):
    """It costs one time-out a probe: between probes nothing is sent, and the error says when it goes on."""
    server = await script(lambda a: [a.good()] if a.unit == 1 else [])
    reader = plugin(5)
    dead = device(server, unit_id=2, request_timeout=0.05, retries=1)
    bus = bus_of(dead)
    bus.unit(2).backoff = Backoff(first=60)
    alive = await opened(reader, device(server, unit_id=1))
    await alive.collect(make_context())  # connects, in time of its own
    session = await opened(reader, dead)
    await failure(session)
    assert len(server.asked) == 1 + 2  # it might have been one lost answer
    await failure(session)
    assert len(server.asked) == 1 + 3
    for _ in range(5):
        error = await failure(session)
        assert "no answer within 0.05 s; it is asked again in" in str(error)
    assert len(server.asked) == 1 + 3
    await alive.collect(make_context())
    assert [asked.unit for asked in server.asked] == [1, 2, 2, 2, 1]
    await reader.stop()


async def test_waiting_tasks_of_a_unit_that_just_died_do_not_ask_it(
    plugin, device, failure, script, bus_of, opened
):
    """Ten tasks of one dead unit pay one time-out together, not ten."""
    server = await script(lambda a: [])
    dead = device(server, request_timeout=0.05, retries=0)
    reader = plugin(5)
    bus = bus_of(dead)
    bus.unit(1).backoff = Backoff(first=60, free=0)
    sessions = [await opened(reader, dead) for _ in range(10)]
    await asyncio.gather(*map(failure, sessions))
    assert len(server.asked) == 1
    await reader.stop()


async def test_a_gateway_that_names_the_dead_unit(plugin, device, failure, script, bus_of, opened):
    """Exceptions 10 and 11 are a silence that the gateway waited for: the unit rests like a silent one."""
    server = await script(lambda a: [a.refusal(11)])
    reader = plugin(5, 50)
    dead = device(server)
    bus = bus_of(dead)
    bus.unit(1).backoff = Backoff(first=60, free=0)
    session = await opened(reader, dead)
    with pytest.raises(Exception, match="gateway target device failed to respond"):
        await session.collect(make_context())
    assert "it is asked again in" in str(await failure(session))
    assert len(server.asked) == 1
    await reader.stop()


async def test_nobody_there_is_not_asked_every_turn(plugin, failure, bus_of, opened):
    """A refused connection rests too, for all units behind it."""
    reader = plugin(5)
    fields = ModbusDevice(host="127.0.0.1", port=1, request_timeout=5)
    line = line_of(fields, "auto")
    bus_of(fields)._failures[line] = Backoff(first=60, free=0), ""
    assert "refused" in str(await failure(await opened(reader, fields))).lower()
    other = ModbusDevice(host="127.0.0.1", port=1, unit_id=7)
    assert "it is tried again in" in str(await failure(await opened(reader, other)))
    await reader.stop()


async def test_pauses_are_kept(plugin, device, script, opened):
    """After connecting, and between an answer and the next request."""
    times = []
    loop = asyncio.get_running_loop()

    def answer(asked):
        times.append(loop.time())
        return [asked.good()]

    server = await script(answer)
    fields = device(server, connect_delay="30ms", request_delay="20ms")
    start, reader = loop.time(), plugin(0, 100, 200)
    session = await opened(reader, fields)
    await session.collect(make_context())
    resolution = 0.002
    assert times[0] - start >= 0.03 - resolution
    assert all(b - a >= 0.02 - resolution for a, b in pairwise(times))
    await reader.stop()


class SilentLink:
    """A line without transaction ids on which nothing comes."""

    identified = False
    connected = True

    def __init__(self, asked: list[tuple[int, float]], busy: asyncio.Event) -> None:
        self.busy = busy
        self.discarded: Counter[str] = Counter()
        self.asked = asked

    async def open(self, timeout: float) -> None: ...  # noqa: ASYNC109 (the port's)

    async def read(self, unit: int, read: Read, timeout: float) -> bytes:  # noqa: ASYNC109 (the port's)
        loop = asyncio.get_running_loop()
        self.asked.append((unit, loop.time()))
        self.busy.set()
        if unit == 1:
            await asyncio.sleep(timeout)
            raise NoAnswer("nothing")
        return bytes(read.size)

    def close(self) -> None: ...


async def test_a_late_answer_on_a_serial_line_passes_before_the_unit_is_asked_again():
    """Without transaction ids a late answer would be taken for the next one's: others go first."""
    asked: list[tuple[int, float]] = []
    busy = asyncio.Event()
    bus = Bus(lambda line: SilentLink(asked, busy))
    way = Way(Line("rtu", device="/dev/null"), timeout=0.05, retries=1)
    read = Read(HOLDING, 0, 1)
    silent = asyncio.ensure_future(bus.read(bus.unit(1), read, way, Counter()))
    await asyncio.wait_for(busy.wait(), 60)
    assert await bus.read(bus.unit(2), read, way, Counter()) == b"\0\0"
    with pytest.raises(NoAnswer):
        await silent
    assert [unit for unit, _ in asked] == [1, 2, 1]
    assert asked[2][1] - asked[0][1] >= 2 * way.timeout - 0.005
    with pytest.raises((Resting, NoAnswer)):
        await bus.read(bus.unit(1), read, way, Counter())
    bus.close()


def test_backoff_grows_to_its_cap_and_forgets():
    """At once, then 1, 2, 4... up to the cap; and from the start after it worked."""
    backoff, pauses = Backoff(1, 10), []
    for _ in range(7):
        backoff.failed(100.0)
        pauses.append(backoff.left(100.0))
    assert pauses == [0, 1, 2, 4, 8, 10, 10]
    assert backoff.left(105.0) == 5
    backoff.worked()
    assert backoff.left(100.0) == 0


async def test_what_came_before_the_timeout_of_the_task_is_kept(collect, script):
    """Units that are slow or silent cost the run their own samples, and not the others'."""
    server = await script(lambda a: [] if a.unit > 2 else [a.good()])
    fields = {**server.fields, "unit_id": [1, 2, 3, 4], "request_timeout": 30}
    collection = await collect(fields, {"registers": [{"address": 5}]}, timeout=2)
    assert isinstance(collection.error, PartialCollect)
    assert "unit 4: holding 5: the task's timeout leaves no more time" in str(collection.error)
    assert collection.value("modbus_register_5", unit_id="2") == 5
    assert collection.value("modbus_errors_total", unit_id="4", reason="out_of_time") == 1


async def test_a_dead_unit_is_known_within_any_timeout(collect, script):
    """A task with less time than `request_timeout` finds out, and does not run into its end each turn."""
    server = await script(lambda a: [])
    fields = {**server.fields, "request_timeout": 30, "retries": 0}
    collection = await collect(fields, {"registers": [{"address": 5}]}, timeout=1)
    assert isinstance(collection.error, DeviceUnreachable)
    assert collection.value("modbus_errors_total", reason="timeout") == 1


async def test_no_time_at_all_is_no_fault_of_the_device(plugin, device, collect, script, opened):
    """Another task holds the bus until this one's timeout: that is said, and not that nobody answers."""
    server = await script(lambda a: [])
    slow, fields = plugin(5), {**server.fields, "request_timeout": 30}
    session = await opened(slow, device(server, request_timeout=30))
    other = asyncio.ensure_future(session.collect(make_context()))
    await asyncio.wait_for(server.called.wait(), 60)
    collection = await collect(
        {**fields, "unit_id": 2}, {"registers": [{"address": 5}]}, timeout=0.3
    )
    assert type(collection.error) is CollectError
    assert len(server.asked) == 1
    other.cancel()
    await asyncio.gather(other, return_exceptions=True)
    await slow.stop()
