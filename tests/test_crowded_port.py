"""The telemetry port, and strangers who open connections and say nothing: all else goes on."""

from __future__ import annotations

import contextlib
import resource
import socket
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orbital_testbench import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

FEW = 1024
"""Descriptors of an agent that nobody gave more."""


@pytest.fixture
def agent(sentinel, hostile_server):
    """It asks a healthy server twice a second."""
    task = {
        "id": "web",
        "plugin": "http",
        "interval": "500ms",
        "config": {"url": hostile_server.url},
    }
    sentinel.configure(sender={"direct": {"file": {"path": "out.jsonl"}}}, tasks=[task])
    sentinel.start()
    limit(sentinel, FEW)
    return sentinel


@contextmanager
def strangers(listen: str, count: int) -> Iterator[None]:
    """So many open connections: every other one begins a request, and none ends it."""
    host, port = listen.split(":")
    with contextlib.ExitStack() as held:
        for number in range(count):
            one = held.enter_context(socket.create_connection((host, int(port)), timeout=10))
            with contextlib.suppress(ConnectionError):  # it may be closed already
                one.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Half: " * (number % 2))
        yield


def runs(sentinel) -> tuple[int, int]:
    """Those that went well, and those that did not."""
    tasks = sentinel.status()["tasks"]
    return tasks["success"], tasks["failed"]


def descriptors(sentinel) -> list[int]:
    """Those that are open."""
    return [int(one.name) for one in Path(f"/proc/{sentinel.process.pid}/fd").iterdir()]


def limit(sentinel, count: int) -> None:
    """It gets no descriptor of this number or above."""
    resource.prlimit(sentinel.process.pid, resource.RLIMIT_NOFILE, (count, FEW))


def test_many_idle_connections_cost_no_probe(agent):
    """1,100 of them, where 1,024 descriptors are all: pages and commands answer, and each probe goes well."""
    with strangers(agent.listen, 1100):
        assert len(descriptors(agent)) < FEW / 2
        good, _ = runs(agent)
        wait_until(lambda: runs(agent)[0] >= good + 5)
        assert runs(agent)[1] == 0
        assert agent.get("/healthz")[0] == 200
        assert agent.command("status").returncode == 0


def test_commands_work_where_no_descriptor_is_left(agent):
    """What the socket of the owner needs is set aside; the port goes on when there are descriptors again."""
    limit(agent, 1 + max(descriptors(agent)))
    with strangers(agent.listen, 30):  # they take what is free below it
        wait_until(lambda: runs(agent)[1] > 0)  # no probe has a socket
        for _ in range(20):
            assert agent.status()["state"] == "running"
        with socket.create_connection(agent.listen.split(":"), timeout=30) as waiting:
            waiting.sendall(
                b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
            )
            limit(agent, FEW)
            assert b" 200 " in waiting.recv(1000)
    good, _ = runs(agent)
    wait_until(lambda: runs(agent)[0] >= good + 2)
