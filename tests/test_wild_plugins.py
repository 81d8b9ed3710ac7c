"""Plugins that raise what is no `Exception`: hundreds of them cost nobody else a tick."""

from __future__ import annotations

import signal

import pytest

from orbital_testbench import wait_until

CODE = """\
import asyncio

from orbital_sdk import DeviceFields, Metric, Plugin, PluginConfig

VALUE = Metric("wild_value", "A value")


class GreenletTimeout(BaseException):
    pass


KINDS = [GreenletTimeout, GeneratorExit, KeyboardInterrupt, SystemExit, asyncio.CancelledError]


class WildConfig(PluginConfig):
    kind: int


class Wild(Plugin[DeviceFields, WildConfig]):
    name = "wild"

    async def collect(self, device, ctx):
        raise KINDS[self.config.kind]


class OnThread(Wild):
    name = "on-thread"

    def collect(self, device, ctx):
        raise KINDS[self.config.kind]


class Beside(Plugin[DeviceFields, PluginConfig]):
    name = "beside"

    async def collect(self, device, ctx):
        asyncio.get_running_loop().call_soon(self.interrupt)
        await asyncio.sleep(0.01)
        yield VALUE(1)

    def interrupt(self):
        raise KeyboardInterrupt


class Good(Plugin[DeviceFields, PluginConfig]):
    name = "good"

    async def collect(self, device, ctx):
        yield VALUE(1)
"""
CLASSES = {"wild": "Wild", "on-thread": "OnThread", "beside": "Beside", "good": "Good"}
KINDS = ("GreenletTimeout", "GeneratorExit", "KeyboardInterrupt", "SystemExit", "CancelledError")
EACH = 60
"""Tasks of a kind on the loop: more in all than there are slots. As many again run on threads."""


def wild_tasks() -> list[dict[str, object]]:
    return [
        {"id": f"{plugin}-{kind}-{number}", "plugin": plugin, "interval": "2s", "config": {"kind": kind}}
        for plugin in ("wild", "on-thread")
        for kind in range(len(KINDS))
        for number in range(EACH)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def crowd(shared_sentinel):
    """An agent in which 600 such tasks have failed at least twice each, beside a good one."""
    one = shared_sentinel
    one.install("wilderness", CODE, **CLASSES)
    one.configure(
        sender={"direct": {"file": {"path": "out.jsonl", "flush_interval": "100ms"}}},
        telemetry={"task_series": 0},
        tasks=[
            *wild_tasks(),
            {"id": "good", "plugin": "good", "interval": "1s", "timeout": "30s"},
            {"id": "beside", "plugin": "beside", "interval": "1s", "timeout": "30s"},
        ],
    )
    one.start("--config", "config.yaml")
    wait_until(lambda: states(one, "good")["good"]["runs"] >= 6)
    wait_until(lambda: all(s["failed"] >= 2 for s in states(one, "wild").values()))
    return one


def states(sentinel, plugin):
    found = sentinel.told(f"/api/v1/tasks?plugin={plugin}")["tasks"]
    return {task["id"]: task for task in found}


@pytest.mark.parametrize("plugin", ["wild", "on-thread"])
@pytest.mark.parametrize("kind", range(len(KINDS)))
def test_each_of_its_runs_ends(crowd, plugin, kind):
    """None is left running: each failed, says what was raised and where, and runs again."""
    found = states(crowd, plugin)
    for number in range(EACH):
        task = found[f"{plugin}-{kind}-{number}"]
        assert task["failed"] == task["runs"] >= 2
        assert f"plugin '{plugin}' has a bug: {KINDS[kind]} (wilderness.py:" in task["error"]


def test_slots_are_free_again(crowd):
    """600 runs at a time pass through 256 slots: none is kept."""
    wait_until(lambda: crowd.status()["tasks"]["running"] == 0)
    assert crowd.status()["ready"] is True


def test_an_innocent_task_goes_on(crowd):
    """It runs on and on beside them, and all of its runs are good."""
    before = states(crowd, "good")["good"]["runs"]
    good = wait_until(lambda: (now := states(crowd, "good")["good"])["runs"] > before + 2 and now)
    assert good["failed"] == 0


def test_a_task_of_its_own_ends_nothing(crowd):
    """A KeyboardInterrupt beside a run stops asyncio's loop: the agent goes on with it, and says so."""
    (beside,) = states(crowd, "beside").values()
    assert beside["failed"] == 0
    assert beside["runs"] >= 2
    assert "code outside of a run tried to end the agent; ignored" in crowd.log.read_text()


def test_bugs_are_counted_each_and_logged_once(crowd):
    """A line a task, and the rest in `sentinel_plugin_bugs_total`."""
    wild = states(crowd, "wild").values()
    assert crowd.metrics()['sentinel_plugin_bugs_total{plugin="wild"}'] >= sum(
        task["failed"] for task in wild
    )
    assert crowd.log.read_text().count(
        "plugin 'wild' has a bug; further ones are only counted"
    ) == len(wild)


def test_it_stops_clean(crowd):
    """A stop of ours is still a stop."""
    assert crowd.end(signal.SIGTERM) == 0
    assert "agent: stopped" in crowd.log.read_text()
