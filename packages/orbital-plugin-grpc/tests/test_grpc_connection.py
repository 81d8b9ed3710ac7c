"""The connection by gRPC, against programs that are well and others."""

import asyncio
from contextlib import asynccontextmanager

import grpc
import pytest
from grpc_health.v1.health import aio as health_aio
from grpc_health.v1.health_pb2 import HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import add_HealthServicer_to_server

from orbital_plugin_grpc.codec import FROM_AGENT, FROM_PROGRAM
from orbital_plugin_grpc.connection import PROOF, connect, joined
from orbital_plugin_grpc.reasons import reason
from orbital_plugin_grpc.schema import METHOD, PACKAGE, SERVICE
from orbital_plugin_host.handshake import Address, proof
from orbital_sdk import wire
from orbital_sdk.wire import answers, calls
from orbital_sdk.wire.limits import MESSAGE

COOKIE = "of this start"
UNLIMITED = [("grpc.max_send_message_length", -1)]


class Agent:
    """Implements `Receiver`."""

    def __init__(self):
        self.messages, self.lost_by = asyncio.Queue(), asyncio.Future()

    def received(self, message):
        self.messages.put_nowait(message)

    def lost(self, reason):
        self.lost_by.set_result(reason)


@pytest.fixture
def program(tmp_path):
    """Serves the one method with this function, and gives its address."""

    @asynccontextmanager
    async def serving(exchange, method=METHOD, health=None):
        server = grpc.aio.server(options=UNLIMITED)
        handler = grpc.stream_stream_rpc_method_handler(exchange)
        service = grpc.method_handlers_generic_handler(f"{PACKAGE}.{SERVICE}", {method: handler})
        server.add_generic_rpc_handlers((service,))
        if health is not None:
            add_HealthServicer_to_server(health, server)
        path = tmp_path / "plugin.sock"
        server.add_insecure_port(f"unix:{path}")
        await server.start()
        yield Address(str(path), "grpc")
        await server.stop(None)

    return serving


async def greet(context, cookie=COOKIE):
    await context.send_initial_metadata([(PROOF, proof(cookie, "program").hex())])


async def test_what_is_said_in_one_turn_goes_together(program):
    """Calls that are due together share a message, and so may answers."""
    came = []

    async def exchange(stream, context):
        assert dict(context.invocation_metadata())[PROOF] == proof(COOKIE, "agent").hex()
        await greet(context)
        async for body in stream:
            came.append([call.call for call in FROM_AGENT.decode(body)])
            await context.write(b"".join(FROM_PROGRAM.encode(answers.Done(n)) for n in came[-1]))

    agent = Agent()
    async with program(exchange) as address:
        connection = await connect(address, COOKIE, agent)
        for number in range(3):
            connection.send(calls.Health(number))
        assert [(await agent.messages.get()).call for _ in range(3)] == [0, 1, 2]
        assert came == [[0, 1, 2]]
        connection.close()
        connection.close()
    assert not agent.lost_by.done()


async def test_nothing_is_read_while_it_is_paused(program):
    """So HTTP/2 slows a program that sends more than is taken."""
    sent = asyncio.Event()

    async def exchange(_, context):
        await greet(context)
        for number in range(5):
            await context.write(FROM_PROGRAM.encode(answers.Done(number)))
        sent.set()
        await asyncio.Event().wait()

    agent = Agent()
    async with program(exchange) as address:
        connection = await connect(address, COOKIE, agent)
        connection.pause()
        await sent.wait()
        assert agent.messages.qsize() <= 1
        connection.resume()
        assert [(await agent.messages.get()).call for _ in range(5)] == [*range(5)]
        connection.close()


async def idle(stream, context):
    await greet(context)
    await stream.read()


@pytest.mark.parametrize("name", ["plugin", "another"])
async def test_a_program_says_that_it_serves(program, name):
    """As go-plugin's servers do; or its health service knows nothing of plugins."""
    servicer = health_aio.HealthServicer()
    await servicer.set(name, HealthCheckResponse.SERVING)
    async with program(idle, health=servicer) as address:
        (await connect(address, COOKIE, Agent())).close()


