"""The fast encoder, judged by protobuf: the same samples, to the last bit, for anything at all."""

import array
import math
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbital_remote_write import Encoder, LabelRules, wire
from orbital_remote_write.labels import render
from orbital_remote_write.remote_write_pb2 import WriteRequest
from orbital_sdk import STALE, STALE_BYTES, Batch, Identity, Layout, Origin, Row

RULES = LabelRules(external=(("zone", "z"),))
NOW = 1_700_000_000_000


def origin(task: str = "t-1") -> Origin:
    return Origin(task, "snmp", f"device of {task}", "10.0.0.1:161", Identity("id", "edge", "eu"))


def layout(rows: int | list[Row] = 3, task: str = "t-1") -> Layout:
    if isinstance(rows, int):
        rows = [Row(f"metric_{i}", {"device_id": "sw1", "index": str(i)}) for i in range(rows)]
    return Layout(origin(task), rows)


def batch(layout: Layout, ts: int = NOW, values=None, times=None, *, stale: bool = False) -> Batch:
    values = range(len(layout)) if values is None else values
    own = None if times is None else array.array("q", times)
    return Batch(layout, ts, array.array("d", values), own, stale)


def bits(value: float) -> bytes:
    return struct.pack("<d", value)


def expected(batches: list[Batch], rules: LabelRules = RULES) -> dict:
    """What must arrive: labels -> samples in the order of their times."""
    found = {}
    for one in batches:
        where = one.layout.origin
        seen = set()
        for row, ts, value in one.items():
            labels = render(row, rules.target(where), rules.added(where))
            if labels not in seen:
                found.setdefault(labels, []).append((ts, bits(value)))
                seen.add(labels)
    return found


TEXT = st.text(st.characters(codec="utf-8"), max_size=10)
ROWS = st.lists(
    st.builds(Row, TEXT, st.dictionaries(TEXT, TEXT, max_size=4)),
    max_size=6,
    unique_by=lambda row: row.key,
)
INT64 = st.integers(-(2**63), 2**63 - 1)
USUAL = st.integers(1 << 35, (1 << 42) - 1)
DOUBLES = st.floats(width=64) | st.sampled_from([0.0, -0.0, math.inf, -math.inf, 5e-324, 1.8e308])


@st.composite
def chunks(draw):
    """Some batches of some layouts, at times usual and not."""
    layouts = [
        layout(rows, f"t-{i % 2}") for i, rows in enumerate(draw(st.lists(ROWS, max_size=3)))
    ]
    made = []
    for _ in range(draw(st.integers(0, 6)) if layouts else 0):
        one = draw(st.sampled_from(layouts))
        size = len(one)
        values = draw(st.lists(DOUBLES, min_size=size, max_size=size))
        times = draw(st.none() | st.lists(USUAL | INT64, min_size=size, max_size=size))
        made.append(batch(one, draw(USUAL | INT64), values, times))
    return made


@settings(max_examples=150)
@given(chunks())
def test_wire_parses_to_the_same_samples(batches):
    """For any names, labels, values and times, protobuf reads what was put in: no more and no less."""
    encoded = Encoder(RULES).encode(batches)
    found = {}
    for series in WriteRequest.FromString(encoded.body).timeseries:
        labels = tuple((label.name, label.value) for label in series.labels)
        found.setdefault(labels, []).extend((s.timestamp, bits(s.value)) for s in series.samples)
    want = expected(batches)
    assert {k: sorted(v) for k, v in found.items()} == {k: sorted(v) for k, v in want.items()}
    dropped = sum(len(one) for one in batches) - sum(map(len, want.values()))
    assert len(encoded.refused) == dropped


@given(chunks())
def test_series_stand_once_a_layout_with_samples_in_order(batches):
    """Each series of the request has at least one sample, and its samples never go back in time."""
    for series in WriteRequest.FromString(Encoder(RULES).encode(batches).body).timeseries:
        times = [sample.timestamp for sample in series.samples]
        assert times
        assert times == sorted(times)


def test_batches_of_one_layout_share_their_series(parse):
    """A backlog of k batches sends each series' labels once, with k samples."""
    one, other = layout(3, "a"), layout(2, "b")
    batches = [batch(one, NOW + i * 1000, [i, i, i]) for i in range(5)] + [batch(other)]
    body = Encoder(RULES).encode(batches).body
    assert len(WriteRequest.FromString(body).timeseries) == 5
    assert parse(body) == expected(batches)


def test_the_same_batch_twice_is_two_samples(parse):
    """Whoever hands in one batch twice gets both of them, not a broken request."""
    one = batch(layout())
    assert parse(Encoder(RULES).encode([one, one]).body) == {
        labels: samples * 2 for labels, samples in expected([one]).items()
    }


def test_another_layout_of_a_task_keeps_its_place(parse):
    """When a task's layout changes and changes back, no series goes back in time within the request."""
    rows = [Row("up", {"device_id": "x"}), Row("extra", {"device_id": "x"})]
    short, full = layout(rows[:1]), layout(rows)
    batches = [batch(full, NOW), batch(short, NOW + 1), batch(full, NOW + 2), batch(layout(1, "b"))]
    found = parse(Encoder(RULES).encode(batches).body)
    ups = next(samples for labels, samples in found.items() if ("__name__", "up") in labels)
    assert [ts for ts, _ in ups] == [NOW, NOW + 1, NOW + 2]


