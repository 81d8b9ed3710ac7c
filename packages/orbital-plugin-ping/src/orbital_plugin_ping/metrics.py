"""The metrics of the plugin."""

from __future__ import annotations

from typing import Final

from orbital_sdk import Metric

HOST: Final = ("host",)


class PingMetrics:
    """Everything that the plugin can give."""

    # as blackbox_exporter names them
    success = Metric("probe_success", "Whether at least one packet was answered (1) or none (0)")
    duration = Metric("probe_duration_seconds", "Time that the whole run took", unit="seconds")
    dns_lookup = Metric(
        "probe_dns_lookup_time_seconds",
        "Time that resolving the name took; 0 for an address",
        unit="seconds",
    )
    ip_protocol = Metric("probe_ip_protocol", "IP version of the packets, 4 or 6")
    ip_addr_hash = Metric("probe_ip_addr_hash", "Hash of the IP address; changes when it changes")
    phase = Metric(
        "probe_icmp_duration_seconds",
        "Time of each phase: resolve, setup (until the first packet left), rtt (mean over the replies)",
        unit="seconds",
        labels=("phase",),
    )
    hop_limit = Metric("probe_icmp_reply_hop_limit", "TTL or hop limit of the last reply")

    # as older sentinels name them
    reachable = Metric("ping_reachable", "Whether the host answered (1) or not (0)", labels=HOST)
    rtt_ms = Metric(
        "ping_rtt_ms", "Mean round-trip time in milliseconds", unit="milliseconds", labels=HOST
    )
    packet_loss = Metric("ping_packet_loss", "Lost packets, 0 to 100", unit="percent", labels=HOST)

    # statistics of a run
    rtt_min = Metric(
        "ping_rtt_min_seconds", "Shortest round-trip time", unit="seconds", labels=HOST
    )
    rtt_mean = Metric("ping_rtt_mean_seconds", "Mean round-trip time", unit="seconds", labels=HOST)
    rtt_max = Metric("ping_rtt_max_seconds", "Longest round-trip time", unit="seconds", labels=HOST)
    rtt_stddev = Metric(
        "ping_rtt_stddev_seconds",
        "Standard deviation of the round-trip times",
        unit="seconds",
        labels=HOST,
    )
    jitter = Metric(
        "ping_rtt_jitter_seconds",
        "Mean difference between the round-trip times of consecutive replies",
        unit="seconds",
        labels=HOST,
    )
    rtt = Metric(
        "ping_rtt_seconds",
        "Percentile of the round-trip times, as a quantile from 0 to 1",
        unit="seconds",
        labels=("host", "quantile"),
    )
    sent = Metric("ping_packets_sent", "Echo requests of this run", labels=HOST)
    received = Metric("ping_packets_received", "Echo requests that were answered", labels=HOST)
    duplicates = Metric("ping_packets_duplicate", "Further replies to a request", labels=HOST)
