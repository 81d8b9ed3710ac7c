"""The scheduler alone: lateness, CPU share and memory of many tasks whose runs cost nothing."""

from __future__ import annotations

import asyncio
import gc
import time
from typing import TYPE_CHECKING

from orbital_bench import meter, report
from orbital_runtime.clock import SystemClock
from orbital_runtime.model import Run, Status, Task
from orbital_runtime.scheduler.scheduler import Scheduler
from orbital_sdk import DeviceFields, PluginConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SETTINGS = (
    ("tasks", "10 s, each of a device of its own without a host; priority 5", ""),
    ("runs", "return at once: no engine, no buffer, no output, no telemetry", ""),
    ("slots", "100,000 (worker_pool_size: 256 by default)", ""),
    ("loop", "asyncio's own (the agent uses uvloop where it is installed)", ""),
    ("measured", "20 s after 3 s that are not", ""),
)
COUNTS = (100, 1_000, 10_000, 100_000)
INTERVAL = 10.0


def run(seconds: float = 20.0) -> None:
    """Print one row for each number of tasks."""
    report.settings(SETTINGS, "no peer")
    head = (
        "tasks at 10 s",
        "runs/s",
        "late p50 ms",
        "late p99 ms",
        "CPU share",
        "CPU us/run",
        "MiB",
        "apply s",
        "missed",
    )
    report.table(
        "Scheduler, runs that cost nothing", head, [_row(count, seconds) for count in COUNTS]
    )


def _row(count: int, seconds: float) -> Sequence[object]:
    return asyncio.run(_measure(count, seconds))


async def _measure(count: int, seconds: float) -> Sequence[object]:
    gc.collect()
    clock, empty = SystemClock(), meter.own_resident_mib()
    scheduler = Scheduler(_nothing, clock=clock, slots=100_000)
    device, config = DeviceFields(), PluginConfig()
    tasks = [
        Task(f"task-{n}", f"device-{n}", "none", device, config, INTERVAL, 5.0)
        for n in range(count)
    ]
    start = time.perf_counter()
    scheduler.put(tasks)
    applied = time.perf_counter() - start
    scheduler.start()
    await asyncio.sleep(3)
    runs, cpu, wall = scheduler.totals.runs, time.process_time(), time.monotonic()
    await asyncio.sleep(seconds)
    runs, cpu, wall = (
        scheduler.totals.runs - runs,
        time.process_time() - cpu,
        time.monotonic() - wall,
    )
    late = scheduler.totals.lateness
    row = [
        f"{count:,}", runs / wall, late.quantile(0.5) * 1000, late.quantile(0.99) * 1000,
        cpu / wall, cpu / max(runs, 1) * 1e6, meter.own_resident_mib() - empty, applied,
        scheduler.totals.missed,
    ]  # fmt: skip
    await scheduler.stop(1)
    return row


async def _nothing(_: Task, __: Callable[[], None]) -> Run:
    return Run(Status.SUCCESS, up=True, started_ms=0, duration=0.0, samples=0)
