"""Records and layouts come back from their bytes as they went in, or say that they are damaged."""

from __future__ import annotations

import struct
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbital_buffer.format.codec import decode, encode, from_little, to_little
from orbital_buffer.format.frame import seal
from orbital_buffer.format.layout import decode_layout, encode_layout, layout_size
from orbital_buffer.model.damage import Damaged
from orbital_sdk import STALE_BYTES, Batch, Identity, Layout, Origin, Row
from orbital_sdk.testing import make_batch, make_layout

words = st.text(st.characters(codec="utf-8"), max_size=8)
maps = st.dictionaries(words, words, max_size=4)
rows = st.builds(Row, words, maps, kind=st.sampled_from(["gauge", "counter"]), unit=words)
origins = st.builds(
    Origin, words, words, words, words, st.builds(Identity, words, words, words, maps)
)
int64 = st.integers(-(2**63), 2**63 - 1)


@st.composite
def batches(draw):
    layout = LAYOUTS[draw(st.integers(0, len(LAYOUTS) - 1))]
    start, stop = sorted(draw(st.tuples(*[st.integers(0, len(layout))] * 2)))
    layout = layout.part(start, stop)
    count = len(layout)
    cells = st.lists(st.binary(min_size=8, max_size=8), min_size=count, max_size=count)
    values = array("d", b"".join(draw(cells)))
    times = draw(st.none() | st.lists(int64, min_size=count, max_size=count))
    return Batch(
        layout,
        draw(int64),
        values,
        None if times is None else array("q", times),
        draw(st.booleans()),
    )


LAYOUTS = [make_layout(n) for n in (0, 1, 3, 17)]


def number(batch):
    return LAYOUTS.index(batch.layout.whole)


@given(st.lists(batches(), min_size=1, max_size=12), st.integers(0, 2**32 - 1), int64)
def test_records_come_back(given, segment, written):
    """Every bit of every value, own times, order, stale flags, times of collection and parts of layouts."""
    data = encode(given, map(number, given), segment=segment, written=written)
    opened = decode(data)
    assert (opened.segment, opened.written, len(opened.heads)) == (segment, written, len(given))
    for index, batch in enumerate(given):
        back = opened.batch(index, LAYOUTS[opened.heads[index].layout])
        assert (back.layout.whole, back.layout.start) == (batch.layout.whole, batch.layout.start)
        assert back.layout.rows == batch.layout.rows
        assert (back.ts, back.times, back.stale) == (batch.ts, batch.times, batch.stale)
        assert back.values.tobytes() == batch.values.tobytes()
        assert opened.heads[index].samples == batch.samples


@given(st.builds(Layout, origins, st.lists(rows, max_size=5)))
def test_layouts_come_back(layout):
    """Origin, sentinel, row names, kinds, units and labels."""
    back = decode_layout(encode_layout(layout))
    assert back.origin == layout.origin
    assert [(r.name, r.labels, r.kind, r.unit) for r in back.rows] == [
        (r.name, r.labels, r.kind, r.unit) for r in layout.rows
    ]


@settings(max_examples=50)
@given(st.data())
def test_flipped_bits_are_found(data):
    """One wrong bit anywhere in a record or layout is noticed, and never read as a value."""
    record = encode([make_batch(5), make_batch(3, times=[1, 2, 3])], [0, 1], segment=7, written=9)
    whole = data.draw(
        st.sampled_from([(record, decode), (encode_layout(make_layout(4)), decode_layout)])
    )
    stored, read = bytearray(whole[0]), whole[1]
    bit = data.draw(st.integers(0, len(stored) * 8 - 1))
    stored[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Damaged):
        read(bytes(stored))


def test_cut_records_are_found():
    """A record of which the tail is missing is damaged at every length, not shorter."""
    record = encode([make_batch(5)], [0], segment=0, written=0)
    for length in range(len(record)):
        with pytest.raises(Damaged):
            decode(record[:length])


def test_what_is_wrong_is_said():
    """A damaged record tells which check failed."""
    record = encode([make_batch(1)], [0], segment=0, written=0)
    with pytest.raises(Damaged, match="wrong checksum"):
        decode(record[:-1])
    with pytest.raises(Damaged, match="only 3 bytes"):
        decode(record[:3])
    with pytest.raises(Damaged, match="version 9, this program reads version 1"):
        decode(seal(9, b"later"))
    with pytest.raises(Damaged, match="only 20 bytes"):  # sealed soundly, and still no record
        decode(seal(1, bytes(15)))
    with pytest.raises(Damaged, match="cannot be uncompressed"):
        decode(seal(1, bytes(16), b"\xff\xff\xff"))
    with pytest.raises(Damaged, match="its layout has 2 rows"):
        decode(record).batch(0, make_layout(2))