async def test_a_program_says_that_it_does_not_serve(program):
    """It is refused."""
    servicer = health_aio.HealthServicer()
    await servicer.set("plugin", HealthCheckResponse.NOT_SERVING)
    async with program(idle, health=servicer) as address:
        with pytest.raises(OSError, match="its health service says NOT_SERVING"):
            await connect(address, COOKIE, Agent())


def test_a_write_that_meets_the_end():
    """Grpcio calls it an internal error; it is the end of a stream."""
    core = grpc.StatusCode.INTERNAL, "Internal error from Core"
    assert reason(*core) == reason(grpc.StatusCode.OK, "") == "ended the stream"


async def said(program, exchange, *messages):
    """Why the connection was lost, after it sent these."""
    agent = Agent()
    async with program(exchange) as address:
        connection = await connect(address, COOKIE, agent)
        for message in messages:
            connection.send(message)
        return await agent.lost_by


async def test_a_program_that_ends_its_stream(program):
    """Its end is one."""

    async def exchange(_, context):
        await greet(context)
        await context.read()  # the agent knows by then that it was greeted

    assert await said(program, exchange, calls.Health(0)) == "ended the stream"


async def test_a_program_that_fails(program):
    """Its status is said."""

    async def exchange(_, context):
        await greet(context)
        await context.read()
        await context.abort(grpc.StatusCode.INTERNAL, "a bug\nof mine")

    assert (
        await said(program, exchange, calls.Health(0))
        == "ended the stream with INTERNAL (a bug of mine)"
    )


async def test_what_is_no_message(program):
    """It costs the connection."""

    async def exchange(_, context):
        await greet(context)
        await context.write(b"rubbish")
        await asyncio.Event().wait()

    assert (await said(program, exchange)).startswith("sent not a message of this contract: ")


async def test_a_message_that_is_too_long(program):
    """100 MB are not even read."""

    async def exchange(_, context):
        await greet(context)
        await context.write(bytes(100_000_000))

    assert (await said(program, exchange)).startswith(
        f"sent a message of more than {MESSAGE:,} bytes"
    )


async def refused(address, error):
    with pytest.raises(error) as caught:
        await connect(address, COOKIE, Agent())
    return str(caught.value)


async def test_another_program(program):
    """One that does not know the cookie gets to hear nothing."""

    async def exchange(_, context):
        await greet(context, "of another start")
        await asyncio.Event().wait()

    async with program(exchange) as address:
        assert "does not know the cookie" in await refused(address, wire.Malformed)


async def test_a_program_that_refuses_the_agent(program):
    """As one does that was started by another."""

    async def exchange(_, context):
        await context.abort(grpc.StatusCode.UNAUTHENTICATED, "you did not start me")

    async with program(exchange) as address:
        assert "refused the agent's proof" in await refused(address, OSError)


async def test_a_program_of_another_major(program):
    """The method is named that it lacks."""
    async with program(None, "Other") as address:
        assert "orbital.plugin.v1.Plugin/Exchange" in await refused(address, OSError)


async def test_a_socket_where_nobody_listens(tmp_path):
    """Words, and no waiting."""
    assert "broke the connection" in await refused(Address(str(tmp_path / "none"), "grpc"), OSError)


async def test_rubbish_in_place_of_http(tmp_path):
    """The same."""

    async def rubbish(_, writer):
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    path = tmp_path / "plugin.sock"
    server = await asyncio.start_unix_server(rubbish, path)
    async with server:
        assert "broke the connection" in await refused(Address(str(path), "grpc"), OSError)


def test_what_waits_is_cut_into_messages():
    """As few as may cross, in order."""
    half = bytes(MESSAGE // 2)
    assert [len(body) for body in joined([b"a", half, half, b"b"])] == [
        1 + len(half),
        len(half) + 1,
    ]
    assert [*joined([])] == []
