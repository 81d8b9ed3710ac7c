"""One bus for everybody: no overlap, fair, patient with the dead, and closed when nobody needs it."""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import pairwise

import pytest

from orbital_plugin_modbus import Modbus, ModbusConfig, ModbusDevice
from orbital_plugin_modbus.backoff import Backoff
from orbital_plugin_modbus.bus import Bus, Way
from orbital_plugin_modbus.exceptions import NoAnswer, Resting
from orbital_plugin_modbus.line import Line, line_of
from orbital_plugin_modbus.mbap import MbapLink
from orbital_plugin_modbus.tables import TABLES, Read
from orbital_plugin_modbus.turns import Turns
from orbital_sdk import CollectError, DeviceUnreachable, PartialCollect
from orbital_sdk.testing import make_context
from orbital_testbench import eventually

HOLDING = TABLES["holding"]


def plugin(*addresses: int) -> Modbus:
    """One that reads these, each with a request of its own."""
    registers = [{"address": address} for address in addresses]
    return Modbus(ModbusConfig.model_validate({"registers": registers, "bridge": 0}))


def device(server, **more) -> ModbusDevice:
    return ModbusDevice.model_validate({"host": "127.0.0.1", "port": server.port, **more})


async def failure(reader: Modbus, fields: ModbusDevice, memory: dict) -> Exception:
    with pytest.raises(DeviceUnreachable) as caught:
        await reader.collect(fields, make_context(memory=memory))
    return caught.value


async def test_two_tasks_of_two_instances_never_overlap(start_modbus):
    """Seen from the server: one connection, and no request before the last was answered."""
    server = start_modbus(["delay 2"])
    readers = [plugin(0, 10, 20), plugin(100, 110)]
    jobs = [
        reader.collect(device(server, unit_id=unit), make_context(memory={}))
        for reader in readers
        for unit in range(1, 6)
    ]
    await asyncio.gather(*jobs)
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


async def test_units_take_turns(script):
    """A unit with ten reads does not keep one with three waiting."""
    server = await script(lambda a: [a.good()])
    many, few = plugin(*range(0, 100, 10)), plugin(0, 10, 20)
    one = many.collect(device(server, unit_id=1), make_context(memory={}))
    two = few.collect(device(server, unit_id=2), make_context(memory={}))
    await asyncio.gather(one, two)
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
    await asyncio.wait_for(second, 5)
    turns.give()
    await asyncio.wait_for(turns.take(1), 5)


async def test_a_dead_unit_is_left_alone(script, bus_of):
    """It costs one time-out a probe: between probes nothing is sent, and the error says when it goes on."""
    server = await script(lambda a: [a.good()] if a.unit == 1 else [])
    reader, memory = plugin(5), {}
    dead = device(server, unit_id=2, request_timeout=0.05, retries=1)
    bus = bus_of(dead)
    bus.unit(2).backoff = Backoff(first=60)
    await failure(reader, dead, memory)
    assert len(server.asked) == 2  # it might have been one lost answer
    await failure(reader, dead, memory)
    assert len(server.asked) == 3
    for _ in range(5):
        error = await failure(reader, dead, memory)
        assert "no answer within 0.05 s; it is asked again in" in str(error)
    assert len(server.asked) == 3
    await reader.collect(device(server, unit_id=1), make_context(memory={}))
    assert [asked.unit for asked in server.asked] == [2, 2, 2, 1]
    await reader.stop()


async def test_waiting_tasks_of_a_unit_that_just_died_do_not_ask_it(script, bus_of):
    """Ten tasks of one dead unit pay one time-out together, not ten."""
    server = await script(lambda a: [])
    dead = device(server, request_timeout=0.05, retries=0)
    reader = plugin(5)
    bus = bus_of(dead)
    bus.unit(1).backoff = Backoff(first=60, free=0)
    await asyncio.gather(*(failure(reader, dead, {}) for _ in range(10)))
    assert len(server.asked) == 1
    await reader.stop()


async def test_a_gateway_that_names_the_dead_unit(script, bus_of):
    """Exceptions 10 and 11 are a silence that the gateway waited for: the unit rests like a silent one."""
    server = await script(lambda a: [a.refusal(11)])
    reader, memory = plugin(5, 50), {}
    dead = device(server)
    bus = bus_of(dead)
    bus.unit(1).backoff = Backoff(first=60, free=0)
    with pytest.raises(Exception, match="gateway target device failed to respond"):
        await reader.collect(dead, make_context(memory=memory))
    assert "it is asked again in" in str(await failure(reader, dead, memory))
    assert len(server.asked) == 1
    await reader.stop()


async def test_nobody_there_is_not_asked_every_turn(bus_of):
    """A refused connection rests too, for all units behind it."""
    reader, memory = plugin(5), {}
    fields = ModbusDevice(host="127.0.0.1", port=1, request_timeout=5)
    line = line_of(fields, "auto")
    bus_of(fields)._failures[line] = Backoff(first=60, free=0), ""
    assert "refused" in str(await failure(reader, fields, memory)).lower()
    other = ModbusDevice(host="127.0.0.1", port=1, unit_id=7)
    assert "it is tried again in" in str(await failure(reader, other, {}))
    await reader.stop()


async def test_an_idle_connection_is_closed_and_opened_again(script):
    """Gateways have few connections: after `idle_close` ours is free for others."""
    server = await script(lambda a: [a.good()])
    reader, memory = plugin(5), {}
    fields = device(server, idle_close="10ms")
    await reader.collect(fields, make_context(memory=memory))
    await asyncio.wait_for(server.quiet.wait(), 20)
    await reader.collect(fields, make_context(memory=memory))
    assert server.connections == 2
    await reader.stop()


