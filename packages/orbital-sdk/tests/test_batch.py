"""Layouts, batches, rows and the stale marker."""

import copy
import math
import pickle
import struct
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbital_sdk import STALE, STALE_BYTES, Batch, Layout, Row
from orbital_sdk.testing import make_batch, make_layout, make_origin

LABELS = st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=8)


def test_the_stale_marker_is_prometheus_own():
    """0x7ff0000000000002, as Prometheus' value.StaleNaN; a NaN, and not the ordinary one."""
    assert int.from_bytes(STALE_BYTES, "little") == 0x7FF0000000000002
    assert math.isnan(STALE)
    assert struct.pack("<d", math.nan) != STALE_BYTES


@pytest.mark.parametrize(
    "carry",
    [
        lambda x: array("d", [x])[0],
        lambda x: array("d", array("d", [x]).tobytes())[0],
        lambda x: array("d", [0.0, x, 1.0])[1:2][0],
        lambda x: struct.unpack("<d", struct.pack("<d", x))[0],
        lambda x: list(make_batch([x]).items())[0][2],  # noqa: RUF015 (the index is the point)
        lambda x: make_batch([1.0, x]).part(1, 2).values[0],
        lambda x: make_batch(1, stale=True).values[0],
        float,
        copy.copy,
        lambda x: pickle.loads(pickle.dumps(x)),
    ],
)
def test_its_bits_survive_every_road_that_samples_take(carry):
    """It is a signalling NaN: whatever moves a value must not compute with it."""
    assert struct.pack("<d", carry(STALE)) == STALE_BYTES


def test_a_column_is_cut_into_the_bytes_of_its_values():
    """`layout.split` gives each value's 8 bytes, stale marker and minus zero as they are."""
    batch = make_batch([1.5, -0.0, STALE])
    parts = batch.layout.split(batch.values.tobytes())
    assert parts == (struct.pack("=d", 1.5), struct.pack("=d", -0.0), struct.pack("=d", STALE))


@given(LABELS)
def test_labels_are_sorted_as_destinations_want_them(labels):
    """Order of str is byte order of UTF-8, and an empty value is not a label at all."""
    row = Row("m", labels)
    names = [name for name, _ in row.labels]
    assert [n.encode() for n in names] == sorted(n.encode() for n in labels if labels[n])
    assert dict(row.labels) == {name: value for name, value in labels.items() if value}


def test_a_row_is_the_same_series_when_name_and_labels_are():
    """Two rows are one series by their key, whatever order or empty labels they were made with."""
    one = Row("m", {"a": "1", "b": "2", "c": ""}, "counter", "bytes")
    assert one.key == Row("m", {"b": "2", "a": "1"}).key
    assert one.key != Row("m", {"a": "1"}).key
    assert one.key != Row("n", {"a": "1", "b": "2"}).key
    assert repr(one) == "m{a='1', b='2'}"


def test_the_winner_among_equal_label_names_is_whoever_is_merged_last():
    """A row takes a mapping, so a name cannot appear twice: the metric's own labels go in last."""
    task, own = {"site": "office", "name": "task's"}, {"name": "metric's"}
    assert Row("m", {**task, **own}).labels == (("name", "metric's"), ("site", "office"))


def test_a_batch_tells_samples_rows_and_times():
    """Every value comes with its row and the collection's time."""
    batch = make_batch([("m", {"room": "hall"}, 1.0), ("n", {}, 2.0)], ts=5)
    assert [(row.name, ts, value) for row, ts, value in batch.items()] == [("m", 5, 1), ("n", 5, 2)]
    assert batch.layout.rows[0].labels == (("device_id", "device-1"), ("room", "hall"))
    assert (len(batch), batch.samples) == (2, 2)


def test_own_times_win_over_the_collections():
    """Where a device gave times of its own, each value has its own."""
    batch = make_batch(3, ts=100, times=[7, 8, 9])
    assert [ts for _, ts, _ in batch.items()] == [7, 8, 9]
    assert [ts for _, ts, _ in batch.part(1, 3).items()] == [8, 9]


@given(st.integers(0, 20), st.data())
def test_parts_of_a_batch_make_up_the_whole(size, data):
    """Cut anywhere, the two halves have the rows, values and times of the whole, in order."""
    times = list(range(size)) if data.draw(st.booleans()) else None
    batch = make_batch(size, times=times)
    cut = data.draw(st.integers(0, size))
    halves = [batch.part(0, cut), batch.part(cut, size)]
    assert [item for half in halves for item in half.items()] == list(batch.items())
    assert all(len(half.layout) == len(half) for half in halves)


def test_stale_markers_are_no_samples():
    """The ledger counts samples; a batch that says that series ended has none."""
    assert make_batch(4, stale=True).samples == 0
    assert make_batch(4, stale=True).part(0, 2).samples == 0
    assert len(make_batch(4, stale=True)) == 4


def test_a_batch_without_rows_is_a_batch():
    """A collection may give nothing; nobody behind needs to know that case."""
    batch = Batch(make_layout(0), 1, array("d"))
    assert (list(batch.items()), len(batch), batch.layout.split(b"")) == ([], 0, ())


def test_caches_of_a_layout_belong_to_it_and_not_to_its_parts():
    """What a writer derived from all rows would be wrong for some of them."""
    layout = make_layout(3)
    layout.caches["writer"] = b"three rows"
    assert layout.part(0, 2).caches == {}
    assert isinstance(layout.part(0, 2), Layout)


def test_batches_cannot_change_once_sealed():
    """A batch waits for several outputs at once; none of them can alter it for the others."""
    batch = make_batch(1)
    with pytest.raises(AttributeError):
        batch.ts = 1
    with pytest.raises(AttributeError):
        make_origin().task = "other"


def test_a_row_in_place_of_another_keeps_what_is_not_given():
    """A rate has another name and kind than its counter, and the same labels, unit and honour."""
    row = Row("octets_total", {"port": "1"}, "counter", "bytes", honor_labels=True)
    rate = row.replace(name="octets_rate", kind="gauge", unit="bytes/s")
    assert (rate.name, rate.labels, rate.kind, rate.unit) == (
        "octets_rate", row.labels, "gauge", "bytes/s",
    )  # fmt: skip
    assert rate.honor_labels
    assert (row.replace(name="x").kind, row.replace(name="x").unit) == ("counter", "bytes")


def test_a_part_knows_the_whole_layout():
    """Also a part of a part; and all of it is not a part."""
    layout = make_layout(6)
    part = layout.part(1, 5).part(1, 3)
    assert (part.whole, part.start, part.rows) == (layout, 2, layout.rows[2:4])
    assert layout.part(0, 6) is layout
    assert (layout.whole, layout.start) == (layout, 0)


def test_what_is_computed_for_each_row_is_computed_once_for_all_parts():
    """`each` asks for the whole layout, once a key, and gives a part its rows' own."""
    layout, asked = make_layout(4), []

    def names(whole):
        asked.append(whole)
        return [row.name for row in whole.rows]

    assert layout.part(1, 3).each("names", names) == [row.name for row in layout.rows[1:3]]
    assert layout.each("names", names) == [row.name for row in layout.rows]
    assert asked == [layout]
