"""What a process and its children spend: CPU seconds and resident memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import requests
from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from collections.abc import Generator

    from orbital_testbench import VictoriaMetrics


@dataclass(slots=True)
class Spent:
    """CPU (user + system) and wall seconds of one window."""

    cpu: float = 0.0
    wall: float = 0.0

    @property
    def share(self) -> float:
        """Of one core, 0 to 1 and above."""
        return self.cpu / self.wall if self.wall else 0.0


def cpu_seconds(*pids: int) -> float:
    """User and system seconds of these processes and all their children, so far."""
    total = 0.0
    for pid in pids:
        process = psutil.Process(pid)
        for each in (process, *process.children(recursive=True)):
            times = each.cpu_times()
            total += times.user + times.system
    return total


def resident_mib(*pids: int) -> float:
    """Resident memory of these processes and all their children, MiB."""
    parents = [psutil.Process(pid) for pid in pids]
    every = [each for one in parents for each in (one, *one.children(recursive=True))]
    return sum(each.memory_info().rss for each in every) / (1 << 20)


def window(seconds: float, *groups: tuple[int, ...]) -> list[Spent]:
    """What each group of processes spends in the same window of time."""
    before = [cpu_seconds(*group) for group in groups]
    start = time.monotonic()
    time.sleep(seconds)
    wall = time.monotonic() - start
    return [Spent(cpu_seconds(*g) - b, wall) for g, b in zip(groups, before, strict=True)]


@contextmanager
def sentinel(folder: Path, config: Path, **environ: str) -> Generator[subprocess.Popen[bytes]]:
    """The agent as users start it, in a folder of its own; stopped for sure."""
    env = {
        "PATH": str(Path(sys.executable).parent) + ":/usr/sbin:/usr/bin:/bin",
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder / "data"),
        "XDG_RUNTIME_DIR": str(folder / "run"),
        **environ,
    }
    with (folder / "sentinel.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "orbital_sentinel", "start", "--config", str(config)],
            cwd=folder,
            env=env,
            stdout=log,
            stderr=log,
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def page(listen: str) -> str:
    """What the agent at this address tells of itself; empty while it starts."""
    try:
        return requests.get(f"http://{listen}/metrics", timeout=5).text
    except requests.RequestException:
        return ""


def stored(server: VictoriaMetrics, protocol: str = "promremotewrite") -> float:
    """Samples that this server took so far, by the protocol they came in, as it counts them itself."""
    return sum(
        sample.value
        for family in text_string_to_metric_families(server.get("/metrics").text)
        for sample in family.samples
        if sample.name == "vm_rows_inserted_total" and sample.labels.get("type") == protocol
    )


def own_resident_mib() -> float:
    """Resident memory of this process, MiB."""
    return resident_mib(os.getpid())
