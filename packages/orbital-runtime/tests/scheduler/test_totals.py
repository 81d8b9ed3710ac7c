"""Histograms of lateness and durations: each observation in the bucket that has it."""

from __future__ import annotations

import pytest

from orbital_runtime.scheduler.totals import DURATION_BUCKETS, LATENESS_BUCKETS, Histogram


@pytest.mark.parametrize("bounds", [LATENESS_BUCKETS, DURATION_BUCKETS])
def test_each_observation_is_in_its_bucket(bounds):
    """On a bound it is in it, as Prometheus has it; a hair above, in the next; the last has no bound."""
    for place, bound in enumerate(bounds):
        histogram = Histogram(bounds)
        histogram.observe(bound)
        histogram.observe(bound * 1.001)
        assert histogram.counts[place : place + 2] == [1, 1]
        assert histogram.quantile(0.5) == bound
    assert histogram.quantile(1) == float("inf")
