"""Metrics of plugins: started ones, sessions, receivers, and errors in their code."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from orbital_runtime.telemetry.metrics.families import counters, gauge, gauges

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from prometheus_client.core import Metric

    from orbital_runtime.telemetry.sources import Sources
    from orbital_sdk.loader import ProcessState

PLUGIN: Final = ("plugin",)
"""The label that identifies a plugin."""


def plugins(sources: Sources) -> Iterator[Metric]:
    """Plugins that started, and those that did not although tasks need them."""
    started = sources.instances.running()
    yield gauge("sentinel_plugins_loaded", "Plugins that are started", len(set(started)))
    yield gauge(
        "sentinel_plugin_instances",
        "Started plugins, one for each different settings",
        len(started),
    )
    yield gauge(
        "sentinel_plugins_broken",
        "Installed parts that were needed and cannot be used",
        len(sources.registry.broken()),
    )
    yield gauges(
        "sentinel_plugin_start_failed",
        "1 for a plugin that did not start",
        PLUGIN,
        [((name,), 1.0) for name in sources.instances.failed()],
    )


def processes(sources: Sources) -> Iterator[Metric]:
    """Versions of started plugins, and their processes."""
    placed = sources.updates.placed()
    yield gauges(
        "sentinel_plugin_info",
        "1; the version of a started plugin that runs, and the one that is installed",
        ("plugin", "loaded", "installed"),
        [((one.name, one.loaded, one.installed), 1.0) for one in placed],
    )
    yield gauges(
        "sentinel_plugin_processes",
        "Processes of a plugin, by state: running, down or parked",
        ("plugin", "state"),
        [
            ((one.name, state), float(count))
            for one in placed
            for state, count in Counter(map(_state, one.processes)).items()
        ],
    )
    yield counters(
        "sentinel_plugin_process_restarts_total",
        "Times that processes of a plugin were started again",
        PLUGIN,
        [((one.name,), sum(p.restarts for p in one.processes)) for one in placed if one.processes],
    )


def _state(process: ProcessState) -> str:
    if not process.down:
        return "running"
    return "parked" if process.parked else "down"


def sessions(sources: Sources) -> Iterator[Metric]:
    """Open sessions of plugins."""
    found = sources.engine.sessions
    yield gauges("sentinel_sessions", "Devices that a plugin has open", PLUGIN, _rows(found.opened))
    yield counters(
        "sentinel_sessions_not_closed_total",
        "Sessions whose close failed, or took too long",
        PLUGIN,
        _rows(found.not_closed),
    )


def runs(sources: Sources) -> Iterator[Metric]:
    """Calls to plugins, and their errors."""
    totals = sources.engine.totals
    yield counters(
        "sentinel_emissions_total",
        "Times that a receiver handed over what it received",
        PLUGIN,
        _rows(totals.emissions),
    )
    yield counters(
        "sentinel_receiver_restarts_total",
        "Receivers that ended by themselves and were begun again",
        PLUGIN,
        _rows(totals.restarts),
    )
    yield counters(
        "sentinel_plugin_bugs_total",
        "Errors of a plugin that are not of the contract",
        PLUGIN,
        _rows(totals.bugs),
    )


def _rows(counted: Mapping[str, int]) -> Sequence[tuple[tuple[str], int]]:
    return [((name,), count) for name, count in counted.items()]
