"""What a writer gets, over the border and back."""

from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbital_sdk import STALE, Batch, Identity, Layout, Origin, Row, wire
from orbital_sdk.testing import make_batch, make_layout
from orbital_sdk.wire import batches as forms
from orbital_sdk.wire.columns import as_doubles, as_integers, doubles, integers

some = settings(max_examples=50, deadline=None)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
labels = st.dictionaries(texts, texts, max_size=4)
identities = st.builds(Identity, texts, texts, texts, labels)
origins = st.builds(Origin, texts, texts, texts, texts, identities)
kinds = st.sampled_from(["gauge", "counter"])
rows = st.builds(Row, texts, labels, kinds, texts, honor_labels=st.booleans())
layouts = st.builds(Layout, origins, st.lists(rows, max_size=6, unique_by=lambda row: row.key))


@st.composite
def batches(draw, layout):
    size = len(layout)
    stale, timed = draw(st.booleans()), draw(st.booleans())
    some = st.lists(st.floats(allow_nan=False), min_size=size, max_size=size)
    own = st.lists(st.integers(0, 2**53), min_size=size, max_size=size)
    values = [STALE] * size if stale else draw(some)
    times = array("q", draw(own)) if timed else None
    return Batch(layout, draw(st.integers(0, 2**53)), array("d", values), times, stale)


def crossed(items):
    """As bytes, and back."""
    sent = wire.encode(wire.calls.Write(1, 2, 1, "token", items, 30.0))
    (body,) = wire.Bodies().feed(sent)
    return wire.from_agent(body).batches


def parts(batch):
    """All of it, values by their bits."""
    rows = [(row.key, row.kind, row.unit, row.honor_labels) for row in batch.layout.rows]
    times = None if batch.times is None else list(batch.times)
    return batch.layout.origin, rows, batch.ts, batch.values.tobytes(), times, batch.stale


@some
@given(st.data())
def test_batches_cross_unchanged(data):
    """Of several layouts, each told once and before its first batch; stale ones bit for bit."""
    known = data.draw(st.lists(layouts, min_size=1, max_size=3))
    order = st.sampled_from(known)
    given = [data.draw(batches(data.draw(order))) for _ in range(data.draw(st.integers(1, 5)))]
    items = wire.OutgoingBatches().packed(given)
    assert sum(isinstance(item, forms.Layout) for item in items) == len({b.layout for b in given})
    taken = wire.IncomingBatches().unpacked(crossed(items))
    assert [parts(batch) for batch in taken] == [parts(batch) for batch in given]


def test_a_layout_is_told_once():
    """What a writer keeps in its caches is there in the next call."""
    out, back = wire.OutgoingBatches(), wire.IncomingBatches()
    layout = make_layout(["up"])
    first, second = (
        back.unpacked(crossed(out.packed([make_batch([1.0], layout=layout)])))[0].layout
        for _ in range(2)
    )
    assert first is second


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ([forms.Batch(7, 0, b"")], "a batch of layout 7, which was never sent"),
        ([*wire.OutgoingBatches().packed([make_batch(1)]), forms.Batch(0, 0, b"1")], "1 bytes"),
    ],
)
def test_nonsense_is_refused_in_words(items, words):
    """A value never gets to another's row."""
    with pytest.raises(wire.Malformed, match=words):
        wire.IncomingBatches().unpacked(items)


@some
@given(st.lists(st.floats(allow_nan=False)), st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_columns_are_little_endian_on_every_machine(values, times):
    """A machine of the other order writes and reads the same."""
    assert doubles(values, "big") == bytes(
        byte for value in array("d", values) for byte in reversed(array("d", [value]).tobytes())
    )
    assert list(as_doubles(doubles(values, "big"), len(values), "big")) == values
    assert list(as_integers(integers(times, "big"), len(times), "big")) == times
    assert doubles([1.5]) == bytes.fromhex("000000000000f83f")
    assert integers([1_700_000_000_000]) == bytes.fromhex("0068e5cf8b010000")
