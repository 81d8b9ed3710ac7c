"""Gravital Core's database is started again: the real server then says of every task that it has none.

Real processes, judged by Core's own database.
"""

from __future__ import annotations

from typing import Any

import pytest

from orbital_testbench import wait_until

TASKS = {f"task-{n}": f"127.0.0.{n}" for n in range(1, 6)}
GONE, OFF = "task-4", "task-5"
"""A task that is deleted while the database is away, and one that is switched off."""


@pytest.fixture(params=["sane", "quirks"])
def core(start_devcore, request):
    devices = {
        f"dev-{task}": {"name": task, "connection_config": {"host": host}}
        for task, host in TASKS.items()
    }
    tasks = {
        task: {"device_id": f"dev-{task}", "plugin_name": "ping", "interval_seconds": 1}
        for task in TASKS
    }
    return start_devcore({"devices": devices, "tasks": tasks}, quirks=request.param == "quirks")


def test_a_database_that_is_started_again_costs_no_report(sentinel, core):
    """Each run of before, of meanwhile and of after is reported once. What is dropped in the end are reports
    of a task that was deleted, in one line with their number; those of one that was switched off are not.
    """
    sentinel.configure(
        core={"url": core.url},
        collector={"task_fetch_interval": "1s"},
        sender={"mode": "core", "retry_interval": "100ms", "retry_max_interval": "500ms"},
        buffer={"flush_interval": "500ms"},
    )
    sentinel.start("--config", "config.yaml")
    wait_until(lambda: _reported(core) == set(TASKS), what="reports of every task")

    core.switch(database_away=True)
    wait_until(lambda: _runs(sentinel) >= 7 * len(TASKS), what="seven runs of each task")
    core.change("delete from tasks where task_id = ?", GONE)
    core.change("update tasks set enabled = 0 where task_id = ?", OFF)
    core.cure()

    wait_until(lambda: set(_tasks(sentinel)) == set(TASKS) - {GONE, OFF}, what="a list that came")
    for task in set(TASKS) - {GONE, OFF}:
        core.call("PUT", f"/api/v1/tasks/{task}", {"enabled": False})
    wait_until(lambda: not _tasks(sentinel), what="no task is left")
    wait_until(lambda: not sentinel.metrics()["sentinel_tasks_running"], what="no run goes on")
    wait_until(lambda: sentinel.metrics()["sentinel_core_reports_waiting"] == 0, what="reports")
    told = sentinel.metrics()
    assert sentinel.end() == 0

    reports = core.rows("select task_id, executed_at from executions")
    assert len(reports) == len(set(reports))
    outcomes = {
        how: told[f'sentinel_core_reports_total{{outcome="{how}"}}']
        for how in ("sent", "refused", "dropped")
    }
    ended = told["sentinel_tasks_success_total"] + told["sentinel_tasks_failed_total"]
    assert outcomes["dropped"] == 0
    assert outcomes["sent"] == len(reports)
    assert sum(outcomes.values()) == ended + told["sentinel_tasks_cancelled_total"]
    lines = [
        line for line in sentinel.log.read_text().splitlines() if "reports are dropped" in line
    ]
    told_of = [line.rpartition(": ")[2].split(", of ") for line in lines]
    assert {task for _, task in told_of} == {GONE}
    assert sum(int(count) for count, _ in told_of) == outcomes["refused"] >= 4
    assert len(told_of) <= 2  # a run may have been under way when the list came


def _reported(core: Any) -> set[str]:
    return {task for (task,) in core.rows("select distinct task_id from executions")}


def _runs(sentinel: Any) -> int:
    return sum(task["runs"] for task in sentinel.tasks())


def _tasks(sentinel: Any) -> list[str]:
    return [task["id"] for task in sentinel.tasks()]
