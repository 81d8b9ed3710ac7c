"""Stale markers: what the collection before had and this one lacks, and what a task leaves behind."""

from __future__ import annotations

import struct

import pytest

from orbital_runtime.engine.batching.batcher import Batcher
from orbital_runtime.engine.report import METRICS, Report
from orbital_sdk import STALE_BYTES, Identity, Metric, Origin

ORIGIN = Origin("task-1", "fake", "device-1", "10.0.0.1", Identity("s1", "edge"))
REPORT = Report(1.0, 0.25, 2.0, 5.0)
NOW = 1_700_000_000_000
VALUE = Metric("value", labels=("of",))


@pytest.fixture
def batcher():
    return Batcher(ORIGIN)


def make_batches(batcher, names, ts):
    return batcher.make([VALUE(1, name) for name in names], REPORT, ts)


def of(batch):
    """Label `of` of the rows; the name where there is none."""
    return [dict(row.labels).get("of", row.name) for row in batch.layout.rows]


def test_a_series_that_ends_gets_its_marker_once(batcher):
    """Bit for bit, at the time of the collection that lacks it; then no more."""
    make_batches(batcher, "abc", NOW)
    result = make_batches(batcher, "b", NOW + 10)
    assert result.stale is not None
    assert result.stale.stale
    assert result.stale.samples == 0
    assert result.stale.ts == NOW + 10
    assert of(result.stale) == ["a", "c"]
    assert struct.pack("<2d", *result.stale.values) == STALE_BYTES * 2
    assert make_batches(batcher, "b", NOW + 20).stale is None


def test_the_first_collection_ends_nothing(batcher):
    """Nor does one with more series, or with the same in another order."""
    assert make_batches(batcher, "ab", NOW).stale is None
    assert make_batches(batcher, "abc", NOW + 10).stale is None
    assert make_batches(batcher, "cab", NOW + 20).stale is None


def test_a_failing_run_ends_all_but_the_report(batcher):
    """The device is down: its series end, `up` goes on."""
    make_batches(batcher, "ab", NOW)
    result = batcher.make([], Report(0.0, 5.0, 0.0, 5.0), NOW + 10)
    assert result.stale is not None
    assert of(result.stale) == ["a", "b"]
    assert batcher.make([], Report(0.0, 5.0, 0.0, 5.0), NOW + 20).stale is None
    assert make_batches(batcher, "ab", NOW + 30).stale is None


def test_a_device_that_flaps_does_not_make_new_layouts(batcher):
    """Up, down, up, down: three layouts in all."""
    seen = set()
    for n in range(10):
        result = make_batches(batcher, "ab" if n % 2 else "", NOW + n * 10)
        seen |= {id(b.layout) for b in (*result.batches, result.stale) if b is not None}
    assert len(seen) == 3


def test_a_task_that_ends_leaves_nothing_behind(batcher):
    """Every series of its last batch gets a marker, the report too; a second call has nothing."""
    make_batches(batcher, "ab", NOW)
    ended = batcher.end_series(NOW + 5)
    assert ended is not None
    assert of(ended) == [*[metric.name for metric in METRICS], "a", "b"]
    assert (ended.stale, ended.ts) == (True, NOW + 5)
    assert batcher.end_series(NOW + 6) is None


def test_a_task_that_never_ran_ends_no_series(batcher):
    """There is nothing to end."""
    assert batcher.end_series(NOW) is None


def test_a_marker_never_stands_at_the_time_of_a_sample(batcher):
    """An end in the same millisecond as the last batch comes one later: both may be stored."""
    make_batches(batcher, "a", NOW)
    ended = batcher.end_series(NOW)
    assert ended is not None
    assert ended.ts == NOW + 1


def test_equal_series_of_other_objects_go_on(batcher):
    """A metric that forgot its handles makes new ones: the series is the same and has not ended."""
    make_batches(batcher, "ab", NOW)
    twin = Metric("value", labels=("of",))
    result = batcher.make([twin(1, "a"), twin(1, "b")], REPORT, NOW + 10)
    assert result.stale is None


def test_a_changed_task_goes_on_where_its_series_do():
    """Another label on the task ends the old rows; rows that stay the same do not end."""
    old, new = Batcher(ORIGIN, {"site": "x"}), Batcher(ORIGIN, {"site": "y"})
    make_batches(old, "a", NOW)
    new.inherit(old)
    result = make_batches(new, "a", NOW + 10)
    assert result.stale is not None
    assert [dict(r.labels)["site"] for r in result.stale.layout.rows] == ["x"] * (len(METRICS) + 1)
    same = Batcher(ORIGIN, {"site": "y"})
    same.inherit(new)
    assert make_batches(same, "a", NOW + 20).stale is None
