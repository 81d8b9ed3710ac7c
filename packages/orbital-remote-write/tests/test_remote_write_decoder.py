"""The fast decoder, judged by protobuf: the same samples, to the last bit, of whatever bytes."""

import contextlib
import struct
import weakref
from array import array

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from orbital_remote_write import (
    Decoded,
    Decoder,
    Encoder,
    KnownSeries,
    LabelRules,
    MalformedRequestError,
    known,
)
from orbital_remote_write.remote_write_pb2 import TimeSeries, WriteRequest
from orbital_sdk import STALE, STALE_BYTES, Batch, Identity, Layout, Origin, Row

NOW = 1_700_000_000_000
NAMES = st.from_regex(r"[a-zA-Z][a-zA-Z0-9_]{0,5}", fullmatch=True)
VALUES = st.one_of(
    st.just(0.0),
    st.binary(min_size=8, max_size=8).map(lambda raw: struct.unpack("<d", raw)[0]),
)
TIMES = st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(1 << 34, 1 << 43))
SAMPLES = st.lists(st.tuples(VALUES, TIMES), max_size=3)
LABELS = st.dictionaries(NAMES, st.text(st.characters(codec="utf-8"), min_size=1, max_size=5))
SERIES = st.tuples(NAMES, LABELS, SAMPLES)


def bits(value: float) -> bytes:
    return struct.pack("<d", value)


def request(*series) -> WriteRequest:
    """Of (name, labels, [(value, milliseconds)])."""
    made = WriteRequest()
    for name, labels, samples in series:
        one = made.timeseries.add()
        for pair in sorted({"__name__": name, **labels}.items()):
            one.labels.add(name=pair[0], value=pair[1])
        for value, ts in samples:
            one.samples.add(value=value, timestamp=ts)
    return made


def body(*series) -> bytes:
    return request(*series).SerializeToString()


def told(made: WriteRequest) -> list:
    """What protobuf's own parser sees, in no order."""
    return sorted(
        (sorted((label.name, label.value) for label in one.labels), s.timestamp, bits(s.value))
        for one in made.timeseries
        for s in one.samples
    )


def decoded(decoder: Decoder, data: bytes) -> list:
    return samples_of(decoder.decode(data))


def samples_of(got: Decoded) -> list:
    return sorted(
        (
            sorted([("__name__", s.metric.name), *zip(s.metric.labels, s.values, strict=True)]),
            ts,
            bits(value),
        )
        for s, value, ts in zip(got.series, got.values, got.times, strict=True)
    )


@given(st.lists(SERIES, max_size=5), st.data())
def test_what_was_encoded_comes_out_whether_its_series_are_known_or_not(series, data):
    decoder = Decoder()
    assert decoded(decoder, body(*series)) == told(request(*series))
    again = [(name, labels, data.draw(SAMPLES)) for name, labels, _ in series]
    assert decoded(decoder, body(*again)) == told(request(*again))


@given(st.lists(SERIES, min_size=1, max_size=3), st.data())
def test_any_bytes_are_the_samples_that_protobuf_reads_or_malformed(series, data):
    """Also where the series and their order are known, so that the short ways are taken."""
    decoder, raw = Decoder(KnownSeries(run=2)), bytearray(body(*series))
    for _ in range(4):
        decoder.decode(bytes(raw))
    for at in data.draw(st.lists(st.integers(0, max(0, len(raw) - 1)), max_size=3)):
        raw[at : at + 1] = data.draw(st.binary(max_size=2))
    try:
        expected = WriteRequest.FromString(bytes(raw))
    except DecodeError:
        with pytest.raises(MalformedRequestError):
            decoder.decode(bytes(raw))
        return
    got = decoder.decode(bytes(raw))
    samples = sum(len(one.samples) for one in expected.timeseries)
    assert len(got.series) + got.refused["bad_label"] == samples
    if not got.refused["bad_label"]:
        assert decoded(decoder, bytes(raw)) == told(expected)


RING = [(f"m{n % 3}", {"host": str(n)}) for n in range(40)]
RARE = st.one_of(st.just([(0.0, NOW)]), st.just([(1.0, 5)]), SAMPLES)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_runs_that_are_expected_change_nothing(data):
    """Series come in one order, in requests that begin and end anywhere. Some are left out now and then, or
    have another value, another time, several samples or none. Each request is decoded as if it were first.
    """
    decoder, at = Decoder(KnownSeries(run=data.draw(st.integers(1, 5)))), 0
    for size in data.draw(st.lists(st.integers(1, 90), min_size=6, max_size=12)):
        series = [[*RING[n % 40], [(n % 3 * 1.5, NOW + size)]] for n in range(at, at + size)]
        at += size
        for place in data.draw(st.sets(st.integers(0, size - 1), max_size=2)):
            series[place][2] = data.draw(RARE)
        left_out = data.draw(st.sets(st.integers(0, size - 1), max_size=1))
        series = [one for place, one in enumerate(series) if place not in left_out]
        metadata = data.draw(st.sampled_from([b"", b"\x1a\x02\x08\x01"]))
        got = decoder.decode(body(*series) + metadata)
        assert samples_of(got) == told(request(*series))


def test_a_run_that_came_twice_is_expected_wherever_a_request_begins():
    """What is expected is not looked up: neither in the middle of a request nor at its ends."""
    decoder = Decoder(KnownSeries(run=8))
    ring = [(*one, [(number % 2, NOW)]) for number, one in enumerate(RING)]
    for _ in range(4):
        decoder.decode(body(*ring, *ring))
    known = decoder.known.templates
    for start in range(30):
        raw = body(*ring[start : start + 10])
        at = 0
        while at < len(raw):
            begin, run = known.next(raw, at)
            assert run is not None
            assert begin == at
            at += run.size


