"""The contract suite of receivers: a good one passes, and each fault is found and named."""

import asyncio
import contextlib
import logging
import socket
import threading

import pytest
from pydantic import SecretStr

from orbital_sdk import (
    BufferRefused,
    Columns,
    DeviceFields,
    DeviceUnreachable,
    Metric,
    Plugin,
    PluginConfig,
    Port,
    ReceiverStopped,
)
from orbital_sdk.testing import FakeEmit, check_receiver


class Config(PluginConfig):
    port: Port
    """Where it listens."""


class Lines(Plugin[DeviceFields, Config]):
    """Takes numbers, one a line, and answers when they are stored."""

    name = "lines"
    summary = "Numbers over TCP"
    value = Metric("line_value", "What a line said")
    taken = DeviceUnreachable("its port is taken")

    async def serve(self, device, emit):
        async def talk(reader, writer):
            with contextlib.closing(writer):
                while line := await reader.readline():
                    try:
                        await self.give(emit, float(line))
                        writer.write(b"stored\n")
                    except (BufferRefused, ReceiverStopped):
                        writer.write(b"later\n")

        self.talks = set()

        def begin(reader, writer):
            talk_ = asyncio.create_task(talk(reader, writer))
            self.talks.add(talk_)

        try:
            server = await asyncio.start_server(begin, "127.0.0.1", self.config.port)
        except OSError as error:
            raise self.taken from error
        try:
            await asyncio.Event().wait()
        finally:
            await self.end(server)

    async def give(self, emit, number):
        await emit([self.value(number)])

    async def end(self, server):
        server.close()
        for talk in self.talks:
            talk.cancel()
        await asyncio.gather(*self.talks, return_exceptions=True)


def make():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return {}, {"port": sock.getsockname()[1]}


async def speak(device, config):
    reader, writer = await asyncio.open_connection("127.0.0.1", config.port)
    with contextlib.closing(writer):
        writer.write(b"4.5\n")
        return await reader.readline()


async def findings(cls, **options):
    with pytest.raises(AssertionError) as raised:
        await check_receiver(cls, make, speak, entry_point=False, timeout=1, **options)
    return str(raised.value)


async def test_a_good_one_passes():
    """Nothing is found."""
    await check_receiver(Lines, make, speak, entry_point=False)


async def test_a_device_that_nobody_hears():
    """It says how long it waited, and where to look."""

    class Deaf(Lines):
        async def give(self, emit, number):
            pass

    said = await findings(Deaf)
    assert "serve(): no sample came within 1 s" in said
    assert "is `await emit(...)` there?" in said
    assert "TimeoutError" not in said


async def test_a_serve_that_ends():
    """After the first sample, or at once."""

    class Short(Lines):
        async def serve(self, device, emit):
            return

    class Broken(Lines):
        async def serve(self, device, emit):
            raise ZeroDivisionError

    assert "serve() ended by itself: it returned" in await findings(Short)
    assert "serve() ended by itself: ZeroDivisionError()" in await findings(Broken)


async def test_a_serve_that_is_none():
    """A plain `def`, or none."""

    class Plain(Lines):
        def serve(self, device, emit):
            pass

    class Poller(Plugin[DeviceFields, Config]):
        name = "poller"
        summary = "Polls"

    for cls in (Plain, Poller):
        assert "serve() is missing, or is not a coroutine" in await findings(cls)


async def test_one_that_dies_of_a_full_buffer():
    """A refusal is the sender's to hear, and no reason to end."""

    class Touchy(Lines):
        async def serve(self, device, emit):
            queue = asyncio.Queue()

            async def give(line):
                await queue.put(line)

            async def talk(reader, writer):
                await give(await reader.readline())
                writer.close()

            server = await asyncio.start_server(talk, "127.0.0.1", self.config.port)
            try:
                while True:
                    await emit([self.value(float(await queue.get()))])
            finally:
                server.close()

    assert "ended by itself: BufferRefused" in await findings(Touchy)


async def test_one_of_datagrams_that_dies_of_a_full_buffer():
    """Nobody waits for an answer: the check waits until the refusal has come."""

    class Heard(asyncio.DatagramProtocol):
        def __init__(self):
            self.lines = asyncio.Queue()

        def datagram_received(self, data, addr):
            self.lines.put_nowait(data)

    class Datagrams(Lines):
        patient = False

        async def serve(self, device, emit):
            loop, address = asyncio.get_running_loop(), ("127.0.0.1", self.config.port)
            try:
                transport, heard = await loop.create_datagram_endpoint(Heard, local_addr=address)
            except OSError as error:
                raise self.taken from error
            try:
                while True:
                    with contextlib.suppress(*[BufferRefused] * self.patient):
                        await emit([self.value(float(await heard.lines.get()))])
            finally:
                transport.close()

    class Patient(Datagrams):
        patient = True

    async def speak(device, config):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"4.5", ("127.0.0.1", config.port))

    await check_receiver(Patient, make, speak, entry_point=False)
    with pytest.raises(AssertionError, match="ended by itself: BufferRefused"):
        await check_receiver(Datagrams, make, speak, entry_point=False)


