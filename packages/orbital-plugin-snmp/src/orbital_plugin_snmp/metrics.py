"""What the plugin says about its own work, as snmp_exporter names it."""

from __future__ import annotations

from orbital_sdk import Metric

MODULE = ("module",)


class ScrapeMetrics:
    """Given at every poll. `module` is what the task's `profiles` says, or what `auto` chose."""

    table_up = Metric(
        "snmp_table_up",
        "Whether a table was read completely (1) or not (0); none for one that the device does not have",
        labels=("table",),
    )
    walk_duration = Metric(
        "snmp_scrape_walk_duration_seconds",
        "Time that reading the device took",
        unit="seconds",
        labels=MODULE,
    )
    duration = Metric(
        "snmp_scrape_duration_seconds",
        "Time that the whole poll took, labels and values included",
        unit="seconds",
        labels=MODULE,
    )
    packets_sent = Metric(
        "snmp_scrape_packets_sent", "Requests sent, retries included", labels=MODULE
    )
    packets_retried = Metric(
        "snmp_scrape_packets_retried", "Requests sent again that nobody answered", labels=MODULE
    )
    pdus_returned = Metric("snmp_scrape_pdus_returned", "Values received", labels=MODULE)
    refused = Metric(
        "snmp_scrape_values_refused",
        "Values received that make no sense, by what is wrong with them; none where all are good",
        labels=("reason",),
    )
