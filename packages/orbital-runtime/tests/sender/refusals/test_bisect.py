"""Isolation: all but the refused samples are delivered, once, in order, in a bounded number of requests."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from orbital_buffer.model.chunk import Chunk, Entry
from orbital_sdk import NotWritten, Refusal, Refused, WriterUnavailable, Written
from orbital_sdk.testing import make_batch

from .conftest import attempt


class Destination:
    """Stores all or nothing of a request, as Prometheus does, and knows what it does not like."""

    def __init__(self, bad=(), *, most=math.inf, tells=False):
        self.bad, self.most, self.tells = set(bad), most, tells
        self.stored, self.tokens = [], []

    async def send(self, batches, token):
        self.tokens.append(token)
        rows = [(batch.ts, value) for batch in batches for value in batch.values]
        if len(rows) > self.most:
            return NotWritten("413: request entity too large", Refusal.TOO_LARGE)
        if self.tells:
            self.stored += [row for row in rows if row not in self.bad]
            refused = [
                Refused(b, r, f"bad {value:g}")
                for b, batch in enumerate(batches)
                for r, value in enumerate(batch.values)
                if (batch.ts, value) in self.bad
            ]
            return Written(1, refused)
        if self.bad.intersection(rows):
            return NotWritten(f"400: bad sample among {len(rows)}", Refusal.DOUBTFUL)
        self.stored += rows
        return Written(1)


def entries_of(sizes):
    """One batch for each size; its time is its sequence number and its values are its row numbers."""
    return [Entry(seq, make_batch(size, ts=seq)) for seq, size in enumerate(sizes, 1)]


def all_rows(sizes):
    return [(seq, float(row)) for seq, size in enumerate(sizes, 1) for row in range(size)]


@st.composite
def cases(draw):
    sizes = draw(st.lists(st.integers(1, 20), min_size=1, max_size=8))
    rows = all_rows(sizes)
    return sizes, draw(st.sets(st.sampled_from(rows), max_size=5))


@given(cases(), st.booleans())
async def test_the_good_are_delivered_and_the_bad_are_named(case, tells):
    """Whichever samples are bad, the others arrive once and in order, and exactly the bad are refused."""
    sizes, bad = case
    destination = Destination(bad, tells=tells)
    bisection, _ = await attempt(entries_of(sizes), destination.send, requests=10_000)
    assert destination.stored == [row for row in all_rows(sizes) if row not in bad]
    assert [(r.seq, float(r.row)) for r in bisection.refused] == sorted(bad)
    assert not bisection.left
    most = 1 if tells else 1 + 2 * len(bad) * (math.ceil(math.log2(sum(sizes) + 1)) + 2)
    assert len(destination.tokens) <= most


@given(st.lists(st.integers(1, 20), min_size=1, max_size=8), st.integers(1, 12))
async def test_too_large_requests_are_halved(sizes, most):
    """Any limit of the destination is met, also by cutting one batch by its rows; nothing is refused."""
    destination = Destination(most=most)
    bisection, _ = await attempt(entries_of(sizes), destination.send, requests=1)
    assert destination.stored == all_rows(sizes)
    assert not bisection.refused
    assert not bisection.left


async def test_a_size_that_was_too_large_is_not_tried_again():
    """After the first 413s the other halves are cut without asking."""
    destination = Destination(most=10)
    bisection, _ = await attempt(entries_of([8] * 16), destination.send)
    assert len(destination.tokens) == 4 + 16
    assert bisection.too_large == 16


async def test_one_sample_that_is_too_large_is_refused():
    """Where not even one sample goes through there is nothing left to halve."""
    destination = Destination(most=0)
    bisection, _ = await attempt(entries_of([2]), destination.send)
    assert [r.reason for r in bisection.refused] == ["413: request entity too large"] * 2


async def test_b25_bad_data_ends_after_so_many_requests():
    """B-25: a 400 was retried for ever. A chunk of bad data costs a bounded number of requests, once."""
    sizes = [50] * 100
    destination = Destination(bad=all_rows(sizes))
    bisection, _ = await attempt(entries_of(sizes), destination.send, requests=64)
    assert not bisection.left
    assert len(bisection.refused) == 5000
    assert len(destination.tokens) <= 2 * (64 + 13)


async def test_bad_batches_do_not_cost_the_good_ones_between_them():
    """Some devices with a wrong clock cost more requests than are spent on finding rows: then their batches
    are refused whole, and those of all other devices still arrive, in order.
    """
    sizes = [50] * 100
    bad = {row for row in all_rows(sizes) if row[0] % 7 == 3}
    destination = Destination(bad)
    bisection, _ = await attempt(entries_of(sizes), destination.send, requests=64)
    assert destination.stored == [row for row in all_rows(sizes) if row not in bad]
    assert {(r.seq, float(r.row)) for r in bisection.refused} == bad
    assert len(destination.tokens) <= 64 + 2 * len(sizes)


async def test_a_bad_row_in_each_of_many_batches_costs_these_batches_and_no_more():
    """Where every second batch has one bad row, the rows are found as long as requests are spent on that;
    after that a batch with a bad row is refused whole.
    """
    sizes = [10] * 100
    bad = {(seq, 3.0) for seq in range(1, 101, 2)}
    destination = Destination(bad)
    bisection, _ = await attempt(entries_of(sizes), destination.send, requests=64)
    refused = {(r.seq, float(r.row)) for r in bisection.refused}
    assert bad <= refused
    assert {seq for seq, _ in refused} == {seq for seq, _ in bad}
    assert len(refused) < 10 * len(bad)
    assert sorted([*destination.stored, *refused]) == all_rows(sizes)


async def test_tokens_name_the_rows():
    """The same rows get the same token at every attempt, other rows another; whole chunks the chunk's."""
    entries = entries_of([4, 4])
    bad = {(1, 2.0)}
    tokens = []
    for _ in range(2):
        destination = Destination(bad)
        await attempt(entries, destination.send)
        tokens.append(destination.tokens)
    assert tokens[0] == tokens[1]
    assert len(set(tokens[0])) == len(tokens[0])
    assert tokens[0][0] == Chunk("a", tuple(entries), 8).token