async def test_one_that_leaves_something_behind():
    """Tasks, threads, and a port that goes on speaking."""

    class Messy(Lines):
        async def end(self, server):
            server.close()
            self.rest = asyncio.create_task(asyncio.Event().wait(), name="forgotten")

    class Threaded(Lines):
        gone = threading.Event()

        async def serve(self, device, emit):
            threading.Thread(target=self.gone.wait, daemon=True).start()
            await super().serve(device, emit)

    class Open(Lines):
        server = None

        async def end(self, server):
            Open.server = server

    assert "left tasks behind (forgotten" in await findings(Messy)
    assert "still runs after stop(); end it in stop()" in await findings(Threaded)
    Threaded.gone.set()
    assert "emitted after its end" in await findings(Open)
    Open.server.close()


async def test_one_that_gives_other_metrics():
    """As with every plugin."""

    class Undeclared(Lines):
        async def give(self, emit, number):
            await emit([Metric("other")(number)])

    assert "'other' is not declared" in await findings(Undeclared)


async def test_one_that_answers_too_early():
    """A sender that was told so forgets what is not stored yet."""

    class Hasty(Lines):
        async def give(self, emit, number):
            self.giving = asyncio.create_task(super().give(emit, number))
            self.talks.add(self.giving)

    assert "it answered while its emit() had not returned" in await findings(Hasty)


async def test_one_that_takes_an_address_in_use_for_a_bug():
    """The agent would log a traceback; it is tried again, as a device that does not answer."""

    class Surprised(Lines):
        taken = ValueError("its port is taken")

    said = await findings(Surprised)
    assert "serve() of an address in use raised ValueError('its port is taken')" in said


async def test_metrics_may_grow():
    """A name that only the device knows is declared as soon as it is heard."""

    class Growing(Lines):
        def __init__(self, config):
            super().__init__(config)
            self.known = {}

        def metrics(self):
            return (*super().metrics(), *self.known.values())

        async def give(self, emit, number):
            metric = self.known.setdefault("heard", Metric("heard", "What came"))
            await emit([metric(number)])

    await check_receiver(Growing, make, speak, entry_point=False)


async def test_one_that_raises_when_it_is_cancelled():
    """A clean-up that fails is named."""

    class Sore(Lines):
        async def end(self, server):
            await super().end(server)
            raise ZeroDivisionError

    assert "was cancelled and raised ZeroDivisionError()" in await findings(Sore)


async def test_the_fake_takes_what_the_agent_takes():
    """Samples, generators and columns; and it waits, refuses and stops as told."""
    emit, value = FakeEmit(), Lines.value
    await emit(value(number) for number in range(2))
    await emit(Columns((value.series(),), [2.0], [7]))
    assert [(s.value, s.ts) for s in await emit.wait(3)] == [(0, None), (1, None), (2, 7)]
    emit.hold()
    waiting = asyncio.create_task(emit([value(3)]))
    await emit.held()
    assert emit.samples == []
    emit.release()
    await waiting
    emit.error = BufferRefused("full")
    with pytest.raises(BufferRefused):
        await emit([value(4)])
    emit.stop()
    with pytest.raises(ReceiverStopped):
        await emit([value(5)])
    assert (len(emit.samples), emit.late) == (1, 1)
    with pytest.raises(TimeoutError):
        await emit.wait(2, timeout=0.01)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (Lines.value(1), "emit() was given Sample; give samples, or Columns"),
        ({"line_value": 1}, "emit() was given str among its samples"),
    ],
)
async def test_the_fake_refuses_what_is_no_record(wrong, words):
    """In the words of the agent, which are what a check of the receiver finds."""

    class Wrong(Lines):
        async def serve(self, device, emit):
            await emit(wrong)

    with pytest.raises(TypeError) as refused:
        await FakeEmit()(wrong)
    assert words in str(refused.value)
    assert words in await findings(Wrong)


async def test_a_secret_in_an_error_is_not_shown():
    """Findings stand in the logs of a CI."""

    class Guarded(Config):
        password: SecretStr = SecretStr("open sesame")
        """Login."""

    class Telling(Lines):
        config_model = Guarded

        async def serve(self, device, emit):
            raise OSError(f"login with {self.config.password.get_secret_value()} failed")

    said = await findings(Telling)
    assert "login with ********** failed" in said


async def test_a_secret_in_the_log_of_a_receiver_is_found():
    """As with every part."""

    class Guarded(Config):
        password: SecretStr = SecretStr("open sesame")
        """Login."""

    class Chatty(Lines):
        config_model = Guarded

        async def give(self, emit, number):
            logging.getLogger("chatty").info(
                "login with %s", self.config.password.get_secret_value()
            )
            await super().give(emit, number)

    said = await findings(Chatty)
    assert "the log 'chatty' shows a secret" in said
    assert "sesame" not in said
