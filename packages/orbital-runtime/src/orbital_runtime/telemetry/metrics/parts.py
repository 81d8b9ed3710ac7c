"""Metrics that plugins, writers and processors define, and counts of their background tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orbital_runtime.telemetry.metrics.families import counters, gauges

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric

    from orbital_runtime.telemetry.sources import Sources

PART: Final = ("kind", "name")
"""Labels that identify a part."""


def background(sources: Sources) -> Iterator[Metric]:
    """Background tasks of every part that was ever started."""
    parts = sources.hosts.parts()
    yield counters(
        "sentinel_background_tasks_failed_total",
        "Background tasks of a part that died of an error",
        PART,
        [(part.key, part.failed) for part in parts],
    )
    yield counters(
        "sentinel_background_tasks_abandoned_total",
        "Background tasks of a part that did not end when it was stopped",
        PART,
        [(part.key, part.abandoned) for part in parts],
    )
    yield counters(
        "sentinel_own_metrics_refused_total",
        "Values of a part's own metrics for whose series there was no room",
        PART,
        [(part.key, part.metrics.refused) for part in parts],
    )


def own(sources: Sources) -> Iterator[Metric]:
    """The metrics that parts define."""
    for part in sources.hosts.parts():
        for family in part.metrics.families():
            metric_class = counters if family.kind == "counter" else gauges
            name = part.full_name(family.name)
            yield metric_class(name, family.help, family.labels, family.values.items())
