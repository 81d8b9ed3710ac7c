"""Ten million samples that wait for a dead server: memory, bytes on disk, and how fast they are delivered.

Ours collects them in the whole agent; vmagent is given as many by remote write. Then victoria-metrics
comes up where there was nothing, and CPU and seconds are counted until nothing waits any more. The seconds
are the server's and the disk's as much as the agent's, and do not repeat.
"""

from __future__ import annotations

import asyncio
import math
import time
from array import array
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import yaml
from prometheus_client.parser import text_string_to_metric_families

from orbital_bench import config, meter, report
from orbital_bench.table import rising
from orbital_bench.workload import SAMPLES, SERIES, layouts
from orbital_sdk import Attempt, Batch
from orbital_sdk.testing import FakeHost
from orbital_testbench import VictoriaMetrics, VmAgent, free_port, wait_until
from orbital_writer_victoria import VictoriaConfig
from orbital_writer_victoria import VictoriaMetrics as Writer

if TYPE_CHECKING:
    from collections.abc import Callable

MILLION: Final = 1_000_000
LOOKS: Final = (1, 5, 10)
"""Millions of waiting samples at which memory is looked at."""
TASKS: Final = 100
"""Each gives 241 samples and three of its own, five times a second."""


def run() -> None:
    """Print one row an agent."""
    report.settings(
        [
            ("queue", "disk, synced; size 100,000,000, bytes 8GiB (defaults 1,000,000 and 256MiB)",
             "on disk (default)"),
            ("longest pause", "retry_max_interval 1s (default 1m)", "retryMaxTime 1s (default 1m)"),
            ("breaker", "reset 1s (default 30s)", "has none"),
            ("requests at once", "1 (it has no more)", "queues 4 (default: two a core)"),
        ],
        "vmagent 1.112",
    )  # fmt: skip
    with TemporaryDirectory(dir=".") as name:
        rows = [_ours(Path(name).absolute() / "ours"), _theirs(Path(name).absolute() / "theirs")]
    head = (
        "agent",
        *(f"MiB at {look} M" for look in LOOKS),
        "B/sample on disk",
        "seconds of draining",
        "samples/s/core",
    )
    report.table(f"{LOOKS[-1]} million samples wait, then are delivered", head, rows)


def _ours(folder: Path) -> list[object]:
    folder.mkdir()
    port, listen = free_port(), f"127.0.0.1:{free_port()}"
    fields = {"host": "made-up-{n}", "rows": 24, "columns": 10, "rising": True}
    file = config.agent(
        folder,
        write_url=f"http://127.0.0.1:{port}/api/v1/write",
        listen=listen,
        tasks=config.tasks(TASKS, "bench_table", "200ms", fields),
        buffer={"type": "disk", "disk_path": "buffer", "size": 10**8, "bytes": "8GiB"},
    )
    settings = yaml.safe_load(file.read_text())
    settings["sender"] |= {"retry_max_interval": "1s", "breaker": {"reset": "1s"}}
    file.write_text(yaml.safe_dump(settings))
    with meter.sentinel(folder, file) as agent:
        memory = _looks(lambda: _metric(listen, "sentinel_output_waiting_samples"), agent.pid)
        file.write_text(yaml.safe_dump(settings | {"tasks": []}))
        wait_until(lambda: not _metric(listen, "sentinel_tasks_total"), timeout=60, every=1)
        waiting = _metric(listen, "sentinel_output_waiting_samples")
        size = _held(folder / "buffer" / "db") / waiting
        drained = _drain(
            folder, port, agent.pid, lambda: _metric(listen, "sentinel_output_waiting_samples")
        )
    return ["ours", *memory, size, drained.wall, waiting / drained.cpu]


def _theirs(folder: Path) -> list[object]:
    port = free_port()
    url = f"http://127.0.0.1:{port}/api/v1/write"
    flags = ["-remoteWrite.retryMaxTime=1s"]
    with VmAgent(folder / "vmagent", url, flags=flags) as vmagent:
        listen = f"{vmagent.host}:{vmagent.port}"
        pushed = _Pushed(vmagent.write_url)
        memory = _looks(pushed, vmagent.pid)
        time.sleep(6)  # it writes what it holds every five seconds
        size = _held(folder / "vmagent" / "queue") / pushed.samples
        drained = _drain(
            folder,
            port,
            vmagent.pid,
            lambda: _metric(listen, "vmagent_remotewrite_pending_data_bytes"),
        )
    return ["vmagent", *memory, size, drained.wall, pushed.samples / drained.cpu]


class _Pushed:
    """Gives vmagent the samples of another turn each time it is asked how many it has."""

    def __init__(self, url: str) -> None:
        self.samples = 0
        self._writer = Writer(VictoriaConfig.model_validate({"url": url}))
        asyncio.run(self._writer.start(FakeHost()))
        self._devices = layouts()
        self._values = [rising(SERIES, layout.origin.target) for layout in self._devices]
        self._start = time.time_ns() // 1_000_000 - 7_200_000

    def __call__(self) -> float:
        for _ in range(20):
            self._writer.write(self._poll(self._start + self.samples // SAMPLES * 1000), Attempt())
            self.samples += SAMPLES
        return self.samples

    def _poll(self, ms: int) -> list[Batch]:
        both = zip(self._devices, self._values, strict=True)
        return [Batch(layout, ms, array("d", next(values))) for layout, values in both]


def _looks(waiting: Callable[[], float], pid: int) -> list[float]:
    """Resident MiB at each number of waiting samples."""
    seen: list[float] = []
    for look in LOOKS:
        wait_until(lambda look=look: waiting() >= look * MILLION, timeout=300, every=0.2)
        seen.append(meter.resident_mib(pid))
    return seen


def _drain(folder: Path, port: int, pid: int, waiting: Callable[[], float]) -> meter.Spent:
    """The server comes up; what the agent spends from its first answer until nothing waits."""
    with VictoriaMetrics(folder / "vm", port=port):
        cpu, start = meter.cpu_seconds(pid), time.monotonic()
        wait_until(lambda: waiting() == 0, timeout=300, every=0.1)
        return meter.Spent(meter.cpu_seconds(pid) - cpu, time.monotonic() - start)


def _metric(listen: str, name: str) -> float:
    page = meter.page(listen)
    if not page:
        return math.nan  # it starts, or is busy
    lines = (line for line in page.splitlines() if line.startswith(name))
    families = text_string_to_metric_families("\n".join(lines) + "\n")
    return sum(sample.value for family in families for sample in family.samples)


def _held(folder: Path) -> int:
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file() and f.suffix != ".bin")
