"""The connection of a bus: shared, closed when nobody needs it, and opened again."""

from __future__ import annotations

import asyncio

from orbital_sdk.testing import make_context
from orbital_testbench import eventually


async def test_an_idle_connection_is_closed_and_opened_again(plugin, device, script, opened):
    """Gateways have few connections: after `idle_close` ours is free for others."""
    server = await script(lambda a: [a.good()])
    reader = plugin(5)
    session = await opened(reader, device(server, idle_close="10ms"))
    await session.collect(make_context())
    await asyncio.wait_for(server.quiet.wait(), 60)
    await session.collect(make_context())
    assert server.connections == 2
    await reader.stop()


async def test_the_last_session_closes_the_bus(plugin, device, script, opened):
    """While one still holds it, it stays; after that it is gone, and so is the connection."""
    server = await script(lambda a: [a.good()])
    sessions = [await opened(plugin(address), device(server)) for address in (5, 6)]
    for session in sessions:
        await session.collect(make_context())
    await sessions[0].close()
    await sessions[1].collect(make_context())
    assert server.connections == 1
    await sessions[1].close()
    await asyncio.wait_for(server.quiet.wait(), 60)
    await sessions[1].close()


async def test_a_device_that_hangs_up_after_each_answer(collect, script):
    """No sample is lost to that: the next request has a connection of its own."""
    server = await script(lambda a: [a.good(), None])
    registers = [{"address": n * 200} for n in range(5)]
    collection = await collect(server.fields, {"registers": registers})
    assert collection.error is None
    assert server.connections == 5


async def test_a_server_that_comes_back(plugin, device, failure, start_modbus, opened):
    """Killed between two turns and started again: read again, without a restart of ours."""
    server = start_modbus(["holding 5 55"])
    reader = plugin(5)
    session = await opened(reader, device(server))
    await session.collect(make_context())
    server.kill()
    await failure(session)
    server.start()
    columns = await session.collect(make_context())
    assert columns.values[0] == 55
    await reader.stop()


async def test_a_task_with_wrong_settings_keeps_nobody_from_the_bus(
    plugin, device, failure, script, opened
):
    """It asks for TLS where there is none, again and again; who asks rightly is answered at once."""
    server = await script(lambda a: [a.good() if a.function == 3 else None])
    wrong, right = plugin(5), plugin(5)
    refused = await opened(wrong, device(server, transport="tls"))
    answered = await opened(right, device(server))
    for _ in range(3):
        for _ in range(3):
            await failure(refused)
        columns = await answered.collect(make_context())
        assert columns.values[0] == 5
    await wrong.stop()
    await right.stop()


async def test_a_session_that_is_closed_gives_its_connection_back(plugin, device, script, opened):
    """Others of the same settings go on, so the plugin does; nobody else would close it."""
    server, other = await script(lambda a: [a.good()]), await script(lambda a: [a.good()])
    reader = plugin(5)
    gone, stays = [await opened(reader, device(s, idle_close=None)) for s in (server, other)]
    for session in (gone, stays):
        await session.collect(make_context())
    await gone.close()
    await asyncio.wait_for(server.quiet.wait(), 60)
    assert other.open == 1
    await stays.close()
    await asyncio.wait_for(other.quiet.wait(), 60)


async def test_another_timeout_of_the_task_keeps_the_connection(plugin, device, script, opened):
    """What the device may take fits the new one; the bus is the same, and given back once."""
    server = await script(lambda a: [a.good()])
    session = await opened(plugin(5), device(server, idle_close=None))
    for timeout in (10, 5, 10):
        await session.collect(make_context(timeout=timeout))
    assert server.connections == 1
    await session.close()
    await asyncio.wait_for(server.quiet.wait(), 60)


async def test_a_connection_that_is_given_up_is_closed(plugin, device, script, opened):
    """A task is cancelled between connecting and its first request: the gateway has its connection back."""
    server, reader = await script(lambda a: [a.good()]), plugin(5)
    fields = device(server, request_timeout="10s", connect_delay="10s")
    session = await opened(reader, fields)
    run = asyncio.ensure_future(session.collect(make_context()))
    await eventually(lambda: server.open)
    run.cancel()
    await asyncio.wait({run}, timeout=20)
    await asyncio.wait_for(server.quiet.wait(), 60)
    await reader.stop()


async def test_a_connection_that_was_closed_in_between_costs_nothing(
    plugin, device, failure, script, bus_of, opened
):
    """Also without retries: it was not the device that failed. Twice in a row it is."""
    server = await script(lambda a: [None] if len(server.asked) > 2 else [a.good()])
    reader, fields = plugin(5), device(server, retries=0)
    session = await opened(reader, fields)
    await session.collect(make_context())
    bus = bus_of(fields)
    link = bus._link
    link._transport.abort()  # as if the end of the connection had not been seen yet
    closed = await asyncio.gather(session.collect(make_context()))
    assert closed[0].values[0] == 5
    await failure(session)
    await reader.stop()


async def test_a_slow_answer_is_not_idleness(collect, script):
    """`idle_close` shorter than an answer takes does not cut it off."""
    server = await script(lambda a: [*[b""] * 20, a.good()])
    fields = {**server.fields, "idle_close": "1ms", "request_timeout": 30}
    assert (await collect(fields, {"registers": [{"address": 5}]})).error is None
