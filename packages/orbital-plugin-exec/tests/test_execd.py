"""Programs that are kept running."""

import asyncio
import os
import shlex
import sys

import pytest

from orbital_plugin_exec import Execd
from orbital_sdk import BufferRefused, ConfigurationError, PartialCollect, UnexpectedReply
from orbital_sdk.testing import FakeEmit, FakeHost, check_receiver, make_context
from orbital_sdk.testing.collection import as_model
from orbital_testbench import eventually
from orbital_testbench.processes import is_running


class Kept:
    """A program that a plugin keeps, and what it printed."""

    def __init__(self, *command, **config) -> None:
        self.plugin = Execd(as_model(Execd.config_model, config))
        self.device = as_model(Execd.device_model, {"command": list(command)})
        self.emit = FakeEmit()
        self.serving = None

    async def __aenter__(self):
        await self.plugin.start(FakeHost())
        self.serving = asyncio.create_task(self.plugin.serve(self.device, self.emit))
        while not (self.serving.done() or self.is_running):  # noqa: ASYNC110 (it has no event)
            await asyncio.sleep(0)  # until the program is started
        return self

    @property
    def is_running(self):
        return any(kept._stdin >= 0 for kept in self.plugin._kept.values())

    async def __aexit__(self, *error):
        self.serving.cancel()
        await asyncio.wait({self.serving})
        await self.plugin.stop()

    async def collect(self):
        """As a run of its task."""
        return {
            s.series.metric.name: s.value
            for s in await self.plugin.collect(self.device, make_context())
        }


async def test_contract(tmp_path):
    """Served, cancelled, busy and told no: by the suite that strangers' receivers pass, too."""
    count = iter(range(1000))

    def make():
        fifo = tmp_path / f"fifo-{next(count)}"
        os.mkfifo(fifo)
        script = f"exec 3<>{shlex.quote(str(fifo))}; while read x <&3; do echo m v=1; done"
        return {"command": ["sh", "-c", script]}, {"signal": "none"}

    async def speak(device, config):
        fifo = shlex.split(device.command[2])[1].removeprefix("3<>").removesuffix(";")
        handle = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)  # an OSError where nobody reads
        os.write(handle, b"x\n")
        os.close(handle)

    await check_receiver(Execd, make, speak)


async def test_a_newline_asks(programs):
    """Each run of the task asks once; what is printed is emitted, and counted."""
    async with Kept(sys.executable, str(programs / "weather.py")) as kept:
        await kept.collect()
        (first,) = await kept.emit.wait()
        assert (await kept.collect())["execd_samples_total"] == 1
        (second,) = await kept.emit.wait()
    assert first.series is second.series
    assert (first.value, second.value) == (1, 2)


async def test_it_prints_when_it_wants():
    """Without being asked; lines that come in pieces are whole."""
    async with Kept("sh", "-c", "printf 'm v'; sleep 0.1; echo =1; cat", signal="none") as kept:
        (sample,) = await kept.emit.wait()
        assert sample.value == 1
        assert (await kept.collect())["execd_samples_total"] == 1


async def test_its_end_is_told():
    """With status and last words; the agent starts it again."""
    async with Kept("sh", "-c", "echo m v=1; echo no sensor >&2; exit 2") as kept:
        await asyncio.wait({kept.serving})
        error = kept.serving.exception()
        assert isinstance(error, UnexpectedReply)
        assert "exited with status 2: no sensor" in str(error)
        assert len(kept.emit.samples) == 1


async def test_no_such_program():
    """It is the settings that are wrong."""
    async with Kept("/no/such/program") as kept:
        await asyncio.wait({kept.serving})
        assert isinstance(kept.serving.exception(), ConfigurationError)


async def test_garbage_is_told_at_the_next_run():
    """Once, with the first line; it is counted for good."""
    async with Kept("sh", "-c", "echo hello world; echo m v=1; cat", signal="none") as kept:
        await kept.emit.wait()
        with pytest.raises(PartialCollect, match="'hello world'") as error:
            await kept.collect()
        assert error.value.samples[1].value == 1
        assert (await kept.collect())["execd_output_refused_total"] == 1


async def test_a_program_that_does_not_read():
    """Runs go on, and say so."""
    async with Kept("sh", "-c", "echo m v=1; sleep 1000") as kept:
        await kept.emit.wait()
        (program,) = kept.plugin._kept.values()
        while program.ask():  # until its pipe is full
            pass
        with pytest.raises(PartialCollect, match="standard input"):
            await kept.collect()


async def test_what_the_buffer_refuses_is_lost_alone():
    """The program goes on."""
    async with Kept("sh", "-c", "while read x; do echo m v=1; done") as kept:
        kept.emit.error = BufferRefused("full")
        while not (await kept.collect())["execd_samples_total"]:  # noqa: ASYNC110 (as above)
            await asyncio.sleep(0)  # until the program has printed
        kept.emit.error = None
        await kept.collect()
        assert await kept.emit.wait()


async def test_it_ends_with_its_task(tmp_path):
    """A program that heeds SIGTERM says goodbye; one that does not is killed with its children."""
    pids = tmp_path / "pids"
    script = f"trap 'echo bye > {tmp_path}/bye; exit' TERM; echo m v=1; while read x; do :; done"
    async with Kept("sh", "-c", script) as kept:
        await kept.emit.wait()
    assert (tmp_path / "bye").exists()
    script = f"trap '' TERM; sleep 1000 & echo $! > {pids}; echo m v=1; while :; do sleep 1; done"
    async with Kept("sh", "-c", script) as kept:
        await kept.emit.wait()
    child = int(pids.read_text())
    await eventually(lambda: not is_running(child))