async def test_an_interruption_keeps_what_was_achieved():
    """What was delivered before the destination went away is not sent again; half a batch is."""
    destination = Destination(bad={(1, 0.0), (3, 3.0)})
    sent = 0

    async def send(batches, token):
        nonlocal sent
        sent += 1
        if batches[0].ts == 3 and len(batches[0]) < 4:
            raise WriterUnavailable("gone")
        return await destination.send(batches, token)

    bisection, error = await attempt(entries_of([1, 4, 4, 4]), send)
    assert isinstance(error, WriterUnavailable)
    assert bisection.left == {3, 4}
    assert [(r.seq, r.row) for r in bisection.refused] == [(1, 0)]


async def test_duplicates_after_an_unknown_outcome_are_deliveries():
    """What was tried before and is there already was stored then; what was never tried was refused now."""

    async def send(batches, token):
        if min(batch.ts for batch in batches) <= 2:
            return NotWritten("duplicate sample for timestamp", Refusal.THERE)
        return Written(1)

    tried, _ = await attempt(entries_of([3, 3]), send, doubtful=range(3))
    assert (tried.refused, tried.left) == ([], set())

    fresh, _ = await attempt(entries_of([1, 1]), send, doubtful=())
    assert [(r.seq, r.reason) for r in fresh.refused] == [
        (1, "duplicate sample for timestamp"),
        (2, "duplicate sample for timestamp"),
    ]

    mixed, _ = await attempt(entries_of([1, 1, 1]), send, doubtful=range(3))
    assert (mixed.refused, mixed.left) == ([], set())


async def test_a_duplicate_beside_a_tried_one_is_refused():
    """One batch of a request was tried before. That says nothing of another one that was not: if the
    destination has that as well, somebody else wrote it.
    """

    async def send(batches, token):
        return NotWritten("duplicate sample for timestamp", Refusal.THERE)

    for tried, refused in ((1, 2), (2, 1)):
        bisection, _ = await attempt(entries_of([2, 2]), send, doubtful={tried})
        assert {r.seq for r in bisection.refused} == {refused}
        assert not bisection.left


async def test_what_is_there_is_not_refused_with_the_rest_of_its_request():
    """The search ends before tried batches are told from refused ones: they go alone, and those that the
    destination did not store before it stores now.
    """
    stored = []

    async def send(batches, token):
        if not {batch.ts for batch in batches} <= {6}:
            return NotWritten("out of order sample", Refusal.THERE)
        stored.extend(batch.ts for batch in batches)
        return Written(1)

    for tried, there in (({3}, []), ({6}, [6])):
        stored.clear()
        bisection, _ = await attempt(entries_of([2] * 8), send, doubtful=tried, requests=2)
        assert {r.seq for r in bisection.refused} == set(range(1, 9)) - tried
        assert stored == there
        assert not bisection.left


async def test_listed_duplicates_are_deliveries_too():
    """Where the destination lists what it has already, only what was never tried is refused."""

    async def send(batches, token):
        return Written(1, [Refused(row, 0, "have it", Refusal.THERE) for row in range(2)])

    bisection, _ = await attempt(entries_of([1, 1]), send, doubtful=range(2))
    assert [r.seq for r in bisection.refused] == [2]
