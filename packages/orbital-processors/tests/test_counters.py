"""rate, increase and delta, against a plain recomputation."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from orbital_processors import CounterConfig, Delta, DeltaConfig, Increase, Rate
from orbital_sdk import Layout, Row
from orbital_sdk.testing import make_batch, make_layout, make_origin, process

OCTETS = Row("octets_total", {"port": "1"}, "counter", "bytes")
UPTIME = Row("sysUpTime", {})
HOUR = 3_600_000


def layout(*rows):
    return Layout(make_origin(), rows)


def column(processor, polls, rows=(OCTETS,)):
    """What becomes of the first series in each poll: (time, its value, others' values); None if there is
    no sample.
    """
    shared = layout(*rows)
    batches = [make_batch(list(values), ts=ts, layout=shared) for ts, *values in polls]
    name = processor.plan(shared).rows[0].name
    return [
        next((value for row, _, value in batch.items() if row.name == name), None)
        for batch in process(processor, *batches)
    ]


def plain(polls, grown, *, most=HOUR):
    """The definition, word by word."""
    expected, last = [], None
    for ts, value in polls:
        gap = None if last is None else ts - last[0]
        change = None if gap is None or not 0 < gap <= most else grown(last[1], value)
        expected.append(change if change is not None and change == change else None)  # noqa: PLR0124 (NaN)
        last = (ts, value)
    return expected


NUMBERS = st.one_of(st.floats(0, 1e15), st.integers(0, 5), st.just(math.inf))
GAPS = st.sampled_from([1, 1000, 60_000, HOUR, HOUR + 1, 0, -5000])


@st.composite
def polls(draw):
    ts, found = 1_700_000_000_000, []
    for gap, value in draw(st.lists(st.tuples(GAPS, NUMBERS), min_size=1, max_size=20)):
        ts += gap
        found.append((ts, float(value)))
    return found


@given(polls())
def test_increase(given_polls):
    """The difference; where a counter fell, its value."""
    expected = plain(given_polls, lambda before, now: now - before if now >= before else now)
    assert column(Increase(CounterConfig()), given_polls) == expected


@given(polls())
def test_delta(given_polls):
    """The difference, whatever its sign."""
    config = DeltaConfig.model_validate({"match": [{"metric": "*"}]})
    assert column(Delta(config), given_polls) == plain(
        given_polls, lambda before, now: now - before
    )


@given(polls())
def test_rate(given_polls):
    """The increase by the seconds since the sample before."""
    times = [ts for ts, _ in given_polls]
    expected = [
        None if more is None else more * 1000 / (now - then)
        for more, then, now in zip(
            plain(given_polls, lambda before, now: now - before if now >= before else now),
            [0, *times], times, strict=False,
        )
    ]  # fmt: skip
    assert column(Rate(CounterConfig()), given_polls) == expected


TURN = 1 << 32


@pytest.mark.parametrize(
    ("before", "now", "uptimes", "more"),
    [
        (100, 250, (5000, 11_000), 150),
        (TURN - 100, 50, (5000, 11_000), 150),  # wrapped: the device kept running
        (TURN - 100, 50, (5000, 60), 50),  # restarted
        (100, 250, (5000, 60), 250),  # restarted, and has passed its old value since
        (TURN // 2, 10, (5000, 11_000), 10),  # would be more than half of the range: began anew
        (TURN + 5, 10, (5000, 11_000), 10),  # has 64 bits
        (100, 250, (TURN - 3000, 3000), 150),  # the uptime itself wrapped
    ],
)
def test_restarts(before, now, uptimes, more):
    """SysUpTime tells a restart from a wrap at 2^32, and a restart that the counter itself does not show."""
    given_polls = [(0, before, uptimes[0]), (60_000, now, uptimes[1])]
    assert column(Increase(CounterConfig()), given_polls, (OCTETS, UPTIME)) == [None, more]


def test_a_fall_without_uptime():
    """A counter that fell began anew if nothing is known of the device: a wrap is not guessed."""
    given_polls = [(0, TURN - 100), (60_000, 50)]
    assert column(Increase(CounterConfig()), given_polls) == [None, 50]


def test_names_and_kinds():
    """A rate is a gauge by second; what is not a counter stays."""
    rows = (OCTETS, Row("load", {}))
    plan = Rate(CounterConfig()).plan(layout(*rows))
    assert [(row.name, row.kind, row.unit) for row in plan.rows] == [
        ("octets_total:rate", "gauge", "bytes/s"),
        ("load", "gauge", ""),
    ]
    unchanged = layout(Row("load", {}))
    assert Rate(CounterConfig()).plan(unchanged) is unchanged.rows


def test_keep():
    """The series themselves pass as well, where asked for."""
    shared = layout(OCTETS)
    batches = [
        make_batch([value], ts=ts, layout=shared) for ts, value in ((0, 5.0), (10_000, 25.0))
    ]
    first, second = process(Rate(CounterConfig(keep=True, suffix="_speed")), *batches)
    assert [row.name for row in second.layout.rows] == ["octets_total", "octets_total_speed"]
    assert [*first.values] == [5]
    assert [*second.values] == [25, 2]


def test_another_layout():
    """A series goes on where another layout has it."""
    one, other = layout(OCTETS), layout(Row("load", {}), OCTETS)
    given_batches = [
        make_batch([5.0], ts=0, layout=one),
        make_batch([1.0, 25.0], ts=10_000, layout=other),
    ]
    _, second = process(Rate(CounterConfig()), *given_batches)
    assert [*second.values] == [1, 2]


def test_late_samples():
    """With times of their own, a sample that is not later than the one before gives none, and changes
    nothing.
    """
    shared = layout(OCTETS)
    batches = [
        make_batch([value], ts=90_000, times=[ts], layout=shared)
        for ts, value in ((10_000, 10.0), (5000, 7.0), (20_000, 30.0))
    ]
    assert [[*batch.values] for batch in process(Rate(CounterConfig()), *batches)] == [[], [], [2]]


def test_a_clock_that_went_back():
    """Without times of their own, series begin anew where the clock went back."""
    assert column(Increase(CounterConfig()), [(HOUR, 10), (0, 20), (1000, 25)]) == [None, None, 5]


def test_infinities():
    """What is not a number gives no sample."""
    assert column(Increase(CounterConfig()), [(0, math.inf), (1000, math.inf)]) == [None, None]


@pytest.mark.parametrize(
    ("model", "settings", "words"),
    [
        (CounterConfig, {"suffix": "-x"}, "not a metric name"),
        (CounterConfig, {"max_gap": "0s"}, "greater than 0"),
        (DeltaConfig, {}, "match"),
    ],
)
def test_bad_settings(model, settings, words):
    """What cannot be meant is refused with the reason."""
    with pytest.raises(ValidationError, match=words):
        model.model_validate(settings)


def test_forgets():
    """Nothing is held of layouts that nobody has any more."""
    processor = Rate(CounterConfig())
    plan = processor.plan(make_layout(["a_total"]))
    del plan
    assert len(processor._changes._last) == 0
