"""What the listener says about its own work."""

from __future__ import annotations

from typing import Final

from orbital_sdk import Metric

REASONS: Final = (
    "rate",
    "queue",
    "buffer",
    "malformed",
    "community",
    "user",
    "clock",
    "engine",
    "value",
    "series",
)
"""Why something was dropped."""


class TrapMetrics:
    """Given at every run."""

    received = Metric(
        "snmp_traps_received_total",
        "Notifications received, by the device's address and the notification's OID",
        kind="counter",
        labels=("source", "trap"),
    )
    dropped = Metric(
        "snmp_traps_dropped_total",
        "Notifications, or what a rule wanted of them, that were dropped, by reason",
        kind="counter",
        labels=("reason",),
    )
