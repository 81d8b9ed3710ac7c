"""A plugin in the agent and in processes of its own: CPU of a run on both sides, memory, cores, crashes.

What is measured is a collection: a session asks, and has the samples. Scheduler, buffer and sender are the
same in both cases, and left out.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from orbital_bench import grpc_program
from orbital_bench.busy import Busy
from orbital_bench.report import table
from orbital_bench.table import Table
from orbital_plugin_host.loader import HostLoader
from orbital_sdk import Context
from orbital_sdk.calling.invoke import invoke, open_session
from orbital_sdk.testing import FakeHost
from orbital_sdk.testing.collection import exclusive_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from orbital_sdk import Plugin, Session

SHAPES = {6: {"rows": 5, "columns": 1}, 241: {"rows": 24, "columns": 10}}
"""Samples of a collection -> how the table has so many."""
SECONDS = 4.0
"""Of each rate."""
HOT = 3000
"""Runs without a pause."""
DEVICES = 25
LOG = logging.getLogger("orbital.plugin")


def run() -> None:
    """Print the tables."""
    try:
        from uvloop import run as run_loop  # noqa: PLC0415 (as the agent chooses its loop)
    except ImportError:
        run_loop = asyncio.run
    run_loop(_run())


async def _run() -> None:
    rows = [
        [samples, rate or "hot", *[f"{1e6 * one:.0f}" for one in await _all(samples, rate)]]
        for samples in SHAPES
        for rate in (5, 50, 500, 0)
    ]
    table(
        "A collection in the agent and in a process of its own",
        [
            "samples a run",
            "runs/s",
            "in the agent, CPU us/run",
            "in a process, agent",
            "its process",
            "by gRPC, agent",
            "its program",
        ],
        rows,
    )
    await _memory()
    await _cores()
    await _crash()


async def _all(samples: int, rate: int) -> tuple[float, ...]:
    async with _started(Table) as inside:
        alone, _ = await _spent(inside, samples, rate)
    async with _started(Table, processes=1) as apart:
        framed = await _spent(apart, samples, rate)
    async with _started(await asyncio.to_thread(grpc_program.plugin, samples)) as program:
        return alone, *framed, *await _spent(program, samples, rate)


@asynccontextmanager
async def _started(cls: Any, processes: int = 0) -> AsyncGenerator[Plugin[Any, Any]]:
    """The plugin in the agent, or in so many processes."""
    if processes:
        described = {"plugin": cls.name, "processes": processes}
        cls = await asyncio.to_thread(HostLoader().load, Path.cwd(), described)
    plugin = cls(cls.config_model())
    host = FakeHost()
    await plugin.start(host)
    try:
        yield plugin
    finally:
        await host.close()
        await plugin.stop()


async def _sessions(plugin: Plugin[Any, Any], **fields: Any) -> list[Session]:
    model: Any = plugin.device_model
    wanted = {name: value for name, value in fields.items() if name in model.model_fields}
    devices = [model(host=f"device-{number}", **wanted) for number in range(DEVICES)]
    for device in devices:
        await exclusive_of(plugin, device)
    return [await open_session(plugin, device) for device in devices]


async def _collect(session: Session) -> None:
    ctx = Context("task", "device", 30.0, time.monotonic() + 30, LOG)
    await invoke(session.collect, ctx, [])


async def _spent(plugin: Plugin[Any, Any], samples: int, rate: int) -> tuple[float, float]:
    """CPU seconds of a run here and in its process. Up to 25 a second come together, as from the scheduler;
    without a rate one comes after the other.
    """
    sessions = await _sessions(plugin, **SHAPES[samples])
    await asyncio.gather(*map(_collect, sessions))  # tables cross once
    pids = [one.pid for one in _processes(plugin)]
    here, there, runs = time.process_time(), _cpu(*pids), 0
    if rate:
        together = min(rate, DEVICES)
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            await asyncio.gather(*map(_collect, sessions[:together]))
            runs += together
            await asyncio.sleep(together / rate)
    else:
        for number in range(HOT):
            await _collect(sessions[number % DEVICES])
        runs = HOT
    return (time.process_time() - here) / runs, (_cpu(*pids) - there) / runs


def _cpu(*pids: int) -> float:
    """CPU seconds of these processes, in nanoseconds' steps, and not in those of a clock tick."""
    threads = [one for pid in pids for one in Path(f"/proc/{pid}/task").glob("*/schedstat")]
    return sum(int(one.read_text().split()[0]) for one in threads) / 1e9


def _processes(plugin: Any) -> list[Any]:
    return [*plugin.processes()] if hasattr(plugin, "processes") else []


async def _memory() -> None:
    async with _started(Table, processes=1) as plugin:
        await _spent(plugin, 241, 50)
        (one,) = _processes(plugin)
        full = psutil.Process(one.pid).memory_full_info()
        table(
            "Memory",
            ["a process", "MiB"],
            [["resident", full.rss >> 20], ["of it shared with nobody", full.uss >> 20]],
        )


async def _cores() -> None:
    rows: list[list[Any]] = []
    for processes in (0, 1, 2):
        async with _started(Busy, processes) as plugin:
            sessions = await _sessions(plugin)
            began = time.monotonic()
            for _ in range(2):
                await asyncio.gather(*map(_collect, sessions))
            rate = 2 * DEVICES / (time.monotonic() - began)
        rows.append([processes or "in the agent", f"{rate:.1f}"])
    table("Cores", ["processes", "runs/s of 20 ms CPU each"], rows)


async def _crash() -> None:
    async with _started(Busy, processes=1) as plugin:
        (session, *_) = await _sessions(plugin, cpu=0.0)
        model: Any = plugin.device_model
        crashing = await open_session(plugin, model(host="x", crash=True))
        began = time.monotonic()
        try:
            await _collect(crashing)
        except Exception:  # noqa: BLE001 (that is what it does)
            await _until_well(session)
        print(f"from a crash to the next run that succeeds: {time.monotonic() - began:.2f} s")


async def _until_well(session: Session) -> None:
    while True:
        try:
            await _collect(session)
        except Exception:  # noqa: BLE001 (it is not there again yet)
            await asyncio.sleep(0.01)
        else:
            return
