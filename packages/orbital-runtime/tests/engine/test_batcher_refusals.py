"""What the batcher refuses, sample by sample, each under its reason; the rest goes on."""

from __future__ import annotations

import logging
from array import array
from decimal import Decimal
from fractions import Fraction

import pytest
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
NAN = float("nan")
INF = float("inf")


class Moody:
    """A value whose own conversion fails."""

    def __float__(self):
        raise RuntimeError("not today")


def make_batches(samples, batcher=None, ts=NOW):
    return (batcher or Batcher(ORIGIN)).make(samples, REPORT, ts)


def kept(result):
    return {dict(row.labels).get("of"): v for b in result.batches for row, _, v in b.items()}


@pytest.fixture(autouse=True)
def _quiet(caplog):
    caplog.set_level(logging.CRITICAL, "orbital.engine")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (NAN, "nan"),
        (Decimal("NaN"), "nan"),
        (None, "not_a_number"),
        ("1", "not_a_number"),
        (b"12345678", "not_a_number"),
        ([1], "not_a_number"),
        (1j, "not_a_number"),
        (10**400, "not_a_number"),
        (Decimal("sNaN"), "not_a_number"),
        (Moody(), "not_a_number"),
    ],
)
@pytest.mark.parametrize("form", ["samples", "columns"])
def test_a_value_that_is_none_is_refused(value, reason, form):
    """One bad value costs itself; its neighbours are kept, with their own values."""
    values = {"a": 1.0, "bad": value, "z": 2.0}
    series = tuple([VALUE.series(of) for of in values])
    given_ = list(map(Sample, series, values.values()))
    result = make_batches(given_ if form == "samples" else Columns(series, list(values.values())))
    assert result.refused == {reason: 1}
    assert {k: v for k, v in kept(result).items() if k} == {"a": 1.0, "z": 2.0}


@pytest.mark.parametrize(
    ("value", "as_float"),
    [
        (True, 1.0),
        (2**64 - 1, float(2**64 - 1)),
        (Decimal("0.5"), 0.5),
        (Fraction(1, 4), 0.25),
        (INF, INF),
        (-INF, -INF),
        (5e-324, 5e-324),
    ],
)
def test_whatever_is_a_number_is_kept(value, as_float):
    """Big counters, decimals, infinities."""
    result = make_batches([VALUE(value, "x"), VALUE(1, "y")])
    assert kept(result)["x"] == as_float
    assert not result.refused


@pytest.mark.parametrize(
    ("sample", "words"),
    [
        (VALUE(NAN, "x"), "with the value nan"),
        (VALUE("1", "x"), "with the value of type str"),
        (VALUE(10**400, "x"), "with the value of type int"),
        (
            Sample(VALUE.series("x"), 1.5, NOW + 10**9),
            f"with the value 1.5 and the timestamp {NOW + 10**9}",
        ),
    ],
)
def test_the_log_shows_what_is_wrong_with_a_sample(caplog, sample, words):
    """The value itself where it is a number, its type where not, and the timestamp if it has one."""
    caplog.set_level(logging.WARNING, "orbital.engine")
    make_batches([sample])
    (said,) = caplog.messages
    assert words in said


def test_infinities_that_cancel_are_no_nan():
    """Inf + -inf is not a number in the quick test; looked at one by one, both are kept."""
    result = make_batches([VALUE(INF, "a"), VALUE(-INF, "b")])
    assert (kept(result)["a"], kept(result)["b"]) == (INF, -INF)
    assert not result.refused


def test_a_series_without_a_value_ends():
    """NaN is absence: the series gets its stale marker, and comes back by itself."""
    batcher = Batcher(ORIGIN)
    make_batches([VALUE(1, "a"), VALUE(2, "b")], batcher, NOW)
    result = make_batches([VALUE(NAN, "a"), VALUE(2, "b")], batcher, NOW + 10)
    assert result.stale is not None
    assert [dict(r.labels)["of"] for r in result.stale.layout.rows] == ["a"]
    assert kept(make_batches([VALUE(3, "a"), VALUE(2, "b")], batcher, NOW + 20))["a"] == 3


def test_a_label_of_ten_kilobytes_is_cut():
    """Its sample arrives with what fits of the label, in one series; the cut is counted once."""
    batcher = Batcher(ORIGIN)
    cuts = 0
    for run in range(3):
        result = make_batches([VALUE(1, "x" * 10_000), VALUE(2, "ok")], batcher, NOW + run * 10)
        assert not result.refused
        assert kept(result)["x" * 1021 + "…"] == 1
        assert kept(result)["ok"] == 2
        assert result.stale is None
        cuts += result.cut
    assert cuts == 1


