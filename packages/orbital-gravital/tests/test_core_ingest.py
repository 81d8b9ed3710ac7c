"""Samples as Core's ingest wants them."""

from __future__ import annotations

import json
import math
from array import array

from hypothesis import given
from hypothesis import strategies as st

from orbital_gravital.samples.ingest import AT_ONCE, clean_label, clean_name, encode, requests_of
from orbital_sdk import STALE, Batch, Identity, Layout, Origin, Row

ORIGIN = Origin("t", "probe", "dev-1", "10.0.0.1", Identity("id", "edge", labels={"site": "a"}))
NOW = 1_795_543_668_123


def batch(*values: float, name="m", labels=None, ts=NOW, times=None) -> Batch:
    rows = [
        Row(name, {"device_id": "dev-1", "n": str(i)} | (labels or {})) for i in range(len(values))
    ]
    own = None if times is None else array("q", times)
    return Batch(Layout(ORIGIN, rows), ts, array("d", values), own)


def metrics(*batches: Batch) -> list[dict]:
    return [m for body in requests_of(encode(batches)[0]) for m in json.loads(body)["metrics"]]


def test_a_sample_has_whole_seconds_text_labels_and_its_device():
    """Nothing that Go's JSON would refuse; the sentinel's own labels come along."""
    (found,) = metrics(batch(1.5))
    assert found == {
        "name": "m", "type": "gauge", "value": 1.5, "timestamp": NOW // 1000,
        "labels": {"device_id": "dev-1", "n": "0", "site": "a"},
    }  # fmt: skip


def test_own_times_of_samples_are_kept():
    """Where a device gave them."""
    found = metrics(batch(1, 2, times=[NOW - 5000, NOW]))
    assert [m["timestamp"] for m in found] == [NOW // 1000 - 5, NOW // 1000]


def test_what_json_has_no_word_for_is_rejected_by_row_and_the_rest_goes():
    """NaN and infinity; and times that would be poison to Core's lists."""
    sent, rejects = encode(
        [batch(1, math.nan, math.inf, 2), batch(3, ts=-1), batch(4, ts=NOW * 1000)]
    )
    assert len(sent) == 2
    assert [(r.batch, r.row) for r in rejects] == [(0, 1), (0, 2), (1, 0), (2, 0)]
    assert "nan" in rejects[0].reason


def test_stale_markers_are_no_samples():
    """Core has no word for the end of a series."""
    stale = Batch(Layout(ORIGIN, [Row("m", {})]), NOW, array("d", [STALE]), stale=True)
    assert encode([stale]) == ([], [])


def test_no_request_is_larger_than_core_likes():
    """A thousand samples at most."""
    bodies = list(requests_of(encode([batch(*range(2500))])[0]))
    assert [len(json.loads(body)["metrics"]) for body in bodies] == [AT_ONCE, AT_ONCE, 500]


@given(
    st.text(), st.dictionaries(st.text(), st.text(), max_size=4),
    st.lists(st.floats(), min_size=1, max_size=8),
)  # fmt: skip
def test_any_name_label_and_number_becomes_json_that_core_takes(name, labels, values):
    """Sane names, no NUL, every finite number exactly itself."""
    sent, rejects = encode([batch(*values, name=name, labels=labels)])
    found = [json.loads(one) for one in sent]
    assert [m["value"] for m in found] == [v for v in values if math.isfinite(v)]
    assert len(found) + len(rejects) == len(values)
    for one in found:
        assert clean_name(one["name"]) == one["name"]
        assert all(clean_label(k) == k and "\x00" not in v for k, v in one["labels"].items())
