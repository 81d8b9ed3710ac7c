"""Two tasks of one plugin on one device: Core gets a series of each, and none changes for another's sake."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from orbital_testbench import wait_until

METER = """
import time
from orbital_sdk import DeviceFields, Metric, Plugin, PluginConfig

class Fields(DeviceFields):
    begin: float

class Meter(Plugin[Fields, PluginConfig]):
    name = "meter"
    total = Metric("meter_total", "Grows", kind="counter")

    async def collect(self, device, ctx):
        yield self.total(device.begin + time.time() - 1.7e9)
"""
FIRST = {
    "device_id": "dev-1",
    "plugin_name": "meter",
    "interval_seconds": 1,
    "config": {"begin": 0},
}
SECOND = {**FIRST, "config": {"begin": 5e12}}


@pytest.fixture(params=["sane", "quirks"])
def core(start_devcore, request):
    devices = {"dev-1": {"name": "1", "connection_config": {"host": "127.0.0.1"}}}
    demo = {"devices": devices, "tasks": {"task-first": FIRST}}
    return start_devcore(demo, quirks=request.param == "quirks")


def test_each_task_has_a_series_of_its_own_for_as_long_as_it_is_there(sentinel, core):
    """The first has the one that older sentinels gave it; the second begins with its id, and keeps it when
    the first is deleted, and over a restart. So each counter only ever grows.
    """
    sentinel.install("meters", METER, meter="Meter")
    sentinel.configure(
        core={"url": core.url},
        collector={"task_fetch_interval": "200ms"},
        buffer={"flush_interval": "100ms"},
    )
    sentinel.start("--config", "config.yaml")
    wait_until(lambda: len(_series(core)) == 1, what="the first task's series")
    second = core.call("POST", "/api/v1/tasks", SECOND)["task_id"]
    wait_until(lambda: len(_series(core)) == 2, what="the second task's series")
    _more(core, "", second)
    core.call("DELETE", "/api/v1/tasks/task-first")
    wait_until(lambda: [task["id"] for task in sentinel.tasks()] == [second])
    _more(core, second)
    assert sentinel.end() == 0
    sentinel.start("--config", "config.yaml")
    _more(core, second)
    assert sentinel.end() == 0
    found = _series(core)
    assert set(found) == {"", second}
    assert all(a < b for values in found.values() for a, b in pairwise(values))


def _series(core: Any) -> dict[str, list[float]]:
    """Values of the counter, oldest first, by `task_id`: the only label that tells its series apart."""
    task = "coalesce(json_extract(labels, '$.task_id'), '')"
    query = f"select {task}, value from samples where name = 'meter_total' order by id"
    found: dict[str, list[float]] = {}
    for task, value in core.rows(query):
        found.setdefault(task, []).append(value)
    return found


def _more(core: Any, *series: str) -> None:
    """Wait for three more samples of each of these."""
    before = {one: len(_series(core).get(one, [])) for one in series}
    wait_until(lambda: all(len(_series(core)[one]) >= before[one] + 3 for one in series))