def test_a_series_of_two_samples_among_many_others_is_in_no_run():
    """Else what follows it would be taken for its neighbour."""
    decoder = Decoder(KnownSeries(run=1000))
    series = [("m", {"n": str(number)}, [(number + 1.0, NOW)]) for number in range(300)]
    series[150][2].append((0.5, NOW + 1))
    for _ in range(4):
        assert decoded(decoder, body(*series, *series)) == told(request(*series, *series))


@given(st.binary(max_size=200))
def test_rubbish_is_malformed_or_empty_and_nothing_else(raw):
    with contextlib.suppress(MalformedRequestError):
        Decoder().decode(raw)


def test_what_our_encoder_writes_is_read_again():
    """Both ends of the wire in one package: they agree."""
    rows = [Row(f"m{n}_total", {"device_id": "17", "port": str(n)}) for n in range(50)]
    layout = Layout(Origin("t", "snmp", "17", "10.0.0.1", Identity("id", "edge")), rows)
    batches = [Batch(layout, NOW + n, array("d", range(50))) for n in range(3)]
    data = Encoder(LabelRules()).encode(batches).body
    assert decoded(Decoder(), data) == told(WriteRequest.FromString(data))


def test_stale_markers_keep_their_bits():
    """Arithmetic would make another NaN of them."""
    got = Decoder().decode(body(("m", {}, [(STALE, NOW), (1.5, NOW + 1)])))
    assert got.values.tobytes() == STALE_BYTES + bits(1.5)


def test_a_series_is_one_object_for_as_long_as_it_comes():
    """Else all that is kept of it behind would be made anew with each request."""
    decoder = Decoder()
    first = decoder.decode(body(("m", {"a": "1"}, [(1.0, NOW)]))).series
    for samples in ([(0.0, NOW + 1)], [(2.0, NOW + 2), (3.0, NOW + 3)], [(4.0, 5)]):
        got = decoder.decode(body(("m", {"a": "1"}, samples))).series
        assert all(one is first[0] for one in got), samples


def test_series_that_come_no_more_are_forgotten_and_others_stay_the_same_objects():
    """A sender whose labels never repeat costs no memory for ever."""
    now = 0.0
    decoder = Decoder(KnownSeries(lambda: now))
    lasting = decoder.decode(body(("m", {"a": "lasts"}, [(1.0, NOW)]))).series[0]
    ended = weakref.ref(decoder.decode(body(("m", {"a": "ends"}, [(1.0, NOW)]))).series[0])
    for _ in range(2):
        now += known.AGE
        assert decoder.decode(body(("m", {"a": "lasts"}, [(2.0, NOW)]))).series[0] is lasting
    assert ended() is None


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ([("a", "b")], "has no name"),
        ([("__name__", "")], "has no name"),
        ([("__name__", "a b")], "not a metric name"),
        ([("__name__", "a"), ("__name__", "b")], "appears twice"),
        ([("__name__", "a"), ("b", "1"), ("b", "2")], "appears twice"),
        ([("__name__", "a"), ("ä", "1")], "not a label name"),
        ([("__name__", "a"), ("", "1")], "not a label name"),
        ([("__name__", "a"), ("__tenant__", "1")], "leave it out"),
    ],
)
def test_series_whose_labels_cannot_be_are_refused_and_the_others_kept(labels, words):
    """Remote write 1.0: a receiver may take the valid samples of a request, and says what is wrong."""
    made = request(("good", {}, [(1.0, NOW)]))
    bad = made.timeseries.add()
    for name, value in labels:
        bad.labels.add(name=name, value=value)
    bad.samples.add(value=1, timestamp=NOW)
    bad.samples.add(value=1, timestamp=NOW + 1)
    got = Decoder().decode(made.SerializeToString())
    assert [one.metric.name for one in got.series] == ["good"]
    assert got.refused == {"bad_label": 2}
    assert words in got.problem


def test_native_histograms_are_refused_and_counted_one_by_one():
    """A float cannot carry them; whoever sends them should know."""
    made = request(("m", {}, [(1.0, NOW)]))
    made.timeseries[0].histograms.extend([b"", b""])
    got = Decoder().decode(made.SerializeToString())
    assert list(got.values) == [1.0]
    assert got.refused == {"native_histogram": 2}
    assert "native histograms" in got.problem


def test_what_is_no_sample_is_passed_over():
    """Metadata and exemplars, which Prometheus sends beside samples."""
    field_3 = b"\x1a\x02\x08\x01"
    exemplar = TimeSeries.FromString(
        request(("m", {}, [])).timeseries[0].SerializeToString() + field_3
    )
    made = WriteRequest(timeseries=[exemplar])
    got = Decoder().decode(made.SerializeToString() + field_3)
    assert (got.series, got.refused) == ([], {})


def test_pushed_series_keep_their_own_labels():
    """`job`, `instance` and `device_id` are somebody's who collected them, and stay."""
    own = {"job": "node", "instance": "web1:9100", "device_id": "7"}
    metric = Decoder().decode(body(("up", own, [(1.0, NOW)]))).series[0].metric
    assert metric.honor_labels
    assert metric.labels == ("device_id", "instance", "job")


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a_total", "counter"), ("a_sum", "counter"), ("a_bucket", "counter"), ("a_bytes", "gauge")],
)
def test_the_kind_is_what_the_name_says(name, kind):
    assert Decoder().decode(body((name, {}, [(1.0, NOW)]))).series[0].metric.kind == kind