def test_a_label_is_cut_by_bytes_between_characters():
    """Three bytes each in UTF-8: 4 characters are 12 bytes, and a fifth does not fit."""
    limits = RunLimits(label_bytes=12)
    for long, shown in (
        ("汉字汉字", "汉字汉字"),
        ("汉字汉字a", "汉字汉…"),
        ("a汉字汉字", "a汉字…"),
    ):
        result = make_batches([VALUE(1, long)], Batcher(ORIGIN, limits=limits))
        assert kept(result)[shown] == 1
        assert result.cut == (long != shown)


def test_labels_that_are_the_same_when_cut_are_duplicates():
    """Two long labels that differ behind the cut: the first keeps the series, the other is counted."""
    result = make_batches([VALUE(1, "x" * 2000 + "1"), VALUE(2, "x" * 2000 + "2")])
    assert result.refused == {"duplicate": 1}
    assert kept(result)["x" * 1021 + "…"] == 1


def test_a_tasks_own_long_label_is_cut_too():
    """Limits hold for the row that goes out, wherever its labels come from."""
    result = make_batches([VALUE(1, "a")], Batcher(ORIGIN, {"site": "x" * 2000}))
    assert not result.refused
    assert {len(dict(row.labels)["site"].encode()) for row in result.batches[0].layout.rows} == {
        1024
    }


def test_text_that_utf8_cannot_carry_is_refused():
    """A lone surrogate would break every writer: it does not get that far."""
    result = make_batches([VALUE(1, "a")], Batcher(ORIGIN, {"site": "\ud800"}))
    assert result.refused == {"bad_label": 1}


@pytest.mark.parametrize(
    "thing", [None, "text", 42, ("a", 1), Sample(None, 1.0), Sample(["unhashable"], 1.0)]
)
def test_what_is_no_sample_is_refused(thing):
    """A plugin that yields something else loses that, and nothing else."""
    result = make_batches([VALUE(1, "a"), thing, VALUE(2, "b")])
    assert result.refused == {"not_a_sample": 1}
    assert (kept(result)["a"], kept(result)["b"]) == (1, 2)


def test_columns_of_what_is_no_series():
    """A table with foreign things in it keeps the rest."""
    for thing in (None, ["unhashable"], "text"):
        table = Columns((VALUE.series("a"), thing, VALUE.series("b")), [1.0, 2.0, 3.0])
        result = make_batches(table)
        assert result.refused == {"not_a_sample": 1}
        assert (kept(result)["a"], kept(result)["b"]) == (1, 3)


@pytest.mark.parametrize(
    ("ts", "reason"),
    [
        (NOW + 600_001, "future"),
        (10**30, "future"),
        (-1, "bad_timestamp"),
        (NOW + 0.5, "bad_timestamp"),
        ("now", "bad_timestamp"),
    ],
)
def test_a_time_that_cannot_be_is_refused(ts, reason):
    """More than ten minutes ahead, before 1970, or no whole milliseconds."""
    result = make_batches([VALUE(1, "a"), Sample(VALUE.series("bad"), 2.0, ts), VALUE(3, "b")])
    assert result.refused == {reason: 1}
    assert "bad" not in kept(result)
    assert (kept(result)["a"], kept(result)["b"]) == (1, 3)


def test_ten_minutes_ahead_are_allowed():
    """Devices' clocks differ a little."""
    assert not make_batches([VALUE(1, "a", ts=NOW + 600_000)]).refused


def test_the_first_refusal_is_told_and_the_rest_counted(caplog):
    """One warning a reason and task, which names the culprit; a thousand more stay quiet."""
    caplog.set_level(logging.WARNING, "orbital.engine")
    batcher = Batcher(ORIGIN)
    for run in range(10):
        samples = [VALUE(NAN, f"n{n}") for n in range(100)] + [VALUE(1, "y" * 5000)]
        make_batches(samples, batcher, NOW + run * 10)
    assert len(caplog.records) == 2
    assert "value{of='n0'}" in caplog.text
    assert "'of' of value has more than 1024 bytes" in caplog.text
    assert "y" * 1000 not in caplog.text
    assert caplog.records[0].__dict__["task"] == "task-1"


VALUES = st.one_of(
    st.floats(),
    st.integers(),
    st.none(),
    st.text(max_size=3),
    st.decimals(),
    st.booleans(),
)


@given(st.lists(st.tuples(st.sampled_from("abcdef"), VALUES), max_size=30))
def test_every_sample_is_kept_or_counted(items):
    """Whatever a plugin gives: samples in = values out + refusals, no series twice, no NaN."""
    samples = [Sample(VALUE.series(of), value) for of, value in items]
    result = make_batches(samples)
    out = sum(len(b) for b in result.batches) - len(METRICS)
    assert out + result.refused.total() == len(samples)
    for batch in result.batches:
        assert len({r.key for r in batch.layout.rows}) == len(batch.layout.rows)
        assert len(batch.values) == len(batch.layout.rows)
        assert isinstance(batch.values, array)
        assert all(v == v for v in batch.values)  # noqa: PLR0124 (no NaN)
