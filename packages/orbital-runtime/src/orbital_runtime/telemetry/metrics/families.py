"""Helpers that make metric families."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from orbital_runtime.scheduler.totals import Histogram


def gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(name, text, value=value)


def info(name: str, text: str, labels: Mapping[str, str]) -> Metric:
    """A gauge of value 1 that carries information in its labels."""
    return gauges(name, text, tuple(labels), [(tuple(labels.values()), 1)])


def gauges(
    name: str, text: str, labels: Sequence[str], rows: Iterable[tuple[Sequence[str], float]]
) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, value in rows:
        family.add_metric(values, value)
    return family


def counters(
    name: str, text: str, labels: Sequence[str], rows: Iterable[tuple[Sequence[str], float]]
) -> Metric:
    family = CounterMetricFamily(name, text, labels=labels)
    for values, value in rows:
        family.add_metric(values, value)
    return family


def histogram(name: str, text: str, observed: Histogram) -> Metric:
    family = HistogramMetricFamily(name, text)
    bounds = [*map(str, observed.bounds), "+Inf"]
    buckets = list(zip(bounds, accumulate(observed.counts), strict=True))
    family.add_metric([], buckets, sum_value=observed.sum)
    return family


def states(
    name: str, text: str, label: str, known: Sequence[str], rows: Iterable[tuple[str, str]]
) -> Metric:
    """One series for each possible state, 1 for the current one; rows are (subject, state)."""
    cells = [((subject, s), float(s == state)) for subject, state in rows for s in known]
    return gauges(name, text, (label, "state"), cells)
