"""Gravital Core is killed, and comes back: real processes, judged by Core's own database.

`ORBITAL_CORE_AWAY=600` makes it ten minutes; with `--log-cli-level=INFO` it tells what it saw.
"""

from __future__ import annotations

import logging
import os
import time
from collections import Counter
from typing import Any

import pytest

from orbital_testbench import Relay, wait_until

log = logging.getLogger(__name__)

AWAY = float(os.environ.get("ORBITAL_CORE_AWAY", "8"))
"""Seconds without Core."""
PINGED = 23
GONE, BACK = "dev-gone", "dev-back"
"""Two devices that go down meanwhile; one comes back before Core does."""


@pytest.fixture
def doors(hostile_server):
    """The way to each of the two devices, which can be shut."""
    address = "127.0.0.1", hostile_server.port
    with Relay(*address) as gone, Relay(*address) as back:
        yield {GONE: gone, BACK: back}


@pytest.fixture(params=["sane", "quirks"])
def core(start_devcore, doors, request):
    pinged = {f"dev-{n}": f"127.0.0.{n + 1}" for n in range(PINGED)}
    devices = {
        name: {"name": name, "connection_config": {"host": host}} for name, host in pinged.items()
    }
    tasks: dict[str, Any] = {
        f"task-{name}": {"device_id": name, "plugin_name": "ping", "interval_seconds": 1} for name in pinged
    }  # fmt: skip
    for name, door in doors.items():
        devices[name] = {
            "name": name,
            "connection_config": {"url": f"http://127.0.0.1:{door.port}"},
        }
        tasks[f"task-{name}"] = {"device_id": name, "plugin_name": "http", "interval_seconds": 1}
    return start_devcore({"devices": devices, "tasks": tasks}, quirks=request.param == "quirks")


def online(core: Any) -> int:
    return core.one("select count(*) from devices where status = 'online'")


def test_an_outage_of_core_costs_nothing_and_flips_no_state(sentinel, core, doors, ledgers_of):
    """Each run that ended is reported once, each sample is there once, and no state of meanwhile is told."""
    sentinel.configure(
        core={"url": core.url, "timeout": "5s"},
        heartbeat={"interval": "1s"},
        collector={"task_fetch_interval": "1s"},
        buffer={"type": "disk", "disk_path": "buffer", "flush_interval": "500ms"},
    )
    sentinel.start("--config", "config.yaml")
    everybody = PINGED + len(doors)
    wait_until(lambda: online(core) == everybody, what="all devices online")

    core.fault(status=503)  # what it is killed over while it stores that may come twice
    wait_until(lambda: _refused(sentinel), what="all that was under way is answered")
    core.kill()
    doors[GONE].refuse()
    doors[BACK].refuse()
    before = core.one("select max(id) from samples")
    wait_until(lambda: _failing(sentinel) == {f"task-{GONE}", f"task-{BACK}"})
    doors[BACK].listen()
    time.sleep(AWAY)  # the outage itself is what is tried
    waiting = sentinel.account("core")["waiting"]
    assert waiting >= AWAY * PINGED
    returned = int(time.time())
    core.start()
    states = "from samples where name = 'device_status' and id > ?"
    wait_until(
        lambda: core.one(f"select count(distinct device_id) {states}", before) == everybody,
        what="the states of all devices after the outage",
        timeout=90,
    )
    took = time.time() - returned
    runs = _come_to_rest(sentinel, core)
    assert sentinel.end() == 0
    ledger = ledgers_of(sentinel.folder / "buffer")["core"]
    log.info("away %s s: %s samples had waited, states after %.1f s", AWAY, waiting, took)
    log.info("%s runs ended; %s", runs, ledger)

    reports = core.rows("select task_id, executed_at, status from executions")
    assert len(reports) == len(set(reports)) == runs
    samples = core.one("select count(*) from samples where name != 'device_status'")
    assert ledger.accepted == ledger.delivered == samples
    ended = Counter(task for task, _, _ in reports)
    assert {task: ended[task] for task, _ in _pings(core)} == dict(_pings(core))
    assert core.one(f"select min(timestamp) {states}", before) >= returned
    assert core.rows(f"select distinct value {states} and device_id = ?", before, GONE) == [(0,)]
    assert core.rows(f"select distinct value {states} and device_id != ?", before, GONE) == [(1,)]
    assert online(core) == everybody - 1


def _refused(sentinel: Any) -> bool:
    return any(one["name"] == "core" and one["reason"] for one in sentinel.status()["outputs"])


def _failing(sentinel: Any) -> set[str]:
    return {one["id"] for one in sentinel.tasks() if one["failures_in_a_row"]}


def _come_to_rest(sentinel: Any, core: Any) -> int:
    """Take all tasks from the agent, and wait until it has told all; the runs that ended."""
    for (task,) in core.rows("select task_id from tasks"):
        url = f"{core.url}/api/v1/tasks/{task}"
        core.http.put(url, json={"enabled": False}, timeout=10).raise_for_status()
    wait_until(lambda: not sentinel.tasks(), what="no task is left")
    wait_until(lambda: not sentinel.metrics()["sentinel_tasks_running"], what="no run goes on")
    wait_until(lambda: sentinel.account("core")["waiting"] == 0)
    wait_until(lambda: sentinel.metrics()["sentinel_core_reports_waiting"] == 0)
    told = sentinel.metrics()
    ends = told["sentinel_tasks_success_total"] + told["sentinel_tasks_failed_total"]
    return int(ends + told["sentinel_tasks_cancelled_total"])


def _pings(core: Any) -> list[tuple[str, int]]:
    """How often one series of each pinged device came."""
    return core.rows(
        "select 'task-' || device_id, count(*) from samples where name = 'ping_reachable' group by 1"
    )
