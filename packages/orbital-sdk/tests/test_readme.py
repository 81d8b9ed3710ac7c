"""The tutorial is code: it is run, and it is what the example folder holds."""

import asyncio
import contextlib
import importlib
import itertools
import math
import re
import socket
import struct
import sys
from asyncio import StreamWriter
from pathlib import Path

import pytest
import uvloop

from orbital_sdk import (
    DeviceUnreachable,
    Plugin,
    PluginConfig,
    ProcessorConfig,
    Refused,
    Written,
    manifest,
)
from orbital_sdk.testing import (
    FakeEmit,
    check_plugin,
    check_processor,
    collect_once,
    make_batch,
    process,
    runs_of,
)

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "acme-orbital-hello"
BLOCKS = re.findall(
    r"^```(\w*)\n(.*?)^```$", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE
)


def blocks(language):
    return [text for kind, text in BLOCKS if kind == language]


@pytest.fixture(scope="module")
def tutorial(tmp_path_factory):
    """Everything that the README's Python defines, as one module."""
    folder = tmp_path_factory.mktemp("tutorial")
    (folder / "orbital_tutorial.py").write_text("\n".join(blocks("python")))
    sys.path.insert(0, str(folder))
    yield vars(importlib.import_module("orbital_tutorial"))
    sys.path.remove(str(folder))


@pytest.mark.parametrize("path", ["pyproject.toml", "src/acme_orbital_hello/__init__.py"])
def test_the_ten_line_plugin_is_the_one_in_the_example_folder(path):
    """What readers copy is what the end-to-end tests install."""
    shown = [text for _, text in BLOCKS if text.startswith(f"# {path}\n")]
    assert shown == [f"# {path}\n" + (EXAMPLE / path).read_text()]


def test_the_ten_line_plugin_has_ten_lines():
    """Promise 5 of the design."""
    assert len((EXAMPLE / "src/acme_orbital_hello/__init__.py").read_text().splitlines()) <= 10


async def test_the_ten_line_plugin_works(tutorial):
    """And keeps the contract."""
    assert (await collect_once(tutorial["Hello"], {})).value("hello_answer") == 42
    await check_plugin(tutorial["Hello"], {}, entry_point=False)


LOOPS = pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
"""Both that the agent may run on."""
TESTS = re.findall(r"^async def (test_\w+)", "\n".join(blocks("python")), re.MULTILINE)


@LOOPS
@pytest.mark.parametrize("test", TESTS)
def test_the_tests_that_the_tutorial_shows_pass(tutorial, test, loop):
    """Plugins against fake devices, a writer against a fake destination, a processor."""
    run(loop, tutorial[test]())


def run(loop, test):
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(test)


@LOOPS
def test_a_session_outlives_its_connection(tutorial, loop):
    """A hang-up or a reset fails one run; one that was given up leaves no answer behind for the next."""
    run(loop, meter_in_trouble(tutorial["Meters"]))


async def meter_in_trouble(meters):
    """The first connection ends behind its answer, the second is reset there, the third answers too late."""
    reads, ends = itertools.count(1), [StreamWriter.close, reset]
    asked, late = asyncio.Event(), asyncio.Event()

    async def answer(reader, writer):
        end = ends.pop(0) if ends else None
        with contextlib.suppress(OSError, RuntimeError), contextlib.closing(writer):
            while await reader.readline():
                number = next(reads)
                if number == 3:
                    asked.set()
                    await late.wait()
                writer.write(b"%d\n" % number)
                if end:
                    await writer.drain()
                    end(writer)

    async def power():
        return (await runs.collect()).value("meter_power_watts")

    async with (
        await asyncio.start_server(answer, "127.0.0.1", 0) as server,
        runs_of(meters, {"host": "127.0.0.1", "port": port_of(server)}) as runs,
    ):
        for number in (1, 2):
            assert await power() == number
            reader, writer = runs.session.stream
            while not (reader.at_eof() or writer.is_closing()):  # noqa: ASYNC110 (no event tells that)
                await asyncio.sleep(0)
            assert isinstance((await runs.collect()).error, DeviceUnreachable)
        given_up = asyncio.create_task(power())
        await asked.wait()
        given_up.cancel()
        await asyncio.wait({given_up})
        late.set()
        assert await power() == 4


@LOOPS
def test_a_receiver_outlives_its_clients(tutorial, loop):
    """One resets its connection before its answer, one says nothing and stays: others are heard."""
    run(loop, thermo_in_trouble(tutorial["Thermo"], tutorial["ThermoDevice"]))


