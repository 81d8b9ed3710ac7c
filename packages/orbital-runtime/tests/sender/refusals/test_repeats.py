"""The same 5xx again and again: bad samples that look like an outage are found, and an outage costs none."""

from __future__ import annotations

from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbital_buffer.model.chunk import Entry
from orbital_runtime.sender.refusals.repeated_errors import SERIES
from orbital_sdk import NotWritten, Refusal, WriterMisconfigured, WriterUnavailable, Written
from orbital_sdk.testing import make_batch

from .conftest import attempt

FAULT = "http://tsdb/write answered 500: label name is not unique"


def poison(*rows):
    """Refuses with 500 whatever holds one of these (time, value)."""

    def step(batches, attempt):
        if any((batch.ts, value) in rows for batch in batches for value in batch.values):
            raise WriterUnavailable(FAULT)

    return step


async def test_500_for_bad_data_is_not_waited_out_for_ever(line):
    """After a series of equal answers the cause is found and set aside; all else arrives, in order."""
    line.writer.always(poison((2, 5.0)))
    await line.sender.add(line.output())
    await line.put(*(make_batch(10, ts=ts) for ts in range(4)))
    await line.settled()
    assert (line.account.delivered, line.account.dead_lettered) == (39, 1)
    (letter,) = await line.buffer.dead_letters.list()
    assert (letter.ts, letter.value, letter.reason) == (2, 5.0, FAULT)
    sent = [(record.ts, record.value) for record in line.writer.records]
    assert sent == sorted(sent)
    whole = [call for call in line.writer.calls if call.samples == 40]
    assert len(whole) == SERIES + 1


async def test_the_next_chunk_needs_no_second_series(line):
    """Words that were traced to samples once are looked into at once from then on."""
    line.writer.always(poison(*((ts, 5.0) for ts in range(100))))
    await line.sender.add(line.output(batch_size=10))
    await line.put(make_batch(10, ts=0))
    await line.settled()
    calls = len(line.writer.calls)
    await line.put(make_batch(10, ts=1))
    await line.settled()
    assert (line.account.delivered, line.account.dead_lettered) == (18, 2)
    assert len([call for call in line.writer.calls[calls:] if call.samples == 10]) == 2


async def test_the_last_sample_waits_for_company(line):
    """Nothing follows that could show whether it is an outage: the sample stays until something does."""
    line.writer.always(poison((1, 0.0)))
    await line.sender.add(line.output())
    await line.put(make_batch(1, ts=1))
    await line.writer.called(3 * SERIES)
    assert (line.account.waiting, line.account.dead_lettered) == (1, 0)
    await line.put(make_batch(1, ts=2))
    await line.settled()
    assert (line.account.delivered, line.account.dead_lettered) == (1, 1)


async def test_an_outage_with_equal_words_loses_nothing(line):
    """A destination that is down says 500 to everything: a few smaller requests a series, no dead letter."""
    line.writer.always(WriterUnavailable(FAULT))
    await line.sender.add(line.output())
    await line.put(make_batch(64, ts=1), make_batch(64, ts=2))
    await line.writer.called(200)
    sizes = [call.samples for call in line.writer.calls[:200]]
    runs = [(whole, len(list(run))) for whole, run in groupby(size == 128 for size in sizes)]
    assert runs[0] == (True, SERIES + 1)
    assert all(length >= SERIES if whole else length <= 16 for whole, length in runs[:-1])
    line.writer.always(None)
    await line.settled()
    assert (line.account.delivered, line.account.dead_lettered) == (128, 0)


@pytest.mark.parametrize(
    "error",
    [
        WriterUnavailable("refused", sent=False),
        WriterUnavailable("429", retry_after=0.001),
    ],
    ids=["unsent", "asked to wait"],
)
async def test_what_is_no_answer_about_the_data_never_splits(line, error):
    """Refused connections and destinations that ask to wait get whole chunks only."""
    line.writer.always(error)
    await line.sender.add(line.output())
    await line.put(make_batch(8))
    await line.writer.called(3 * SERIES)
    assert {call.samples for call in line.writer.calls} == {8}