def test_cached_bytes_are_rebuilt_after_eviction_and_for_another_number_of_samples(parse):
    """Dropping a layout's caches, or another size of the backlog, changes nothing on the wire."""
    encoder, one = Encoder(RULES), layout()
    for count in (1, 3, 1, 2, 2, 100, 1):
        batches = [batch(one, NOW + i) for i in range(count)]
        first = encoder.encode(batches).body
        assert parse(first) == expected(batches)
        one.caches.clear()
        assert encoder.encode(batches).body == first


@pytest.mark.parametrize("clash", [False, True])
def test_a_part_of_a_layout_is_encoded_as_a_layout_of_its_rows(clash):
    """Whether the whole one has rows that clash under valid names or not."""
    rows = [Row(f"metric_{n}", {"device_id": "sw1"}) for n in range(6)]
    if clash:
        rows[4] = Row("metric_0", {"device_id": "sw1"})
        rows[3] = Row("metric_2", {"device_id": "sw1"})
    whole = layout(rows)
    for start, stop in [(0, 4), (2, 5), (1, 2), (0, 6)]:
        values = range(stop - start)
        alone = batch(Layout(whole.origin, rows[start:stop]), NOW, values)
        assert Encoder(RULES).encode([batch(whole.part(start, stop), NOW, values)]) == Encoder(
            RULES
        ).encode([alone])


def test_encoders_with_other_rules_do_not_share(parse):
    """Two outputs may add different labels to the same layout; equal rules share what is cached."""
    one = layout()
    first, second, third = (
        Encoder(RULES),
        Encoder(LabelRules(job="x")),
        Encoder(LabelRules(job="x")),
    )
    assert parse(first.encode([batch(one)]).body) == expected([batch(one)])
    assert parse(second.encode([batch(one)]).body) == expected([batch(one)], LabelRules(job="x"))
    assert third.plan(one) is second.plan(one)
    assert len(one.caches) == 2


def test_stale_markers_keep_their_bits(parse):
    """The stale marker is a signalling NaN; any arithmetic on the way would destroy it."""
    one = layout(2)
    stale = batch(one, NOW, [STALE, STALE], stale=True)
    for batches in ([stale], [batch(one, NOW - 1), stale], [batch(one, NOW + 1), stale]):
        found = parse(Encoder(RULES).encode(batches).body)
        assert all((NOW, STALE_BYTES) in samples for samples in found.values())


@pytest.mark.parametrize(
    "ts", [wire.FIRST - 1, wire.FIRST, wire.END - 1, wire.END, 0, -1, 2**63 - 1]
)
def test_times_at_the_edge_of_six_bytes(parse, ts):
    """The fast road takes six-byte time stamps only; the others arrive just as well."""
    one = layout()
    for batches in ([batch(one, ts)], [batch(one, ts, times=[ts, NOW, NOW])]):
        assert parse(Encoder(RULES).encode(batches).body) == expected(batches)


def test_own_times_that_go_back_are_sorted(parse):
    """A device whose clock steps back still gives each series in order within a request."""
    one = layout(2)
    batches = [batch(one, NOW, times=[NOW, NOW]), batch(one, NOW + 9, times=[NOW + 5, NOW - 5])]
    found = list(parse(Encoder(RULES).encode(batches).body).values())
    assert [[ts for ts, _ in samples] for samples in found] == [[NOW, NOW + 5], [NOW - 5, NOW]]


def test_rows_that_become_one_series_are_rejected_by_name(parse):
    """Two rows that differ only in characters that Prometheus refuses: the first is sent, the second is
    given back with the reason, and nothing is lost quietly.
    """
    rows = [Row("a.b", {"x": "1"}), Row("c", {}), Row("a_b", {"x": "1"})]
    one = layout(rows)
    batches = [batch(one, NOW, [1, 2, 3]), batch(one, NOW + 1, [4, 5, 6], times=[NOW + 1] * 3)]
    body, refused = Encoder(RULES).encode(batches)
    assert sorted(value for samples in parse(body).values() for _, value in samples) == sorted(
        map(bits, [1, 2, 4, 5])
    )
    assert [(one.batch, one.row) for one in refused] == [(0, 2), (1, 2)]
    assert "same series" in refused[0].reason
    ended = batch(one, NOW + 2, [STALE] * 3, stale=True)
    assert Encoder(RULES).encode([ended]).refused == ()
    lonely = layout([Row("a.b", {}), Row("a_b", {})])
    assert list(parse(Encoder(RULES).encode([batch(lonely)]).body).values()) == [[(NOW, bits(0.0))]]
    ancient = Encoder(RULES).encode([batch(one, 0)])
    assert len(parse(ancient.body)) == 2


def test_text_that_is_no_unicode_arrives_as_question_marks(parse):
    """A lone surrogate, as Python makes of undecodable bytes, does not stop a request."""
    one = layout([Row("up", {"descr": "x\udcffy"})])
    for ts in (NOW, 0):
        labels = next(iter(parse(Encoder(RULES).encode([batch(one, ts)]).body)))
        assert dict(labels)["descr"] == "x?y"


def test_big_endian_columns_are_swapped_into_a_copy():
    """The wire is little-endian whatever the machine is, and the batch's own column stays as it was."""
    values = array.array("d", [1.5, STALE])
    swapped = wire.doubles(values, "big")
    assert swapped.tobytes() == b"".join(bytes(reversed(bits(v))) for v in values)
    assert values.tobytes() == bits(1.5) + STALE_BYTES
    assert wire.doubles(values, "little") is values


def test_nothing_in_is_nothing_out():
    """No batch, or batches without a row, make an empty request."""
    assert Encoder(RULES).encode([]) == (b"", ())
    assert Encoder(RULES).encode([batch(layout(0)), batch(layout(0), 0)]) == (b"", ())
