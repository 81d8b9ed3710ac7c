"""Long lists of tasks in a whole agent: how long they hold its loop, and a task that runs every 100 ms."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from orbital_bench import report
from orbital_bench.holds import watched
from orbital_devcore.core import Core
from orbital_devcore.peer import Peer
from orbital_devcore.serving import serving
from orbital_gravital.extension import Gravital
from orbital_runtime.agent import Agent
from orbital_runtime.plugins.registry import Registry
from orbital_runtime.settings import load
from orbital_sdk import DeviceFields, Metric, Plugin, PluginConfig
from orbital_sdk.testing import RecordingWriter
from orbital_sentinel.process import garbage, heap, loop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

    from orbital_runtime.model import Run, Task

TASKS: Final = 50_000
AFTERWARDS: Final = 2.0
"""Seconds that are watched after a list is in force: its first runs come."""
PATIENCE: Final = 120.0
DEVICE: Final = (
    "insert into devices (device_id, name, device_type, connection_config, labels, status)"
    " values (?, ?, 'switch', ?, '{}', 'online')"
)
TASK: Final = (
    "insert into tasks (task_id, device_id, sentinel_id, plugin_name, config, interval_seconds,"
    " enabled, priority, retry_count, timeout_seconds) values (?, ?, ?, 'bench', '{}', 300, 1, 5, 0, 30)"
)


class Fields(DeviceFields):
    """As Core gives them."""

    host: str


class Bench(Plugin[Fields, PluginConfig]):
    """Answers at once."""

    name = "bench"
    value = Metric("bench_value", "One")

    async def collect(self, device: Fields, ctx: object) -> Any:
        yield self.value(float(len(device.host)))


def run() -> None:
    """Print a row for each list."""
    heap.keep()
    garbage.settle()
    context = multiprocessing.get_context("spawn")  # its server's work is not ours
    here, there = context.Pipe()
    server = context.Process(target=_serve, args=(there,))
    server.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            rows = loop.run(_rows(Path(folder), here))
    finally:
        here.send(None)
        server.join()
    head = ("list", "seconds", "CPU at a time, ms", "longest wait, ms", "gap beside it, ms")
    report.table(f"Core: lists of {TASKS:,} tasks in a whole agent", head, rows)


def _serve(pipe: Connection) -> None:
    """A devcore whose tables are changed by SQL."""
    core = Core(keep_samples=1000)
    with serving(core) as address:
        found = Peer(address, core).register()
        pipe.send((address, found["sentinel_id"], found["api_token"]))
        core.db.run_many(DEVICE, _devices())
        while (query := pipe.recv()) is not None:
            if query == TASK:
                core.db.run_many(TASK, _tasks(found["sentinel_id"]))
            else:
                core.db.run(query)
            pipe.send("done")


def _devices() -> Iterator[tuple[str, ...]]:
    auth = {"type": "snmp_2c", "config": {"community": "c"}}
    for n in range(TASKS):
        host = f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}"
        connection = {"host": host, "port": 161, "protocol": "snmp", "auth": auth}
        yield f"dev-{n:08x}", f"sw{n}", json.dumps(connection)


def _tasks(sentinel: str) -> Iterator[tuple[str, ...]]:
    return ((f"task-{n:08x}", f"dev-{n:08x}", sentinel) for n in range(TASKS))


async def _rows(folder: Path, pipe: Connection) -> list[list[object]]:
    site = _Site(folder, *await asyncio.to_thread(pipe.recv))
    agent = site.agent()
    await agent.start()
    core: Gravital = agent.extensions["core"]
    states, last = agent.stations.scheduler.states(), f"core/task-{TASKS - 1:08x}"

    def refresh() -> None:
        if core.link is not None:
            core.link.refresh()

    async def listed(what: str, query: str, done: Callable[[], bool]) -> list[object]:
        if query:
            await asyncio.to_thread(pipe.send, query)
            await asyncio.to_thread(pipe.recv)
        return [what, *await _watch(agent, refresh, done)]

    def begin() -> None:
        agent.reload_soon()

    try:
        rows = [
            await listed("the first", TASK, lambda: len(states) > TASKS),
            await listed("the same, in 6 s", "", _after(6.0)),
            await listed(
                "one task edited",
                f"update tasks set timeout_seconds = 7 where id = {TASKS}",  # noqa: S608 (ours)
                lambda: states[last][0].timeout == 7,
            ),
            await listed(
                "every task edited",
                "update tasks set timeout_seconds = 8, interval_seconds = 240",
                lambda: states[last][0].timeout == 8,
            ),
            await listed(
                "half of them gone",
                "update tasks set enabled = 0 where id % 2",
                lambda: len(states) <= TASKS // 2 + 1,
            ),
        ]
        site.configure(TASKS)
        rows.append(
            ["as many local ones, by a reload", *await _watch(agent, begin, lambda: "t1" in states)]
        )
        return rows
    finally:
        await agent.stop()


class _Site:
    """Where the agent lives, and whom it works for."""

    def __init__(self, folder: Path, address: str, sentinel: str, token: str) -> None:
        self._path = folder / "config.yaml"
        self._environ = {"XDG_DATA_HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
        self._core = {"url": address, "api_token": token, "timeout": "60s"}
        self._id = sentinel
        self._registry = Registry.of(
            plugins=[Bench], writers=[RecordingWriter], extensions=[Gravital]
        )

    def configure(self, local: int = 0) -> None:
        """A task that runs all the time, and so many more."""
        fields = {"plugin": "bench", "config": {"host": "10.0.0.1"}}
        tasks = [{"id": "beside", "interval": "100ms", **fields}]
        tasks += [{"id": f"t{n}", "interval": "300s", **fields} for n in range(local)]
        settings = {
            "sentinel": {"id": self._id, "name": "bench"},
            "core": self._core,
            "sender": {"mode": "core"},
            "collector": {"task_fetch_interval": "1h"},
            "plugins": {"auto_reload": False},
            "telemetry": {"enabled": False},
            "tasks": tasks,
        }
        self._path.write_text(json.dumps(settings))  # which is YAML, too
        self._path.chmod(0o600)

    def agent(self) -> Agent:
        self.configure()
        loaded = load(self._path, self._environ, registry=self._registry)
        return Agent(loaded, self._registry, environ=self._environ)


async def _watch(
    agent: Agent, begin: Callable[[], None], done: Callable[[], bool]
) -> tuple[object, ...]:
    """Seconds until it is done, how it held the loop, and the longest gap of the task beside it."""
    runs: list[float] = []

    def ran(task: Task, _: Run) -> None:
        if task.key == "beside":
            runs.append(time.perf_counter())

    agent.stations.listeners.all.append(ran)
    async with watched() as holds, asyncio.timeout(PATIENCE):
        start = time.perf_counter()
        begin()
        while not done():  # noqa: ASYNC110 (states have no event)
            await asyncio.sleep(0.01)
        seconds = time.perf_counter() - start
        await asyncio.sleep(AFTERWARDS)
    agent.stations.listeners.all.remove(ran)
    gap = max(after - before for before, after in pairwise(runs))
    return seconds, holds.cpu, holds.late, gap * 1000


def _after(seconds: float) -> Callable[[], bool]:
    """So long after the first time it is asked."""
    until: list[float] = []

    def over() -> bool:
        until.append(time.monotonic() + seconds)
        return time.monotonic() >= until[0]

    return over