async def test_a_broken_connection_never_splits(line):
    """A foreign error stands behind it, so it is not an answer."""

    def cut(batches, attempt):
        raise WriterUnavailable("the connection was closed") from ConnectionResetError()

    line.writer.always(cut)
    await line.sender.add(line.output())
    await line.put(make_batch(8))
    await line.writer.called(3 * SERIES)
    assert {call.samples for call in line.writer.calls} == {8}


@given(st.lists(st.integers(1, 12), min_size=1, max_size=6), st.data())
async def test_any_bad_data_is_found_and_nothing_else(sizes, data):
    """Whichever rows are bad: the others arrive once and in order, or wait; only bad ones are refused."""
    every = [(seq, float(row)) for seq, size in enumerate(sizes, 1) for row in range(size)]
    bad, stored = data.draw(st.sets(st.sampled_from(every), min_size=1, max_size=4)), []

    async def send(batches, token):
        rows = [(batch.ts, value) for batch in batches for value in batch.values]
        if bad.intersection(rows):
            raise WriterUnavailable(FAULT)
        stored.extend(rows)
        return Written(1)

    entries = [Entry(seq, make_batch(size, ts=seq)) for seq, size in enumerate(sizes, 1)]
    bisection, error = await attempt(entries, send, suspect=FAULT)
    if error:
        assert bisection.left
    else:
        assert {(refused.seq, float(refused.row)) for refused in bisection.refused} == bad
    assert stored == sorted(set(stored))
    assert {(refused.seq, float(refused.row)) for refused in bisection.refused} <= bad
    assert all(row in stored or row in bad or row[0] in bisection.left for row in every)


@pytest.mark.parametrize("until", range(1, 12))
async def test_an_outage_that_ends_amid_the_search_accuses_nobody(until):
    """Whenever the destination comes back: all is delivered, or waits; nothing is refused."""
    calls = 0

    async def send(batches, token):
        nonlocal calls
        calls += 1
        if calls <= until:
            raise WriterUnavailable(FAULT)
        return Written(1)

    bisection, error = await attempt([Entry(1, make_batch(16, ts=1))], send, suspect=FAULT)
    if error:
        assert until > 2 * (16).bit_length()
    assert bisection.refused == []


@pytest.mark.parametrize("since", range(2, 12))
async def test_an_outage_that_begins_amid_the_search_accuses_nobody(since):
    """Whenever the destination goes away: what did not pass waits; only the bad row may be refused."""
    calls = 0

    async def send(batches, token):
        nonlocal calls
        calls += 1
        if calls > since or any(value == 3 for batch in batches for value in batch.values):
            raise WriterUnavailable(FAULT)
        return Written(1)

    entries = [Entry(1, make_batch(8)), Entry(2, make_batch(8, ts=2))]
    bisection, error = await attempt(entries, send, suspect=FAULT)
    assert isinstance(error, WriterUnavailable)
    assert {refused.row for refused in bisection.refused} <= {3}
    assert bisection.left


# What was never sent


async def test_duplicates_after_unsent_attempts_are_refusals(line):
    """Nothing reached the destination, so a `duplicate` is not about our earlier attempt."""
    line.writer.then(
        WriterUnavailable("connection refused", sent=False),
        WriterMisconfigured("401"),
        NotWritten("duplicate sample", Refusal.THERE),
    )
    line.writer.always(NotWritten("duplicate sample", Refusal.THERE))
    await line.sender.add(line.output(pause_retry=0.001))
    await line.put(make_batch(1))
    await line.settled()
    assert (line.account.delivered, line.account.dead_lettered) == (0, 1)
    assert line.status.retries == 2
    assert [call.attempt.number for call in line.writer.calls] == [1, 1, 1]


async def test_one_attempt_that_was_sent_is_enough(line):
    """Sent once with an unknown outcome, then refused connections: `duplicate` means it arrived then."""
    line.writer.then(
        WriterUnavailable("reset"),
        WriterUnavailable("connection refused", sent=False),
        NotWritten("duplicate sample", Refusal.THERE),
    )
    await line.sender.add(line.output())
    await line.put(make_batch(4))
    await line.settled()
    assert (line.account.delivered, line.account.dead_lettered) == (4, 0)
