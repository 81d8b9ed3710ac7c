"""Which metric has which value of a reading, and the series of one host."""

from __future__ import annotations

from itertools import compress
from typing import TYPE_CHECKING, Final

from orbital_plugin_ping.metrics import PingMetrics as M
from orbital_sdk import Columns, Metric, Series

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from orbital_plugin_ping.fields import PingConfig
    from orbital_plugin_ping.reading import Reading

    Values = Callable[[Reading], Iterable[float | None]]

Heading = tuple[Metric, str]
"""A metric, and the value of its second label if it has one."""

PROBE: Final[tuple[Heading, ...]] = (
    (M.success, ""),
    (M.duration, ""),
    (M.dns_lookup, ""),
    (M.ip_protocol, ""),
    (M.ip_addr_hash, ""),
    (M.phase, "resolve"),
    (M.phase, "setup"),
    (M.phase, "rtt"),
    (M.hop_limit, ""),
)


def probe_values(r: Reading) -> tuple[float | None, ...]:
    """In the order of `PROBE`, as below; None where the reading has no such value."""
    address, outcome, statistics = r.address, r.outcome, r.statistics
    return (
        int(r.reached),
        r.duration,
        r.resolve,
        address and address.version,
        address and address.fingerprint,
        r.resolve,
        outcome.setup if statistics.sent else None,
        statistics.mean,
        outcome.hop_limit,
    )


LEGACY: Final[tuple[Heading, ...]] = ((M.reachable, ""), (M.rtt_ms, ""), (M.packet_loss, ""))


def legacy_values(r: Reading) -> tuple[float | None, ...]:
    """In the units of the older names: milliseconds and percent."""
    mean = r.statistics.mean
    return int(r.reached), None if mean is None else mean * 1000, r.statistics.loss * 100


STATISTICS: Final[tuple[Heading, ...]] = (
    (M.rtt_min, ""),
    (M.rtt_mean, ""),
    (M.rtt_max, ""),
    (M.rtt_stddev, ""),
    (M.jitter, ""),
    (M.sent, ""),
    (M.received, ""),
    (M.duplicates, ""),
)


def statistics_values(r: Reading) -> tuple[float | None, ...]:
    s = r.statistics
    return (
        s.minimum,
        s.mean,
        s.maximum,
        s.deviation,
        s.jitter,
        s.sent,
        s.received,
        r.outcome.duplicates,
    )


def quantile_values(r: Reading) -> tuple[float | None, ...]:
    return r.statistics.quantiles


class Selection:
    """What a plugin with these settings gives."""

    def __init__(self, config: PingConfig) -> None:
        quantiles = tuple((M.rtt, f"{percentile / 100:g}") for percentile in config.percentiles)
        groups: list[tuple[bool, tuple[Heading, ...], Values]] = [
            (True, PROBE, probe_values),
            (config.legacy_names, LEGACY, legacy_values),
            (config.statistics, STATISTICS, statistics_values),
            (bool(quantiles), quantiles, quantile_values),
        ]
        self.headings = [
            heading for wanted, headings, _ in groups if wanted for heading in headings
        ]
        self.groups = [values for wanted, _, values in groups if wanted]

    @property
    def metrics(self) -> tuple[Metric, ...]:
        return tuple(dict.fromkeys(metric for metric, _ in self.headings))


class HostSeries:
    """The series of one host, each made once.

    Args:
        host: Value of the label `host`.
        selection: What to give.
    """

    def __init__(self, host: str, selection: Selection) -> None:
        self._groups = selection.groups
        self._series = tuple(
            metric.series(*[{"host": host}.get(label, second) for label in metric.labels])
            for metric, second in selection.headings
        )
        self._subsets: dict[tuple[bool, ...], tuple[Series, ...]] = {}

    def columns(self, reading: Reading) -> Columns:
        """The reading as samples; a value that it does not have is left out."""
        values: list[float | None] = []
        for group in self._groups:
            values += group(reading)
        present = tuple([value is not None for value in values])
        series = self._subsets.get(present)
        if series is None:
            series = self._subsets[present] = tuple(compress(self._series, present))
        return Columns(series, [value for value in values if value is not None])
