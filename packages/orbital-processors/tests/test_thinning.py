"""dedup and sample: which samples pass."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from orbital_processors import Dedup, DedupConfig, Sample, SampleConfig
from orbital_sdk import Layout, Row
from orbital_sdk.testing import make_batch, make_origin, process

LAYOUT = Layout(make_origin(), [Row("a", {}), Row("b", {})])


def passed(processor, samples):
    """Which of these (time, value) pass, the second series standing still beside it."""
    batches = [make_batch([value, 1.0], ts=ts, layout=LAYOUT) for ts, value in samples]
    return [
        any(row.name == "a" for row in batch.layout.rows) for batch in process(processor, *batches)
    ]


VALUES = st.sampled_from([0.0, -0.0, 1.0, 1.5, math.inf, -math.inf])


@given(
    st.lists(st.tuples(st.sampled_from([0, 1, 60_000, 300_000, -1000]), VALUES), max_size=30),
    st.booleans(),
)
def test_dedup(steps, tolerant):
    """A value passes that differs from the last that passed by more than the tolerance, or when that is
    long ago.
    """
    config = DedupConfig(tolerance=0.5 if tolerant else 0, heartbeat=240)
    ts, last, samples, expected = 1_700_000_000_000, None, [], []
    for gap, value in steps:
        ts += gap
        near = last is not None and (value == last[1] or abs(value - last[1]) <= config.tolerance)
        passes = not (near and 0 <= ts - last[0] < 240_000)
        samples.append((ts, value))
        expected.append(passes)
        last = (ts, value) if passes else last
    assert passed(Dedup(config), samples) == expected


def test_every():
    """The first of so many."""
    assert passed(Sample(SampleConfig(every=3)), [(n, 0.0) for n in range(7)]) == [
        True, False, False, True, False, False, True,
    ]  # fmt: skip


def test_interval():
    """One in each interval by the clock, whenever it comes."""
    samples = [(n * 1000, 0.0) for n in (3, 59, 60, 61, 119, 185)]
    processor = Sample(SampleConfig.model_validate({"interval": "1m"}))
    assert passed(processor, samples) == [True, False, True, False, False, True]


def test_a_clock_that_went_back():
    """An interval that comes again passes again: nothing waits for the clock to catch up."""
    processor = Sample(SampleConfig.model_validate({"interval": "1m"}))
    assert passed(processor, [(600_000, 0.0), (30_000, 0.0), (31_000, 0.0)]) == [True, True, False]


@pytest.mark.parametrize(
    ("model", "settings", "words"),
    [
        (SampleConfig, {}, "either every or interval"),
        (SampleConfig, {"every": 2, "interval": "1m"}, "either every or interval"),
        (SampleConfig, {"interval": 0.0001}, "less than a millisecond"),
        (DedupConfig, {"heartbeat": 0}, "greater than 0"),
        (DedupConfig, {"tolerance": -1}, "greater than or equal to 0"),
    ],
)
def test_bad_settings(model, settings, words):
    """What cannot be meant is refused with the reason."""
    with pytest.raises(ValidationError, match=words):
        model.model_validate(settings)


def test_what_ended_begins_anew():
    """Destinations were told that it ended: an equal value is not one that they have."""
    processor = Dedup(DedupConfig())
    assert passed(processor, [(0, 1.0), (1000, 1.0)]) == [True, False]
    plan = processor.plan(LAYOUT)
    plan.step(make_batch([1.0, 1.0], ts=2000, layout=LAYOUT))
    processor.ended(LAYOUT)
    assert [*plan.step(make_batch([1.0, 1.0], ts=3000, layout=LAYOUT))] == [1.0, 1.0]
