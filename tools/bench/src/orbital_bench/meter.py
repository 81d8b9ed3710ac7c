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
    """Resident memory, MiB."""
    return sum(psutil.Process(pid).memory_info().rss for pid in pids) / (1 << 20)


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


def delivered(listen: str) -> float:
    """Samples that all outputs of the agent at this address have delivered so far; 0 while it starts."""
    return sum(
        sample.value
        for family in text_string_to_metric_families(page(listen))
        for sample in family.samples
        if sample.name == "sentinel_sent_metrics_total"
    )


def own_resident_mib() -> float:
    """Resident memory of this process, MiB."""
    return resident_mib(os.getpid())
