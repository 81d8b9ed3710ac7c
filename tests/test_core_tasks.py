"""Core's tasks as people meet them: misspelt keys, tasks that cannot run, commands that name a task."""

from __future__ import annotations

import pytest

from orbital_testbench import wait_until

ODD = {
    "device_id": "dev-here", "plugin_name": "ping", "interval_seconds": 1,
    "config": {"cuont": 3, "device_type": "switch"},
}  # fmt: skip
WRONG = {f"task-wrong-{n}": {**ODD, "plugin_name": "telepathy"} for n in range(5)}


@pytest.fixture(params=["sane", "quirks"])
def core(start_devcore, request):
    connection = {"host": "127.0.0.1", "snmp_version": "2c", "protocol": "snmp"}
    devices = {"dev-here": {"name": "here", "connection_config": connection}}
    demo = {"devices": devices, "tasks": {"task-odd": ODD, **WRONG}}
    return start_devcore(demo, quirks=request.param == "quirks")


def test_what_is_odd_or_cannot_run_is_seen_where_people_look(sentinel, core):
    """A misspelt key is a warning of each run and never a refusal, in Core and here; the device's own keys
    are none. Tasks that cannot run are among the tasks, with their reason, and `status` names a few.
    """
    assert sentinel.command("register", "--core-url", core.url).returncode == 0
    sentinel.start()
    query = "select status, error_message from executions where task_id = 'task-odd'"
    status, message = wait_until(lambda: core.rows(query))[0]
    assert status == "success"
    assert message == "config.cuont: unknown key; did you mean count?"
    wait_until(lambda: len(sentinel.tasks()) == 1 + len(WRONG))
    assert sentinel.log.read_text().count("task task-odd of Core runs, but: config.cuont") == 1
    shown = {line.split()[0]: line for line in sentinel.command("tasks").stdout.splitlines()}
    assert "did you mean count?" in shown["core/task-odd"]
    assert all(
        "unusable" in shown[f"core/{name}"] and "telepathy" in shown[f"core/{name}"]
        for name in WRONG
    )
    only = sentinel.json("tasks", "--status", "unusable")
    assert {one["id"]: (one["plugin"], one["device_id"]) for one in only} == dict.fromkeys(
        WRONG, ("telepathy", "dev-here")
    )
    told = sentinel.command("status").stdout
    assert told.count("of Core cannot run: ") == 4
    assert "and 2 more tasks of Core cannot run: `sentinel tasks --status unusable`" in told

    asked = sentinel.command("test", "task-odd", "core/task-odd")
    assert asked.stdout.count("core/task-odd: ok: ") == 2
    triggered = sentinel.command("trigger", "task-odd")
    assert triggered.returncode == 0, triggered.stderr
    assert "ping_reachable" in triggered.stdout
    for command in ("test", "trigger"):
        wrong = sentinel.command(command, "task-wrong-1")
        assert (wrong.returncode, "no plugin is called 'telepathy'" in wrong.stderr) == (1, True)
        unknown = sentinel.command(command, "task-od")
        assert (unknown.returncode, "did you mean task-odd?" in unknown.stderr) == (1, True)
    assert "which device?" in sentinel.command("trigger", "ping").stderr
    assert sentinel.end() == 0
