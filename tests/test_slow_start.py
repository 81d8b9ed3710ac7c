"""While an agent starts, its commands say so."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from orbital_sentinel.client.client import NotRunning
from orbital_testbench import wait_until

CODE = """\
import asyncio
from pathlib import Path

from orbital_sdk import Processor, ProcessorConfig


class Slow(Processor[ProcessorConfig]):
    name = "slow"

    async def start(self, host):
        while not Path("go").exists():
            await asyncio.sleep(0.05)

    def plan(self, layout):
        return list(layout.rows)
"""


@pytest.fixture
def starting(sentinel):
    """An agent that waits for a file `go`."""
    sentinel.install("slow", CODE, group="processors", slow="Slow")
    sentinel.configure(
        sender={"direct": {"file": {"path": "out.jsonl"}}},
        processors=[{"name": "slow"}],
        tasks=[{"id": "here", "plugin": "ping", "config": {"host": "127.0.0.1"}}],
    )
    with ThreadPoolExecutor(1) as aside:
        start = aside.submit(sentinel.start)
        wait_until(lambda: state(sentinel) == "registering" or start.done(), what="its socket")
        yield sentinel
        sentinel.folder.joinpath("go").touch()
        start.result()


def state(sentinel) -> str:
    try:
        return sentinel.told("/api/v1/status")["state"]
    except NotRunning:
        return ""


def test_tasks_that_will_come_are_not_missing(starting):
    """`sentinel tasks` does not say that there are none."""
    done = starting.command("tasks")
    assert (done.returncode, done.stdout) == (0, "")
    assert "the sentinel is still starting" in done.stderr
