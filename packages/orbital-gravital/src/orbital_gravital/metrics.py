"""Metrics of the connection to Gravital Core. Heartbeat metrics exist without a connection, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orbital_runtime.telemetry.metrics.families import counter, counters, gauge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric

    from orbital_gravital.standing import CoreStanding


def metrics(now: CoreStanding | None) -> Iterator[Metric]:
    """Heartbeats, tasks and reports."""
    heard, unheard = (now.heartbeats, now.heartbeats_failed) if now else (0, 0)
    yield counter("sentinel_heartbeat_success_total", "Heartbeats that Core answered", heard)
    yield counter("sentinel_heartbeat_failed_total", "Heartbeats that Core did not answer", unheard)
    if now is None:
        return
    known = float(bool(now.sentinel_id))
    yield gauge("sentinel_core_registered", "1 while Core knows this sentinel", known)
    yield gauge("sentinel_core_tasks", "Tasks of Core that can run", now.tasks)
    yield gauge("sentinel_core_tasks_unusable", "Tasks of Core that cannot", len(now.unusable))
    yield gauge("sentinel_core_reports_waiting", "Reports on their way", now.reports_waiting)
    ends = {
        "sent": now.reports, "refused": now.reports_refused,
        "given_up": now.reports_given_up, "dropped": now.reports_dropped,
    }  # fmt: skip
    yield counters(
        "sentinel_core_reports_total",
        "Reports of runs, by what became of them",
        ("outcome",),
        [((name,), count) for name, count in ends.items()],
    )
