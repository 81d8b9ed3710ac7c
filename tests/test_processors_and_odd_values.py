"""Every shipped processor in the agent's chain: infinities, clocks that jump, values that are left out in
front of it, and series that end.
"""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbital_processors import (
    Aggregate,
    Convert,
    Dedup,
    Delta,
    Filter,
    Increase,
    Labels,
    Map,
    Rate,
    Relabel,
    Rename,
    Sample,
)
from orbital_runtime.processor.chain import Chain
from orbital_sdk import STALE_BYTES, Layout, Row
from orbital_sdk.testing import make_batch, make_origin

ALL = {"match": [{"metric": "*"}]}
FUNCTIONS = ["min", "max", "avg", "sum", "count", "last", "stddev"]
WINDOWS = {"interval": "10s", "functions": FUNCTIONS, "quantiles": [0, 0.5, 1]}
SHIPPED = [
    (Aggregate, ALL | WINDOWS),
    (Aggregate, ALL | WINDOWS | {"keep": True, "late": "next", "by": [], "over": "agent"}),
    (Convert, {"rules": [{"scale": 2, "offset": 1, "round": 1}, {"values": {1: 2}, "max": 1e300}]}),
    (Dedup, {}),
    (Dedup, {"tolerance": 1}),
    (Delta, ALL),
    (Filter, {"drop": [{"value": "> 20"}]}),
    (Increase, ALL),
    (Labels, {"set": {"site": "{device.id}"}, "drop": "x"}),
    (Map, {"label": "n", "to": "site", "table": {"1": "x"}}),
    (Rate, ALL),
    (Rate, ALL | {"keep": True}),
    (Relabel, {"rules": [{"source_labels": ["n"], "regex": "2", "action": "drop"}]}),
    (Rename, {"metrics": {"m": "renamed"}}),
    (Sample, {"every": 2}),
    (Sample, {"interval": "7s"}),
]
T = 1_700_000_000_000
VALUES = st.sampled_from(
    [0.0, -0.0, 1.0, 7.0, 50.0, math.inf, -math.inf, 1.8e308, -1.8e308, 5e-324]
)
LAYOUTS = [
    Layout(make_origin(), [Row("m", {"n": str(n)}, "counter") for n in range(size)])
    for size in (3, 2)
]
SECONDS = st.sampled_from([0, 1, 10, 11, 3600, -5, -3600, -86_400 * 365, 86_400 * 365])
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["batch", "batch", "own times", "ended", "flush"]),
        st.sampled_from([0, 0, 1]),
        SECONDS,
        st.lists(VALUES, min_size=3, max_size=3),
    ),
    max_size=15,
)


def counted(chain, layout, ts, values, times=None):
    """What leaves the chain; each sample that does not is counted."""
    totals, refused = chain.totals, Counter()
    before = totals.made.total() - totals.dropped.total()
    batch = make_batch(values, ts=ts, layout=layout, times=times)
    left = chain.process(chain.plan(layout), batch, refused)
    gone = before - totals.made.total() + totals.dropped.total() + refused.total()
    assert len(batch) - gone == (0 if left is None else len(left))
    return left


def checked(batch):
    """Every sample is a number, and every time one that a destination may have."""
    assert not any(map(math.isnan, batch.values))
    assert all(ts >= 0 for _, ts, _ in batch.items())


@pytest.mark.parametrize(("cls", "config"), SHIPPED, ids=lambda value: getattr(value, "name", ""))
@settings(max_examples=25, deadline=None)
@given(STEPS)
def test_nothing_fails_and_all_is_counted(cls, config, steps):
    """No call fails, no sample without a number leaves, each is accounted for, and a series ends under the
    name under which it left.
    """
    odd = Filter(Filter.config_model.model_validate({"drop": [{"value": "== 7"}]}))
    chain = Chain([odd, cls(cls.config_model.model_validate(config))])
    now = T
    for what, which, seconds, given_values in steps:
        now, layout = max(1, now + seconds * 1000), LAYOUTS[which]
        values = given_values[: len(layout)]
        if what == "ended":
            ends(chain, layout, now)
        elif what == "flush":
            for batch in chain.flush(now, Counter()):
                checked(batch)
        else:
            times = [max(0, now - 4000 * n) for n in range(len(layout))]
            left = counted(chain, layout, now, values, times if what == "own times" else None)
            if left is not None:
                checked(left)
    for batch in chain.flush(now, Counter(), last=chain.processors):
        checked(batch)
    assert not chain.totals.errors
    assert not chain.totals.lost


def ends(chain, layout, now):
    """A stale marker passes every step as it is, to the bit."""
    course = chain.plan(layout)
    stale = make_batch(len(layout), ts=now, layout=layout, stale=True)
    left = course.ended(stale)
    assert left.values.tobytes() == STALE_BYTES * len(left)
    assert {row.key for row in left.layout.rows} <= {row.key for row in course.end.layout.rows}
    chain.ended(left.layout)
