"""A plugin that computes on the agent's own loop: named while it does, and no success where it ends late."""

from __future__ import annotations

import re
import signal

import pytest

from orbital_testbench import wait_until

CODE = """\
import asyncio
from pathlib import Path

from orbital_sdk import Columns, DeviceFields, Metric, Plugin, PluginConfig

VALUE = Metric("spun_value", "A value", labels=("of",))


class Spins(Plugin[DeviceFields, PluginConfig]):
    name = "spins"

    async def collect(self, device, ctx):
        yield VALUE(1, of="before")
        while not Path("ready").exists():
            await asyncio.sleep(0.01)
        number = 0
        while not Path("named").exists() or ctx.remaining():
            number += 1
        yield VALUE(1, of="after")


class Table(Plugin[DeviceFields, PluginConfig]):
    name = "table"

    async def collect(self, device, ctx):
        while ctx.remaining():
            pass
        return Columns((VALUE.series("table"),), [1.0])


class Good(Plugin[DeviceFields, PluginConfig]):
    name = "good"

    async def collect(self, device, ctx):
        yield VALUE(1, of="good")
"""
CLASSES = {"spins": "Spins", "table": "Table", "good": "Good"}
LINES = CODE.splitlines()
LOOP = {
    n for n, line in enumerate(LINES, 1) if 'Path("named")' in line or line.endswith("number += 1")
}


@pytest.fixture(scope="module")
def spun(shared_sentinel):
    """An agent whose loop was held until the log had said by whom."""
    one = shared_sentinel
    one.install("spinning", CODE, **CLASSES)
    one.configure(
        collector={"watchdog": "200ms"},
        sender={"direct": {"file": {"path": "out.jsonl", "flush_interval": "100ms"}}},
        tasks=[
            {"id": "shop", "plugin": "spins", "interval": "2s", "timeout": "500ms"},
            {"id": "list", "plugin": "table", "interval": "2s", "timeout": "300ms"},
            {"id": "good", "plugin": "good", "interval": "1s", "timeout": "5s"},
        ],
    )
    one.start("--config", "config.yaml")
    one.folder.joinpath("ready").touch()  # an agent that is held does not say that it has started
    wait_until(
        lambda: "task 'shop', blocks the event loop" in one.log.read_text()
    )  # as long as it takes
    one.folder.joinpath("named").touch()
    wait_until(lambda: all(task["runs"] >= 2 for task in tasks(one).values()))
    return one


def tasks(sentinel):
    return {task["id"]: task for task in sentinel.tasks()}


def test_it_is_named_while_it_holds_the_agent(spun):
    """Plugin, task and line, in a log line that came before the plugin let go."""
    log = spun.log.read_text()
    (line,) = re.findall(
        r"plugin 'spins', task 'shop', blocks the event loop.*spinning\.py:(\d+)", log
    )
    assert int(line) in LOOP
    assert "plugin 'spins', task 'shop', blocked the event loop for" in log


def test_it_is_counted(spun):
    """How often and for how long, by plugin; and readiness tells it without being red."""
    metrics = spun.metrics()
    assert metrics['sentinel_loop_holds_total{plugin="spins"}'] >= 1
    assert metrics['sentinel_loop_held_seconds_total{plugin="spins"}'] >= 0.2
    status = spun.status()
    assert status["ready"] is True
    assert "loop_held" in {reason["reason"] for reason in status["reasons"]}


@pytest.mark.parametrize("name", ["shop", "list"])
def test_a_run_beyond_its_time_out_is_no_success(spun, name):
    """It could not be cut off, and ended by itself: failed, as timed out, with the seconds it took."""
    task = tasks(spun)[name]
    assert (task["status"], task["error_kind"], task["up"]) == ("failed", "Timeout", False)
    assert task["failed"] == task["runs"]
    assert re.match(r"took \d+\.\d s, its time-out is 0\.[35] s", task["error"])


def test_what_it_read_is_kept(spun, lines_of):
    """The values are true, though late: they are delivered beside `up 0`."""
    rows = lines_of(spun.folder / "out.jsonl")
    values = {row["labels"]["of"] for row in rows if row["name"] == "spun_value"}
    assert values == {"before", "after", "table", "good"}


def test_others_are_late_and_counted_so(spun):
    """The innocent task fails no run; the ticks that it could not have are missed, and counted."""
    good = tasks(spun)["good"]
    assert good["failed"] == 0
    assert good["runs"] >= 2


def test_it_stops(spun):
    """As ever."""
    assert spun.end(signal.SIGTERM) == 0
