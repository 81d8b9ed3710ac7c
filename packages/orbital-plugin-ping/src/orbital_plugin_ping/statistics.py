"""Loss and round-trip times of one run, summed up."""

from __future__ import annotations

from itertools import pairwise
from math import fsum, sqrt
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Statistics(NamedTuple):
    """Times are in seconds. What the replies don't tell is None, never a made-up 0."""

    sent: int
    received: int
    loss: float
    """0 to 1; 1 where nothing could be sent."""
    minimum: float | None = None
    mean: float | None = None
    maximum: float | None = None
    deviation: float | None = None
    """Standard deviation over all replies (population); needs two."""
    jitter: float | None = None
    """Mean of the absolute differences between consecutive replies' times; needs two. RFC 3550 (6.4.1)
    smooths the same differences, which a run of few packets is too short for."""
    quantiles: tuple[float | None, ...] = ()
    """As asked for, interpolated between the nearest replies."""


def summarize(rtts: Sequence[float | None], percentiles: Sequence[float] = ()) -> Statistics:
    """Sum up a run.

    Args:
        rtts: Seconds, one a packet in the order of sending; None for a lost one.
        percentiles: 0 to 100.
    """
    times = [rtt for rtt in rtts if rtt is not None]
    sent, received = len(rtts), len(times)
    if not times:
        return Statistics(sent, 0, 1.0, quantiles=(None,) * len(percentiles))
    loss = (sent - received) / sent
    if received == 1:
        (time,) = times
        return Statistics(sent, 1, loss, time, time, time, quantiles=(time,) * len(percentiles))
    mean = fsum(times) / received
    return Statistics(
        sent=sent,
        received=received,
        loss=loss,
        minimum=min(times),
        mean=mean,
        maximum=max(times),
        deviation=sqrt(fsum([(t - mean) ** 2 for t in times]) / received),
        jitter=fsum([abs(b - a) for a, b in pairwise(times)]) / (received - 1),
        quantiles=_quantiles(sorted(times), percentiles) if percentiles else (),
    )


def _quantiles(times: Sequence[float], percentiles: Sequence[float]) -> tuple[float, ...]:
    return tuple(_quantile(times, percentile / 100) for percentile in percentiles)


def _quantile(times: Sequence[float], share: float) -> float:
    position = share * (len(times) - 1)
    below = int(position)
    above = min(below + 1, len(times) - 1)
    return times[below] + (times[above] - times[below]) * (position - below)
