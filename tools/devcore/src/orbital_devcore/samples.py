"""Ingest: device states and LLDP neighbours are picked out, then everything goes into the forward channel."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from orbital_devcore import topology
from orbital_devcore.core import Refused

if TYPE_CHECKING:
    from orbital_devcore.core import Core
    from orbital_devcore.wire import Ingest, Metric

CHANNEL: Final = 10_000
"""Metrics that the forward channel holds."""


def ingest(core: Core, sentinel: str, body: Ingest) -> dict[str, Any]:
    """Take these, one by one. Where the channel is full the ones before it are in, and the answer is 500."""
    if not body.metrics:
        raise Refused(400, 40001, "no metrics provided")
    for metric in body.metrics:
        metric.labels["sentinel_id"] = sentinel
    if not core.faults.database_away:  # which the real server only logs here
        _look_inside(core, body.metrics)
    _forward(core, sentinel, body.metrics)
    return {"received": len(body.metrics)}


def _look_inside(core: Core, metrics: list[Metric]) -> None:
    for metric in metrics:
        if metric.name == "device_status":
            _state(core, metric)
        elif metric.name == "lldp_neighbor":
            topology.from_labels(core, metric.labels)


def _state(core: Core, metric: Metric) -> None:
    device = metric.labels.get("device_id")
    status = "online" if metric.value == 1 else "offline"
    newer = (
        "" if core.quirks else "and coalesce(last_seen, 0) <= ?"
    )  # the real one takes the last it hears
    values = [metric.timestamp, status, core.clock.true(), device]
    core.db.run(
        f"update devices set last_seen = ?, status = ?, updated_at = ? where device_id = ? {newer}",  # noqa: S608 (ours)
        *values, *([metric.timestamp] if newer else []),
    )  # fmt: skip


def _forward(core: Core, sentinel: str, metrics: list[Metric]) -> None:
    if not core.faults.forward_stuck:
        core.queued = 0
    room = CHANNEL - core.queued
    taken = metrics[:room]
    core.queued += len(taken)
    now = round(core.clock.now().timestamp())
    rows = [
        (
            sentinel,
            m.labels.get("device_id", ""),
            m.name,
            m.type,
            m.value,
            m.timestamp or now,
            json.dumps(m.labels),
        )
        for m in taken
    ]
    into = "insert into samples (sentinel_id, device_id, name, type, value, timestamp, labels)"
    core.db.run_many(f"{into} values (?, ?, ?, ?, ?, ?, ?)", rows)
    core.db.run(
        "delete from samples where id <= (select max(id) from samples) - ?", core.keep_samples
    )
    if len(taken) < len(metrics):
        raise Refused(500, 10001, "failed to forward metrics: buffer is full")
