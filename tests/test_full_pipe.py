"""A pipe for the log that nobody reads: it costs log lines, and nothing else."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import socket
from typing import TYPE_CHECKING

import pytest

from orbital_testbench import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

TALKATIVE = """\
from orbital_sdk import DeviceFields, Metric, Plugin, PluginConfig


class Talks(Plugin[DeviceFields, PluginConfig]):
    name = "talks"
    said = Metric("said", "Whether it spoke")

    async def collect(self, device, ctx):
        for number in range(100):
            ctx.log.info("line %d " + "x" * 1000, number)
        yield self.said(1)
"""
SMALLEST = 4096
"""Bytes of a pipe, at least (F_SETPIPE_SZ in fcntl(2))."""


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A small one: its end to read and its end to write."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, SMALLEST)
    yield reading, writing
    os.close(reading)


def begin(sentinel, writing: int) -> None:
    """An agent that logs much more than the pipe holds."""
    sentinel.install("talkative", TALKATIVE, talks="Talks")
    sentinel.configure(
        sender={"direct": {"file": {"path": "out.jsonl"}}},
        tasks=[{"id": "a", "plugin": "talks", "interval": "20ms"}],
    )
    sentinel.start(stdout=writing)
    os.close(writing)


def rest(reading: int) -> str:
    """All that is in the pipe until its last writer is gone."""
    with os.fdopen(os.dup(reading), encoding="utf-8") as pipe:
        return pipe.read()


def runs(sentinel) -> int:
    return sentinel.status()["tasks"]["runs"]


def test_a_pipe_that_nobody_reads_holds_neither_collecting_nor_the_stop(sentinel, pipe):
    """It collects and answers while its log goes nowhere, counts what it leaves out, and SIGTERM ends it."""
    reading, writing = pipe
    begin(sentinel, writing)
    wait_until(lambda: sentinel.metrics()["sentinel_log_lines_lost_total"] > 1000)
    before = runs(sentinel)
    wait_until(lambda: runs(sentinel) > before + 20)
    assert sentinel.end(signal.SIGTERM) == 0
    assert "line 0" in rest(reading)


def test_what_was_left_out_is_told_once_the_pipe_is_read_again(sentinel, pipe):
    """One line says how many are missing, where they are missing; what comes later is all there."""
    reading, writing = pipe
    begin(sentinel, writing)
    wait_until(lambda: sentinel.metrics()["sentinel_log_lines_lost_total"] > 1000)
    sentinel.process.send_signal(signal.SIGTERM)
    told = rest(reading)
    assert sentinel.process.wait(30) == 0
    (missing,) = re.findall(r"WARNING +log: (\d+) log lines were left out", told)
    assert int(missing) > 1000
    assert told.splitlines()[-1].endswith("agent: stopped")


def test_a_stranger_cannot_fill_the_log(sentinel):
    """Malformed requests to the telemetry port get their answer, and no line each."""
    sentinel.configure(
        sender={"direct": {"file": {"path": "out.jsonl"}}},
        logging={"level": "debug"},
        tasks=[{"id": "a", "plugin": "ping", "interval": "1s", "config": {"host": "127.0.0.1"}}],
    )
    sentinel.start()
    host, port = sentinel.listen.split(":")
    before = len(sentinel.log.read_text().splitlines())
    for _ in range(200):
        with socket.create_connection((host, int(port))) as stranger:
            stranger.sendall(b"\x16\x03\x01nonsense\r\n\r\n")
            assert b" 400 " in stranger.recv(1000)
    assert len(sentinel.log.read_text().splitlines()) < before + 100