async def test_the_last_instance_closes_the_bus(script):
    """While one still holds it, it stays; after that it is gone, and so is the connection."""
    server = await script(lambda a: [a.good()])
    readers, memories = [plugin(5), plugin(6)], [{}, {}]
    for reader, memory in zip(readers, memories, strict=True):
        await reader.collect(device(server), make_context(memory=memory))
    await readers[0].stop()
    await readers[1].collect(device(server), make_context(memory=memories[1]))
    assert server.connections == 1
    await readers[1].stop()
    await asyncio.wait_for(server.quiet.wait(), 20)
    await readers[1].stop()


async def test_a_device_that_hangs_up_after_each_answer(collect, script):
    """No sample is lost to that: the next request has a connection of its own."""
    server = await script(lambda a: [a.good(), None])
    registers = [{"address": n * 200} for n in range(5)]
    collection = await collect(server.fields, {"registers": registers})
    assert collection.error is None
    assert server.connections == 5


async def test_a_server_that_comes_back(start_modbus):
    """Killed between two turns and started again: read again, without a restart of ours."""
    server = start_modbus(["holding 5 55"])
    reader, memory = plugin(5), {}
    fields = device(server)
    await reader.collect(fields, make_context(memory=memory))
    server.kill()
    await failure(reader, fields, memory)
    server.start()
    columns = await reader.collect(fields, make_context(memory=memory))
    assert columns.values[0] == 55
    await reader.stop()


async def test_a_task_with_wrong_settings_keeps_nobody_from_the_bus(script):
    """It asks for TLS where there is none, again and again; who asks rightly is answered at once."""
    server = await script(lambda a: [a.good() if a.function == 3 else None])
    wrong, right = plugin(5), plugin(5)
    memories = {}, {}
    for _ in range(3):
        for _ in range(3):
            await failure(wrong, device(server, transport="tls"), memories[0])
        columns = await right.collect(device(server), make_context(memory=memories[1]))
        assert columns.values[0] == 5
    await wrong.stop()
    await right.stop()


async def test_a_task_that_is_gone_gives_its_connection_back(script):
    """Others of the same settings go on, so the plugin does; nobody else would close it."""
    server, other = await script(lambda a: [a.good()]), await script(lambda a: [a.good()])
    reader, gone, stays = plugin(5), {}, {}
    for each, memory in ((server, gone), (other, stays)):
        await reader.collect(device(each, idle_close=None), make_context(memory=memory))
    gone.clear()
    await asyncio.wait_for(server.quiet.wait(), 20)
    assert other.open == 1
    await reader.stop()
    await asyncio.wait_for(other.quiet.wait(), 20)


async def test_a_connection_that_is_given_up_is_closed(script):
    """A task is cancelled between connecting and its first request: the gateway has its connection back."""
    server, reader = await script(lambda a: [a.good()]), plugin(5)
    fields = device(server, request_timeout="10s", connect_delay="10s")
    run = asyncio.ensure_future(reader.collect(fields, make_context(memory={})))
    await eventually(lambda: server.open)
    run.cancel()
    await asyncio.wait({run}, timeout=20)
    await asyncio.wait_for(server.quiet.wait(), 20)
    await reader.stop()


async def test_pauses_are_kept(script):
    """After connecting, and between an answer and the next request."""
    times = []
    loop = asyncio.get_running_loop()

    def answer(asked):
        times.append(loop.time())
        return [asked.good()]

    server = await script(answer)
    fields = device(server, connect_delay="30ms", request_delay="20ms")
    start, reader = loop.time(), plugin(0, 100, 200)
    await reader.collect(fields, make_context(memory={}))
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
    await asyncio.wait_for(busy.wait(), 20)
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


async def test_a_connection_that_was_closed_in_between_costs_nothing(script, bus_of):
    """Also without retries: it was not the device that failed. Twice in a row it is."""
    server = await script(lambda a: [None] if len(server.asked) > 2 else [a.good()])
    reader, memory, fields = plugin(5), {}, device(server, retries=0)
    await reader.collect(fields, make_context(memory=memory))
    bus = bus_of(fields)
    link = bus._link
    link._transport.abort()  # as if the end of the connection had not been seen yet
    closed = await asyncio.gather(reader.collect(fields, make_context(memory=memory)))
    assert closed[0].values[0] == 5
    await failure(reader, fields, memory)
    await reader.stop()


async def test_no_time_at_all_is_no_fault_of_the_device(collect, script):
    """Another task holds the bus until this one's timeout: that is said, and not that nobody answers."""
    server = await script(lambda a: [])
    slow, fields = plugin(5), {**server.fields, "request_timeout": 30}
    other = asyncio.ensure_future(slow.collect(device(server, request_timeout=30), make_context()))
    await asyncio.wait_for(server.called.wait(), 20)
    collection = await collect(
        {**fields, "unit_id": 2}, {"registers": [{"address": 5}]}, timeout=0.3
    )
    assert type(collection.error) is CollectError
    assert len(server.asked) == 1
    other.cancel()
    await asyncio.gather(other, return_exceptions=True)
    await slow.stop()


async def test_a_slow_answer_is_not_idleness(collect, script):
    """`idle_close` shorter than an answer takes does not cut it off."""
    server = await script(lambda a: [b"", *[b""] * 200, a.good()])
    fields = {**server.fields, "idle_close": "1ms"}
    assert (await collect(fields, {"registers": [{"address": 5}]})).error is None