def test_stale_markers_keep_their_bits():
    """The stale marker is a signalling NaN; it goes through memory and bytes without a change."""
    opened = decode(encode([make_batch(3, stale=True)], [0], segment=0, written=0))
    assert opened.batch(0, make_layout(3)).values.tobytes() == STALE_BYTES * 3


def test_batches_that_do_not_fit_are_refused():
    """Too few values or times, or numbers beyond their field, are an error that names the task."""
    layout = make_layout(2)
    with pytest.raises(ValueError, match="'task-1': 1 values for 2 series"):
        encode([Batch(layout, 0, array("d", [1]))], [0], segment=0, written=0)
    with pytest.raises(ValueError, match="2 values and 1 times for 2 series"):
        encode([Batch(layout, 0, array("d", [1, 2]), array("q", [1]))], [0], segment=0, written=0)
    with pytest.raises(ValueError, match="does not fit"):
        encode([make_batch(1, ts=2**63)], [0], segment=0, written=0)
    with pytest.raises(ValueError, match="'task-1' is not text"):
        encode_layout(make_layout([("a", {"x": 5})]))


def test_the_stored_form_is_little_endian():
    """A record made here is read by a program written from the description alone."""
    record = encode([make_batch([1.5, -2.0], ts=7, times=[8, 9])], [3], segment=5, written=6)
    import snappy

    version, segment, count, written = struct.unpack_from("<BIIq", record, 4)
    assert (version, segment, count, written) == (1, 5, 1, 6)
    body = snappy.uncompress(record[21:])
    assert struct.unpack("<IIqB2d2q", body) == (3, 2, 7, 1, 1.5, -2.0, 8, 9)


@given(st.lists(st.floats(allow_nan=False), max_size=9))
def test_big_endian_machines_store_the_same(values):
    """Columns are turned round on a big-endian machine, both ways, and the original is not touched."""
    here = array("d", values)  # as such a machine would hold it: the bytes the other way round
    there = here[:]
    there.byteswap()
    stored = to_little(there, "big")
    assert stored.tobytes() == struct.pack(f"<{len(values)}d", *values)
    assert from_little(array("d"), stored.tobytes(), "big").tobytes() == there.tobytes()
    assert to_little(here, "little") is here


def test_layout_sizes_are_computed_once():
    """A layout that was measured before is not encoded again."""
    layout = make_layout(10)
    assert layout_size(layout) == len(encode_layout(layout))
    layout.rows = ()
    assert layout_size(layout) > len(encode_layout(layout))


def test_whose_labels_are_honoured_comes_back():
    """A pushed series has its own `job` also when it waited on the disk."""
    rows = [Row("a", {}, honor_labels=True), Row("b", {})]
    back = decode_layout(encode_layout(Layout(make_layout(1).origin, rows)))
    assert [row.honor_labels for row in back.rows] == [True, False]
    assert back.rows[0].replace(name="c").honor_labels


def test_a_layout_of_version_0_1_with_a_histogram_opens():
    """Its series are counters, which is what they were on the wire."""
    made = make_layout(1)
    layout = Layout(made.origin, [Row("latency_seconds_bucket", {"le": "1"}, "histogram")])
    (row,) = decode_layout(encode_layout(layout)).rows
    assert (row.kind, row.labels) == ("counter", (("le", "1"),))


def test_only_a_record_with_a_part_of_a_layout_has_the_second_version():
    """Records of collections stay as they were: what an older program wrote, and could read."""
    layout = LAYOUTS[2]
    whole, part = make_batch([1, 2, 3], layout=layout), make_batch([2, 3], layout=layout.part(1, 3))
    first = encode([whole], [7], segment=1, written=2)
    second = encode([whole, part], [7, 7], segment=1, written=2)
    assert (first[4], second[4]) == (1, 2)
    assert [head.start for head in decode(second).heads] == [0, 1]


def test_a_part_that_its_layout_does_not_have_is_damage():
    """A layout of another number of rows under the same number would give values to wrong series."""
    part = make_batch([2, 3], layout=LAYOUTS[3].part(1, 3))
    opened = decode(encode([part], [0], segment=1, written=2))
    with pytest.raises(Damaged, match="its layout has 1 rows"):
        opened.batch(0, LAYOUTS[1])
