"""Devices that refuse our credentials for a while: looked at slowly, told as paused, and back by itself."""

from __future__ import annotations

import threading
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from orbital_testbench import wait_until
from orbital_testbench.snmpd import Snmpd
from orbital_testbench.web import Statuses, served

if TYPE_CHECKING:
    from pathlib import Path


class Gate(ThreadingHTTPServer):
    """A web server that says 401 until it is opened, and counts who asked meanwhile."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.open = threading.Event()
        self.refused = 0


class _Handler(Statuses):
    server: Gate

    def status(self) -> int:
        self.server.refused += not self.server.open.is_set()
        return 200 if self.server.open.is_set() else 401


@pytest.fixture
def gate():
    with served(Gate()) as server:
        yield server


def watch(sentinel, gate, pause: str, *ids: str) -> None:
    url = f"http://127.0.0.1:{gate.server_port}/"
    sentinel.configure(
        collector={"pause_retry": pause},
        plugins={"auto_reload": False},
        sender={"direct": {"file": {"path": "out.jsonl", "flush_interval": "100ms"}}},
        tasks=[
            {"id": name, "device_id": "shop", "plugin": "http", "interval": "200ms",
             "config": {"url": url, "username": "monitor", "password": "${SHOP}"}}
            for name in ids
        ],
    )  # fmt: skip
    sentinel.start("--config", "config.yaml", SHOP="secret")


def tasks(sentinel):
    return {task["id"]: task for task in sentinel.tasks()}


def skipped(sentinel) -> int:
    return sum(task["skipped"].get("paused", 0) for task in sentinel.tasks())


def test_a_refused_task_is_back_by_itself(sentinel, gate, lines_of):
    """Two tasks of a device that says 401: each second one of them asks, every other tick says `up 0`, is
    counted as passed over and no run; `sentinel tasks` shows them paused. When the device lets them in both
    work again, without a hand.
    """
    watch(sentinel, gate, "1s", "a", "b")
    wait_until(lambda: all(task["status"] == "paused" for task in sentinel.tasks()))
    asked, passed = gate.refused, skipped(sentinel)
    wait_until(lambda: skipped(sentinel) >= passed + 30)  # three seconds of two tasks at 200 ms
    assert 1 <= gate.refused - asked <= 5
    for task in sentinel.tasks():
        assert task["failed"] == task["runs"] <= gate.refused
        assert "401" in task["paused"]
        assert task["next_look"] > 0
    assert "paused" in sentinel.command("tasks").stdout
    metrics = sentinel.metrics()
    assert metrics['sentinel_tasks_skipped_total{reason="paused"}'] >= 30
    assert metrics["sentinel_tasks_paused"] == 2
    assert 'sentinel_tasks_by_status{status="paused"}' in metrics
    ups = [line for line in lines_of(sentinel.folder / "out.jsonl") if line["name"] == "up"]
    assert len(ups) > 20 > gate.refused
    assert {line["value"] for line in ups} == {0}
    gate.open.set()
    wait_until(lambda: all(task["status"] == "success" for task in sentinel.tasks()))
    assert {task["paused"] for task in sentinel.tasks()} == {""}


@pytest.mark.parametrize("route", ["/api/v1/tasks/a/run", "/api/v1/reload"])
def test_who_mended_it_need_not_wait(sentinel, gate, route):
    """A trigger asks the device at once, a reload at the next tick, however slow the looks are."""
    watch(sentinel, gate, "1h", "a", "b")
    wait_until(lambda: all(task["status"] == "paused" for task in sentinel.tasks()))
    gate.open.set()
    sentinel.ask(route)
    wait_until(lambda: all(task["status"] == "success" for task in sentinel.tasks()))


@pytest.mark.real
def test_a_password_of_snmp_v3_that_was_changed_and_changed_back(sentinel, tmp_path: Path):
    """The device's user gets another password and then the old one again: refused meanwhile, read before and
    after, without a word to the agent.
    """
    with Snmpd(tmp_path / "snmpd", extra=user("first-password")) as snmpd:
        sentinel.configure(
            collector={"pause_retry": "500ms"},
            sender={"direct": {"file": {"path": "out.jsonl"}}},
            tasks=[
                {"id": "switch", "plugin": "snmp", "interval": "500ms",
                 "config": {"host": snmpd.host, "port": snmpd.port, "version": "3",
                            "username": "turner", "auth_password": "${TURNER}"}}
            ],
        )  # fmt: skip
        sentinel.start("--config", "config.yaml", TURNER="first-password")
        wait_until(lambda: tasks(sentinel)["switch"]["status"] == "success")
        snmpd.extra = user("other-password")
        snmpd.restart()
        wait_until(lambda: tasks(sentinel)["switch"]["status"] == "paused")
        snmpd.extra = user("first-password")
        snmpd.restart()
        wait_until(lambda: tasks(sentinel)["switch"]["status"] == "success")


def user(password: str) -> list[str]:
    return [f'createUser turner SHA "{password}"', "rouser turner auth"]
