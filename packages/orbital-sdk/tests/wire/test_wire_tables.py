"""What a plugin gives, over the border and back."""

import struct
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbital_sdk import STALE, Columns, Metric, Sample, wire
from orbital_sdk.wire.limits import NO_TIME, TABLES
from orbital_sdk.wire.records import Metric as Told
from orbital_sdk.wire.records import Samples, Series, Table

some = settings(max_examples=50, deadline=None)

names = st.from_regex(r"[a-zA-Z_:][a-zA-Z0-9_:]{0,8}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
times = st.integers(min_value=0, max_value=2**53)
doubles = st.floats(width=64) | st.just(STALE)


@st.composite
def metrics(draw):
    labels = draw(st.lists(st.sampled_from(["a", "b", "c", "port", "site"]), unique=True))
    return Metric(
        draw(names),
        draw(texts),
        kind=draw(st.sampled_from(["gauge", "counter"])),
        unit=draw(st.sampled_from(["", "bytes"])),
        labels=labels,
        honor_labels=draw(st.booleans()),
    )


@st.composite
def samples(draw, ts):
    metric = draw(metrics())
    values = [draw(texts) for _ in metric.labels]
    return metric(draw(doubles), *values, ts=draw(ts))


def crossed(records):
    """As bytes, and back."""
    sent = wire.encode(wire.answers.Emit(1, 2, records))
    (body,) = wire.Bodies().feed(sent)
    return wire.from_program(body).records


def parts(given):
    """All that a sample is, its value by its bits."""
    rows = given.samples() if isinstance(given, Columns) else given
    return [
        (
            (m := sample.series.metric).name,
            (m.help, m.kind, m.unit, m.labels, m.honor_labels),
            sample.series.values,
            struct.pack("<d", sample.value),
            sample.ts,
        )
        for sample in rows
    ]


@some
@given(st.lists(samples(st.none() | times), min_size=1, max_size=12))
def test_samples_cross_unchanged(given):
    """Names, help, kinds, units, labels, each bit of a value (NaN and the stale marker too), and times that
    some have and some have not.
    """
    (taken,) = wire.Incoming().unpacked(crossed(wire.Outgoing().packed(iter(given))))
    assert parts(taken) == parts(given)


@some
@given(st.lists(samples(times), min_size=1, max_size=12), st.booleans())
def test_columns_cross_as_columns(given, timed):
    """Lazy ones too; with times of their own or without."""
    series = tuple(sample.series for sample in given)
    own = [sample.ts for sample in given] if timed else None
    table = Columns(series, (sample.value for sample in given), own)
    (taken,) = wire.Incoming().unpacked(crossed(wire.Outgoing().packed(table)))
    assert isinstance(taken, Columns)
    assert parts(taken) == parts(Columns(series, [s.value for s in given], own))


def test_a_table_is_told_once():
    """From the second collection on nothing but numbers crosses, and series are the same objects."""
    up = Metric("up", labels=("port",))
    series = tuple(up.series(str(port)) for port in range(24))
    out, back = wire.Outgoing(), wire.Incoming()
    first, *_ = back.unpacked(crossed(out.packed(Columns(series, range(24)))))
    records = out.packed([Sample(one, 1.0) for one in series])
    assert records == (Samples(0, array("d", [1.0] * 24).tobytes()),)
    (second,) = back.unpacked(crossed(records))
    assert all(one is other for one, other in zip(first.series, second.series, strict=True))


@some
@given(st.lists(st.integers(min_value=0, max_value=2 * TABLES), max_size=80))
def test_more_tables_than_are_remembered(order):
    """A number that is given away is told anew before it is used: no value gets to another's series."""
    up = Metric("up", labels=("port",))
    out, back = wire.Outgoing(), wire.Incoming()
    for port in order:
        (taken,) = back.unpacked(crossed(out.packed([up(port, str(port))])))
        assert [(s.series.values, s.value) for s in taken.samples()] == [((str(port),), port)]


def test_nothing_is_nothing():
    """An empty collection has no records."""
    assert wire.Outgoing().packed([]) == ()
    assert wire.Outgoing().packed(Columns((), [])) == ()


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ([Metric("up")("one")], TypeError),
        ([Metric("up")(1, ts=1.5)], TypeError),
        ([Metric("up")(1, ts=2**63)], OverflowError),
        (Columns((Metric("up").series(),), [1, 2]), ValueError),
        (Columns((Metric("up").series(),), [1], [1, 2]), ValueError),
    ],
)
def test_what_is_no_record_does_not_cross(given, error):
    """Said where it was given, before anything is sent."""
    with pytest.raises(error):
        wire.Outgoing().packed(given)


UP = Told("up", labels=("port",))


@pytest.mark.parametrize(
    ("records", "words"),
    [
        ([Samples(3, b"")], "samples of table 3, which was never sent"),
        ([Table(0, (UP,), (Series(0, ("1",)),)), Samples(0, b"12345678" * 2)], "16 bytes"),
        ([Table(0, (UP,), (Series(0, ("1",)),)), Samples(0, b"1234567")], "7 bytes"),
        ([Table(0, (UP,), (Series(1, ("1",)),))], "a metric that it lacks"),
        ([Table(0, (UP,), (Series(0, ()),))], "table 0: up has labels"),
        ([Table(0, (Told("not a name"),), ())], "table 0: 'not a name' is not a metric name"),
        ([Table(0, (Told("up", labels=("device_id",)),), ())], "not a plugin's to set"),
    ],
)
def test_nonsense_is_refused_in_words(records, words):
    """A program in any language may say anything: nothing of it becomes a sample."""
    with pytest.raises(wire.Malformed, match=words):
        list(wire.Incoming().unpacked(records))


def test_the_word_for_no_time():
    """As docs/contract.md says."""
    assert NO_TIME == -(2**63)
