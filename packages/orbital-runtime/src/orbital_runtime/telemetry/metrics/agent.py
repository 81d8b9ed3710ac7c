"""Metrics of the agent and its process."""

from __future__ import annotations

import asyncio
import platform
import sys
import threading
import time
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Final

import psutil

from orbital_runtime.telemetry.logs.queue import LogQueue
from orbital_runtime.telemetry.metrics.families import counter, counters, gauge, gauges, info

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric

    from orbital_runtime.telemetry.server.connections import Connections
    from orbital_runtime.telemetry.sources import Sources

STATES: Final = ("initializing", "registering", "running", "stopping", "stopped", "error")


def agent(sources: Sources) -> Iterator[Metric]:
    """Metrics of identity, start time and state."""
    yield info(
        "sentinel_info",
        "This sentinel: program version, operating system, architecture",
        {"version": sources.version, "os": sys.platform, "arch": platform.machine()},
    )
    yield info("sentinel_build_info", "Versions of its parts", _build(sources))
    yield gauge("sentinel_uptime_seconds", "Seconds since the start", sources.uptime)
    clock = sources.clock.utc_ms() / 1000
    yield gauge("sentinel_time_seconds", "Time of this machine's clock", clock)
    yield gauge("sentinel_series", "Series of all tasks", sources.engine.budget.total)
    reload = sources.reloaded()
    yield gauge(
        "sentinel_config_last_reload_successful",
        "1 if the configuration was valid when it was read last",
        float(not reload.problems),
    )
    yield gauge(
        "sentinel_config_last_reload_success_timestamp_seconds",
        "When a valid configuration was read last",
        reload.successful_ms / 1000,
    )
    yield gauge(
        "sentinel_config_last_good",
        "1 while the last good configuration is in effect because the file has errors",
        float(sources.fallback() is not None),
    )
    now = sources.state()
    rows = [((state,), float(state == now)) for state in STATES]
    yield gauges("sentinel_state", "1 for the state it is in", ("state",), rows)


class Usage:
    """Resource usage of the process. CPU usage is measured between two scrapes."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._before = self._now()
        self._percent = 0.0

    def families(self) -> Iterator[Metric]:
        yield gauge(
            "sentinel_cpu_usage_percent",
            "CPU of the process since the last scrape; 100 is one core",
            self._cpu(),
        )
        memory = self._process.memory_info().rss
        yield gauge("sentinel_memory_usage_bytes", "Resident memory of the process", memory)
        yield gauge("sentinel_goroutines", "Tasks of the event loop", _loop_tasks())
        yield gauge("sentinel_threads", "Threads of the process", threading.active_count())
        yield counter(
            "sentinel_log_lines_lost_total", "Log lines that could not be written", LogQueue.lost
        )

    def _cpu(self) -> float:
        wall, cpu = self._now()
        passed = wall - self._before[0]
        if passed >= 1.0:  # otherwise two scrapers would get noise
            self._percent = 100.0 * (cpu - self._before[1]) / passed
            self._before = wall, cpu
        return self._percent

    def _now(self) -> tuple[float, float]:
        return time.monotonic(), time.process_time()


def connections(current: Connections) -> Iterator[Metric]:
    """Metrics of the connections to the HTTP API."""
    yield gauge(
        "sentinel_telemetry_connections", "Open connections to the telemetry port", len(current)
    )
    yield counters(
        "sentinel_telemetry_connections_closed_total",
        "Connections to the telemetry port that were cut: too many at once, too late with a request",
        ("reason",),
        [((reason,), count) for reason, count in current.dropped.items()],
    )


def _loop_tasks() -> int:
    try:
        return len(asyncio.all_tasks())
    except RuntimeError:  # no running event loop
        return 0


def _build(sources: Sources) -> dict[str, str]:
    return {
        "version": sources.version,
        "runtime": _installed("orbital-runtime"),
        "sdk": _installed("orbital-sdk"),
        "python": platform.python_version(),
    }


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
