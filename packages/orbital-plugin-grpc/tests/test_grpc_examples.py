"""Two programs that use nothing of ours are plugins."""

import asyncio
import os
import re
import signal
import socket
from pathlib import Path

import pytest

from orbital_plugin_grpc.loader import GrpcLoader
from orbital_sdk import ConfigurationError, DeviceUnreachable, UnexpectedReply
from orbital_sdk.testing import check_plugin, check_receiver, collect_once, runs_of
from orbital_testbench import free_port

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.mark.parametrize("program", ["python/thermometer.py", "node/gadgets.js"])
def test_an_example_is_short_and_uses_nothing_of_ours(program):
    """A starting point: less than 120 lines, of plain gRPC."""
    text = (EXAMPLES / program).read_text("utf-8")
    assert text.count("\n") < 120
    assert not re.search(r"(import|require\W+) *orbital", text)


@pytest.fixture(scope="module")
def plugin(thermometer, python):
    return GrpcLoader().load(thermometer, described("thermometer", python, "thermometer.py"))


@pytest.fixture(scope="module")
def receiver(gadgets):
    return GrpcLoader().load(gadgets, described("gadgets", "node", "gadgets.js"))


def described(name, *command):
    return {"meta": {"name": name}, "exec": {"command": [*command], "protocol": "grpc"}}


async def test_the_example_in_python_keeps_the_contract(plugin, device):
    """The suite of plugins, through the wire."""
    async with device() as fields:
        away = fields | {"port": free_port()}
        await check_plugin(plugin, fields, unreachable=away, entry_point=False)


async def test_the_example_in_node_keeps_the_contract(receiver):
    """The suite of receivers, through the wire."""

    async def speak(fields, _):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gadget:
            gadget.sendto(b"kitchen 21.5\ncellar nothing\n", ("127.0.0.1", fields.port))

    await check_receiver(receiver, lambda: ({"port": free_port()}, None), speak, entry_point=False)


async def test_what_crosses(plugin, device):
    """Samples, a table that changes, errors by their classes."""
    async with device() as fields:
        collected = await collect_once(plugin, fields)
        assert collected.error is None
        assert collected.value("thermometer_celsius", sensor="cellar") == 12.25
    async with device("kitchen warm") as fields:
        assert isinstance((await collect_once(plugin, fields)).error, UnexpectedReply)
    gone = (await collect_once(plugin, fields)).error
    assert isinstance(gone, DeviceUnreachable)
    assert str(fields["port"]) in str(gone)


async def test_a_program_that_is_killed_comes_back(plugin, device):
    """The run that it took along fails in words; the next one after its restart has its samples."""
    async with device() as fields, runs_of(plugin, fields) as runs:
        assert (await runs.collect()).error is None
        os.kill(plugin.fleet.supervisors[0].pid, signal.SIGKILL)
        errors = []
        while not errors or errors[-1] is not None:
            errors.append((await runs.collect()).error)
            await asyncio.sleep(0.01)  # it is started again by a timer
        assert re.search("SIGKILL|broke the connection|ended the stream", str(errors[0]))


def test_a_program_that_offers_something_else(thermometer, python):
    """It is refused with what it offers."""
    with pytest.raises(ConfigurationError, match="offers thermometer"):
        GrpcLoader().load(thermometer, described("barometer", python, "thermometer.py"))


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({}, "exec.command: is missing"),
        ({"command": "x"}, "exec.command: "),
        ({"command": ["x"], "limits": {"memory": "much"}}, "exec.limits.memory: "),
    ],
)
def test_a_description_that_says_too_little(tmp_path, section, words):
    """Each place is named, and nothing is started."""
    with pytest.raises(ConfigurationError, match=words):
        GrpcLoader().load(tmp_path, {"meta": {"name": "x"}, "exec": {"protocol": "grpc"} | section})
