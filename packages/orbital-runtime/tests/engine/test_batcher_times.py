"""Samples with times of their own: batches in which no series appears twice."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from orbital_runtime.engine.batching.batcher import Batcher
from orbital_runtime.engine.report import METRICS, Report
from orbital_runtime.engine.run_limits import RunLimits
from orbital_sdk import Columns, Identity, Metric, Origin, Sample

ORIGIN = Origin("task-1", "fake", "device-1", "10.0.0.1", Identity("s1", "edge"))
REPORT = Report(1.0, 0.25, 2.0, 5.0)
NOW = 1_700_000_000_000
VALUE = Metric("value", labels=("of",))


def make_batches(samples, batcher=None, ts=NOW):
    return (batcher or Batcher(ORIGIN)).make(samples, REPORT, ts)


def history(result):
    """Series -> (time, value) in the order of the batches."""
    told = defaultdict(list)
    for batch in result.batches:
        for row, ts, value in batch.items():
            if "of" in dict(row.labels):
                told[dict(row.labels)["of"]].append((ts, value))
    return told


def test_own_times_go_with_their_values():
    """A device that stamps its values: one batch, with a column of times; the report has ours."""
    result = make_batches([VALUE(1, "a", ts=NOW - 500), VALUE(2, "b", ts=NOW - 300), VALUE(3, "c")])
    (batch,) = result.batches
    assert batch.times is not None
    assert list(batch.times) == [*[NOW] * len(METRICS), NOW - 500, NOW - 300, NOW]
    assert history(result) == {"a": [(NOW - 500, 1)], "b": [(NOW - 300, 2)], "c": [(NOW, 3)]}


def test_a_table_with_times_is_sealed_as_its_samples_are():
    """Columns of values and times give what the same samples one by one give, odd ones included."""
    samples = [VALUE(1, "a", ts=NOW - 500), VALUE(2, "b", ts=-1), VALUE(3, "a", ts=NOW - 300)]
    table = Columns(
        tuple(s.series for s in samples), [s.value for s in samples], [s.ts for s in samples]
    )
    one, other = make_batches(samples), make_batches(table)
    assert history(one) == history(other) == {"a": [(NOW - 500, 1), (NOW - 300, 3)]}
    assert one.refused == other.refused == {"bad_timestamp": 1}


def test_one_time_that_cannot_be_is_found_among_others():
    """The latest and the earliest of the times count, whichever sample has it: it alone is refused."""
    for reason, ts in (("future", NOW + 3_600_000), ("bad_timestamp", -1)):
        result = make_batches(
            [VALUE(1, "a", ts=NOW - 500), VALUE(2, "b", ts=ts), VALUE(3, "c", ts=NOW - 100)]
        )
        assert result.refused == {reason: 1}
        assert set(history(result)) == {"a", "c"}


def test_several_values_of_a_series_are_dealt_out_oldest_first():
    """A device that buffered: as many batches as a series has values, each series in order."""
    result = make_batches(
        [
            VALUE(30, "a", ts=NOW - 100),
            VALUE(10, "a", ts=NOW - 300),
            VALUE(1, "b", ts=NOW - 50),
            VALUE(20, "a", ts=NOW - 200),
        ]
    )
    assert [len(b) for b in result.batches] == [len(METRICS) + 2, 1, 1]
    assert history(result) == {
        "a": [(NOW - 300, 10), (NOW - 200, 20), (NOW - 100, 30)],
        "b": [(NOW - 50, 1)],
    }
    assert not result.refused


def test_the_same_series_and_time_twice_is_a_duplicate():
    """The first is kept, as with any other duplicate."""
    result = make_batches(
        [VALUE(1, "a", ts=NOW - 1), VALUE(2, "a", ts=NOW - 1), VALUE(3, "a", ts=NOW - 2)]
    )
    assert history(result) == {"a": [(NOW - 2, 3), (NOW - 1, 1)]}
    assert result.refused == {"duplicate": 1}


def test_layouts_are_shared_with_own_times_too():
    """Times change from run to run, the layout does not."""
    batcher = Batcher(ORIGIN)
    layouts = {
        id(
            make_batches([VALUE(1, "a", ts=t - 7), VALUE(2, "b", ts=t - 3)], batcher, t)
            .batches[0]
            .layout
        )
        for t in range(NOW, NOW + 100, 10)
    }
    assert len(layouts) == 1


def test_series_with_own_times_get_no_stale_marker():
    """Ours would carry our time, which may be later than the device's next one: that would be refused as
    out of order. Series with our times still get theirs.
    """
    batcher = Batcher(ORIGIN)
    make_batches([VALUE(1, "own", ts=NOW - 5000), VALUE(2, "ours")], batcher, NOW)
    result = make_batches([], batcher, NOW + 10)
    assert result.stale is not None
    assert [dict(r.labels)["of"] for r in result.stale.layout.rows] == ["ours"]


def test_refused_series_do_not_disturb_the_others():
    """Limits and times together: what is refused is left out of values and times alike."""
    result = make_batches(
        [
            VALUE(2, "a", ts=NOW - 2),
            VALUE(1, "b", ts=NOW - 1),
            VALUE(3, "b", ts=NOW - 3),
            VALUE(4, "a", ts=NOW - 4),
        ],
        Batcher(ORIGIN, limits=RunLimits(series=1)),
    )
    assert result.refused == {"series_limit": 2}
    assert history(result) == {"a": [(NOW - 4, 4), (NOW - 2, 2)]}


TIMES = st.one_of(st.none(), st.integers(NOW - 20, NOW), st.integers(-5, NOW + 700_000))


@given(st.lists(st.tuples(st.sampled_from("abc"), TIMES), max_size=40))
def test_nothing_is_lost_and_order_holds(items):
    """Any mixture of times: samples in = samples out + refusals; per series times only grow; no series
    twice in a batch.
    """
    samples = [Sample(VALUE.series(of), float(n), ts) for n, (of, ts) in enumerate(items)]
    result = make_batches(samples)
    told = history(result)
    assert sum(map(len, told.values())) + result.refused.total() == len(samples)
    for entries in told.values():
        times = [ts for ts, _ in entries]
        assert times == sorted(set(times))
    for batch in result.batches:
        assert len({r.key for r in batch.layout.rows}) == len(batch)
        assert batch.times is None or len(batch.times) == len(batch)
