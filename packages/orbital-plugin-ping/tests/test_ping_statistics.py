"""What a run's times sum up to, and how a run fits into its time."""

from __future__ import annotations

import statistics
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbital_plugin_ping.address import numeric
from orbital_plugin_ping.pinger import plan
from orbital_plugin_ping.statistics import summarize

RTT = st.floats(min_value=1e-6, max_value=60)
HOME = numeric("127.0.0.1")
assert HOME is not None


def test_by_hand():
    """Loss, mean, deviation and jitter of a run small enough to reckon by hand."""
    got = summarize([0.010, None, 0.020, 0.060], [0, 50, 75, 100])
    assert (got.sent, got.received, got.loss) == (4, 3, 0.25)
    assert (got.minimum, got.mean, got.maximum) == (0.010, 0.030, 0.060)
    assert got.deviation == pytest.approx(0.0216025, rel=1e-5)
    assert got.jitter == pytest.approx(0.025)  # |20-10| and |60-20|, over the lost one
    assert got.quantiles == pytest.approx((0.010, 0.020, 0.040, 0.060))


@pytest.mark.parametrize("rtts", [[], [None], [None, None]])
def test_nothing_came(rtts):
    """Without a reply all is lost and there are no times: no zero is made up."""
    got = summarize(rtts, [50])
    assert (got.sent, got.received, got.loss) == (len(rtts), 0, 1.0)
    assert {got.minimum, got.mean, got.maximum, got.deviation, got.jitter, *got.quantiles} == {None}


def test_one_reply():
    """One reply has no deviation and no jitter."""
    got = summarize([None, 0.5], [95])
    assert (got.mean, got.deviation, got.jitter, got.quantiles) == (0.5, None, None, (0.5,))


@given(st.lists(st.none() | RTT, max_size=100), st.lists(st.floats(0, 100), max_size=3))
def test_bounds(rtts, percentiles):
    """Whatever came, the figures agree with each other and with Python's own statistics."""
    got = summarize(rtts, percentiles)
    times = [rtt for rtt in rtts if rtt is not None]
    assert got.received == len(times)
    assert 0 <= got.loss <= 1
    if len(times) < 2:
        return
    assert got.mean == pytest.approx(statistics.fmean(times))
    assert got.deviation == pytest.approx(statistics.pstdev(times), abs=1e-9)
    assert got.minimum <= got.mean * (1 + 1e-12)
    assert got.mean <= got.maximum * (1 + 1e-12)
    assert 0 <= got.jitter <= got.maximum - got.minimum + 1e-12
    for quantile in got.quantiles:
        assert got.minimum <= quantile <= got.maximum * (1 + 1e-12)


@given(
    st.integers(1, 100),
    st.floats(0, 10),
    st.floats(0.001, 60),
    st.floats(0.0, 120),
)
def test_plan_fits(count, gap, timeout, seconds):
    """All packets leave early enough, and the last one's reply is waited for as long as there is time."""
    made = plan(HOME, count=count, gap=gap, timeout=timeout, seconds=seconds)
    spread = made.gap * (count - 1)
    assert 0 <= made.gap <= gap
    assert spread <= seconds + 1e-9
    assert seconds - spread >= min(timeout, seconds / 2) - 1e-9
    assert made.end <= time.monotonic() + seconds
    if gap * (count - 1) + timeout <= seconds:
        assert made.gap == gap