async def thermo_in_trouble(thermo, thermo_device):
    device, emit = thermo_device(port=free_port()), FakeEmit()
    serving = asyncio.create_task(thermo(PluginConfig()).serve(device, emit))
    _, silent = await connected(device.port)
    _, rude = await connected(device.port)
    emit.hold()
    rude.write(b"attic 1\nattic 2\n" * 9)
    await emit.held()
    reset(rude)
    await asyncio.sleep(0.05)  # it has no answer to wait for
    emit.release()
    await emit.wait()
    reader, polite = await connected(device.port)
    polite.write(b"attic 21.5\n")
    assert await reader.readline() == b"stored\n"
    serving.cancel()
    done, _ = await asyncio.wait({serving}, timeout=5)
    assert done
    assert serving.cancelled()
    for writer in (silent, polite):
        writer.close()


async def connected(port):
    """As soon as somebody listens there."""
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(ConnectionRefusedError):
                return await asyncio.open_connection("127.0.0.1", port)
            await asyncio.sleep(0.01)


def reset(writer):
    """Closed by RST, and not by FIN."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def port_of(server):
    return server.sockets[0].getsockname()[1]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


async def test_a_receiver_whose_port_is_taken_says_so(tutorial):
    """In the words of its contract, and not as a bug."""
    thermo = tutorial["Thermo"](PluginConfig())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        device = tutorial["ThermoDevice"](port=taken.getsockname()[1])
        with pytest.raises(DeviceUnreachable, match=r"cannot listen on 127\.0\.0\.1:"):
            await thermo.serve(device, FakeEmit())


async def test_the_metric_that_settings_name_is_listed(tutorial):
    """Beside those of the class."""
    (power,) = tutorial["Registers"](tutorial["UpsConfig"]()).metrics()
    assert power.name == "register_power_watts"


async def test_the_probe_looks(tutorial):
    """Where somebody answers, where nobody does."""

    async def answer(reader, writer):
        writer.write(b"ACME UPS 3000\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        probe = tutorial["UpsProbe"]([f"port={port}"], timeout=5.0, retries=0)
        found = await probe.look("127.0.0.1")
        assert (found.about, found.fields) == ("ACME UPS 3000", {"host": "127.0.0.1", "port": port})
    assert await probe.look("127.0.0.1") is None
    await probe.close()


def test_what_does_not_fit_is_taken_out_and_named(tutorial):
    """The rest is written."""
    written = []

    def write(batches):
        written.extend(batches)
        return Written(8)

    batch = make_batch({"up": 1, "plus_inf": math.inf})
    answer = tutorial["write_what_fits"]([batch], write)
    assert [[*one.values] for one in written] == [[1]]
    assert answer == Written(8, [Refused(0, 1, "inf is no number there")])


async def test_the_least_processor_is_short_and_works(tutorial):
    """Ten lines at most, the imports of the page left out, and it keeps the contract."""
    quiet = tutorial["Quiet"]
    text = next(text for text in blocks("python") if "class Quiet" in text)
    assert len(text[text.index("class ") :].splitlines()) <= 10
    await check_processor(lambda: quiet(ProcessorConfig()), entry_point=False)
    (left,) = process(quiet(ProcessorConfig()), make_batch({"up": 1, "debug_cache": 2}))
    assert [(row.name, value) for row, _, value in left.items()] == [("up", 1)]


async def test_a_processor_that_gathers_gives_it_when_it_is_due(tutorial):
    """Once a minute, and what is left at the end."""
    loudest = tutorial["Loudest"]
    await check_processor(lambda: loudest(ProcessorConfig()), entry_point=False)
    one = loudest(ProcessorConfig())
    shown = []
    for ts, value in ((0, 3), (10, 7), (20, 5)):
        assert len(process(one, make_batch({"load": value}, ts=ts))[0]) == 0
        shown += [list(batch.values) for batch in one.flush(ts, last=ts == 20)]
    assert shown == [[3], [7]]


def test_every_class_of_the_tutorial_has_a_manifest(tutorial):
    """Plugins, writer and processor."""
    classes = [
        cls for cls in tutorial.values() if getattr(cls, "__module__", "") == "orbital_tutorial"
    ]
    parts = [cls for cls in classes if hasattr(cls, "config_model")]
    assert {cls.name for cls in parts} == {
        "hello",
        "ups",
        "meters",
        "registers",
        "tariff",
        "thermo",
        "graphite",
        "quiet",
        "rate",
        "loudest",
        "volume",
    }
    assert all(("metrics" in manifest(cls)) == issubclass(cls, Plugin) for cls in parts)
