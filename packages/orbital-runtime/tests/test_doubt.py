"""Refusals that may not be about the samples, and outages that are: nothing good is thrown away."""

from __future__ import annotations

import asyncio
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbital_runtime.buffer import Entry, Limits, MemoryBuffer
from orbital_runtime.clock import ManualClock, SystemClock
from orbital_runtime.sender import DeliveryPolicy, Output, Phase, Sender
from orbital_runtime.sender.bisect import Isolation
from orbital_runtime.sender.repeats import SERIES
from orbital_sdk import BatchRejected, BatchTooLarge, Reject, WriterMisconfigured, WriterUnavailable
from orbital_sdk.testing import RecordingWriter, make_batch

NEVER = 3600.0
PROXY = "400 Bad Request: this proxy takes no POST"
FAULT = "http://tsdb/write answered 500: label name is not unique"


class Line:
    """A buffer and a sender with one output behind it."""

    def __init__(self):
        self.clock = ManualClock()
        self.buffer = MemoryBuffer(Limits(samples=None, size=None), self.clock)
        self.sender = Sender(self.buffer, clock=SystemClock())
        self.writer = RecordingWriter()
        self.writer.takes_old_samples = False

    def output(self, **policy):
        quick = {"flush_interval": 0.0, "retry_interval": 0.001, "breaker_reset": 0.001}
        policy = DeliveryPolicy(**{**quick, "retry_cap": 0.001, "pause_retry": NEVER, **policy})
        return Output("out", self.writer, policy)

    @property
    def account(self):
        return self.buffer.ledger.account("out")

    @property
    def status(self):
        return self.sender.status()["out"]

    async def until(self, condition):
        async with asyncio.timeout(10):
            while not condition():  # noqa: ASYNC110 (phases and positions change without an event)
                await asyncio.sleep(0.001)

    async def paused(self):
        await self.until(lambda: self.status.phase is Phase.PAUSED)

    async def holding(self):
        await self.until(lambda: self.status.phase is Phase.BACKING_OFF)

    async def settled(self):
        await self.until(lambda: not self.buffer.waiting("out"))

    async def put(self, *batches):
        await self.buffer.append(batches)

    def hurry(self):
        self.sender.hurry()


@pytest.fixture
async def line():
    line = Line()
    yield line
    await line.sender.stop()
    await line.buffer.close()


# Refused whole


@pytest.mark.parametrize("refusal", [BatchRejected(PROXY), BatchTooLarge(PROXY)])
async def test_a_destination_that_refuses_everything_costs_nothing(line, refusal):
    """A proxy that answers 4xx to everything: paused with its words, all delivered in order when mended."""
    line.writer.always(refusal)
    await line.sender.add(line.output(batch_size=40))
    await line.put(*(make_batch(20, ts=ts) for ts in range(5)))
    await line.paused()
    assert PROXY in line.status.reason
    assert (line.account.waiting, line.account.dead_lettered) == (100, 0)
    line.writer.always(None)
    line.hurry()
    await line.settled()
    assert (line.account.delivered, line.account.dead_lettered) == (100, 0)
    assert [batch.ts for batch in line.writer.batches] == [0, 1, 2, 3, 4]


async def test_an_output_that_worked_loses_nothing_either(line):
    """A proxy that begins to refuse everything after weeks is no reason to set anything aside."""
    await line.sender.add(line.output(batch_size=4))
    await line.put(make_batch(4, ts=0))
    await line.settled()
    line.writer.always(BatchRejected(PROXY))
    await line.put(*(make_batch(4, ts=ts) for ts in range(1, 6)))
    await line.paused()
    assert (line.account.dead_lettered, line.account.waiting) == (0, 20)
    line.writer.always(None)
    line.hurry()
    await line.settled()
    assert (line.account.delivered, line.account.dead_lettered) == (24, 0)


async def test_alone_it_waits_for_others_to_tell(line):
    """Nothing else is there that could be taken: kept, and no person is called yet."""
    line.writer.always(BatchRejected(PROXY))
    await line.sender.add(line.output())
    await line.put(make_batch(20))
    await line.holding()
    assert "others have to show" in line.status.reason
    assert PROXY in line.status.reason
    assert (line.account.waiting, line.account.dead_lettered) == (20, 0)
    await line.put(make_batch(20, ts=2))
    await line.paused()
    assert (line.account.waiting, line.account.dead_lettered) == (40, 0)


async def test_a_look_at_a_paused_destination_costs_two_requests(line):
    """The whole of what is kept, and one further batch, instead of a whole search."""
    line.writer.always(BatchRejected(PROXY))
    await line.sender.add(line.output(batch_size=20))
    await line.put(*(make_batch(20, ts=ts) for ts in (1, 2, 3)))
    await line.paused()
    calls = len(line.writer.calls)
    line.hurry()
    await line.writer.called(calls + 2)
    await line.paused()
    assert [call.batches[0].ts for call in line.writer.calls[calls:]] == [1, 3]
    assert line.account.waiting == 60


def only(*bad, words="no such metric here"):
    """Refuses what holds one of these times."""

    def step(batches, attempt):
        if any(batch.ts in bad for batch in batches):
            raise BatchRejected(words)

    return step


async def test_what_is_behind_shows_at_once_that_it_is_the_samples(line):
    """A full request of bad data, on an output that never worked: good data behind it is not held up."""
    line.writer.always(only(1))
    await line.sender.add(line.output(batch_size=6))
    await line.put(make_batch(6, ts=1), make_batch(3, ts=2), make_batch(3, ts=3))
    await line.settled()
    assert (line.account.delivered, line.account.dead_lettered) == (6, 6)
    assert {letter.reason for letter in line.buffer.dead_letters.list()} == {"no such metric here"}
    assert [batch.ts for batch in line.writer.batches] == [2, 3]


async def test_newer_samples_end_the_wait_as_soon_as_they_come(line):
    """The first chunk was bad data, alone: with the next sample it goes to the dead letters, pause or no."""
    line.writer.always(only(1))
    await line.sender.add(line.output())
    await line.put(make_batch(3, ts=1))
    await line.holding()
    await line.put(make_batch(3, ts=2))
    await line.settled()
    assert (line.account.delivered, line.account.dead_lettered) == (3, 3)


async def test_no_length_of_bad_samples_holds_good_ones_for_ever(line):
    """Each look asks a request further on, where the destination takes samples in order alone."""
    line.writer.always(only(*range(1, 41)))
    await line.sender.add(line.output(batch_size=10, pause_retry=0.001))
    await line.put(*(make_batch(5, ts=ts) for ts in range(1, 61)))
    await line.settled()
    assert (line.account.delivered, line.account.dead_lettered) == (100, 200)


async def test_where_old_samples_are_taken_the_newest_are_asked(line):
    """Hours of bad samples, and the very next look finds the good ones: no walk through all of them."""
    line.writer.takes_old_samples = True
    line.writer.always(only(*range(1, 41)))
    await line.sender.add(line.output(batch_size=10, flush_interval=60.0))
    await line.put(*(make_batch(5, ts=ts) for ts in range(1, 41)))
    await line.paused()
    line.clock.advance(120)
    await line.put(make_batch(5, ts=41))
    line.hurry()
    await line.settled()
    assert (line.account.delivered, line.account.dead_lettered) == (5, 200)


@pytest.mark.parametrize(
    ("flush", "fresh"), [(60.0, 1), (0.0, 10)], ids=["asked", "sent meanwhile"]
)
async def test_a_backlog_of_bad_samples_waits_for_fresh_ones(line, flush, fresh):
    """Nothing new, and nobody is called. One new sample shows what all of the backlog is if it is asked
    about, and what one request is if it went its own way while that was kept.
    """
    line.writer.takes_old_samples = True
    line.writer.always(only(*range(1, 41)))
    line.buffer.attach("out")
    await line.put(*(make_batch(5, ts=ts) for ts in range(1, 41)))
    line.clock.advance(3600)
    await line.sender.add(line.output(batch_size=20, flush_interval=flush))
    for number in range(1, fresh + 1):
        await line.holding()
        await line.put(make_batch(1, ts=100 + number))
        due = number * 200 // fresh
        await line.until(lambda due=due: line.account.dead_lettered >= due)
    await line.settled()
    assert (line.account.delivered, line.account.dead_lettered) == (fresh, 200)


async def test_a_proxy_that_comes_and_goes_costs_nothing(line):
    """Words that were believed once are not believed of what follows, when all passed again meanwhile."""
    line.writer.always(only(1))
    await line.sender.add(line.output(batch_size=4))
    await line.put(make_batch(4, ts=1), make_batch(4, ts=2), make_batch(4, ts=3))
    await line.settled()
    assert line.account.dead_lettered == 4
    line.writer.always(BatchRejected("no such metric here"))
    await line.put(*(make_batch(4, ts=ts) for ts in range(4, 8)))
    await line.paused()
    assert (line.account.dead_lettered, line.account.waiting) == (4, 16)


async def test_other_words_for_others_leave_no_doubt(line):
    """Whoever tells samples apart understands them."""

    def refuse(batches, attempt):
        raise BatchRejected(f"no metric of {batches[0].ts}")

    line.writer.always(refuse)
    await line.sender.add(line.output(batch_size=2))
    await line.put(make_batch(2, ts=1), make_batch(2, ts=2))
    await line.until(lambda: line.account.dead_lettered == 2)
    assert line.account.waiting == 2


async def test_a_witness_that_meets_an_outage_accuses_nobody(line):
    """Refused, and the one that was to show why found nobody: both are kept, and sent again."""
    line.writer.then(*[BatchRejected(PROXY)] * 3, WriterUnavailable("gone"))
    await line.sender.add(line.output(batch_size=2))
    await line.put(make_batch(2, ts=1), make_batch(2, ts=2))
    await line.settled()
    assert (line.account.delivered, line.account.dead_lettered) == (4, 0)
    assert [batch.ts for batch in line.writer.batches] == [1, 2]


@pytest.mark.parametrize(
    "refusal",
    [
        BatchRejected("out of bounds", certain=True),
        BatchRejected("out of order sample", duplicate=True),
        BatchRejected("bad", rejects=[Reject(0, row, "bad") for row in range(3)]),
    ],
    ids=["certain", "duplicate", "named"],
)
async def test_words_about_samples_never_pause(line, refusal):
    """A backlog that is too old must not stop a fresh output: the words leave no doubt."""
    line.writer.then(*[refusal] * 5)
    await line.sender.add(line.output())
    await line.put(make_batch(3))
    await line.settled()
    assert line.account.dead_lettered == 3
    assert line.status.phase is not Phase.PAUSED


async def test_an_outage_amid_the_search_keeps_all(line):
    """Refused for a while, then away: nothing was ever taken, so nothing is set aside yet."""
    refusals = [BatchRejected(PROXY)] * 4
    line.writer.then(*refusals, WriterUnavailable("gone"), BatchRejected(PROXY))
    line.writer.always(BatchRejected(PROXY))
    await line.sender.add(line.output())
    await line.put(*(make_batch(1, ts=ts) for ts in range(8)))
    await line.until(lambda: "others have to show" in line.status.reason)
    assert (line.account.waiting, line.account.dead_lettered) == (8, 0)


# The same answer again and again


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
    (letter,) = line.buffer.dead_letters.list()
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
    assert len(line.writer.calls) - calls < 20


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
    """A foreign error stands behind it, so it is no answer."""

    def cut(batches, attempt):
        raise WriterUnavailable("the connection was closed") from ConnectionResetError()

    line.writer.always(cut)
    await line.sender.add(line.output())
    await line.put(make_batch(8))
    await line.writer.called(3 * SERIES)
    assert {call.samples for call in line.writer.calls} == {8}


@given(st.lists(st.integers(1, 12), min_size=1, max_size=6), st.data())
async def test_any_bad_data_is_found_and_nothing_else(sizes, data):
    """Whichever rows are bad: the others arrive once and in order of their series, or wait; only bad ones are
    refused.
    """
    every = [(seq, float(row)) for seq, size in enumerate(sizes, 1) for row in range(size)]
    bad, stored = data.draw(st.sets(st.sampled_from(every), min_size=1, max_size=4)), []

    async def send(batches, token):
        rows = [(batch.ts, value) for batch in batches for value in batch.values]
        if bad.intersection(rows):
            raise WriterUnavailable(FAULT)
        stored.extend(rows)

    entries = [Entry(seq, make_batch(size, ts=seq)) for seq, size in enumerate(sizes, 1)]
    isolation = Isolation(entries, suspect=FAULT)
    try:
        await isolation.run(send)
    except WriterUnavailable:
        assert isolation.left
    else:
        assert {(refused.seq, float(refused.row)) for refused in isolation.refused} == bad
    series = [[ts for ts, row in stored if row == each] for _, each in every]
    assert all(times == sorted(set(times)) for times in series)
    assert {(refused.seq, float(refused.row)) for refused in isolation.refused} <= bad
    assert all(row in stored or row in bad or row[0] in isolation.left for row in every)


@pytest.mark.parametrize("until", range(1, 12))
async def test_an_outage_that_ends_amid_the_search_accuses_nobody(until):
    """Whenever the destination comes back: all is delivered, or waits; nothing is refused."""
    calls = 0

    async def send(batches, token):
        nonlocal calls
        calls += 1
        if calls <= until:
            raise WriterUnavailable(FAULT)

    isolation = Isolation([Entry(1, make_batch(16, ts=1))], suspect=FAULT)
    try:
        await isolation.run(send)
    except WriterUnavailable:
        assert until > 2 * (16).bit_length()
    assert isolation.refused == []


@pytest.mark.parametrize("since", range(2, 12))
async def test_an_outage_that_begins_amid_the_search_accuses_nobody(since):
    """Whenever the destination goes away: what did not pass waits; only the bad row may be refused."""
    calls = 0

    async def send(batches, token):
        nonlocal calls
        calls += 1
        if calls > since or any(value == 3 for batch in batches for value in batch.values):
            raise WriterUnavailable(FAULT)

    isolation = Isolation([Entry(1, make_batch(8)), Entry(2, make_batch(8, ts=2))], suspect=FAULT)
    with pytest.raises(WriterUnavailable):
        await isolation.run(send)
    assert {refused.row for refused in isolation.refused} <= {3}
    assert isolation.left


# What was never sent


async def test_duplicates_after_unsent_attempts_are_refusals(line):
    """Nothing reached the destination, so a `duplicate` is not about our earlier attempt."""
    line.writer.then(
        WriterUnavailable("connection refused", sent=False),
        WriterMisconfigured("401"),
        BatchRejected("duplicate sample", duplicate=True),
    )
    line.writer.always(BatchRejected("duplicate sample", duplicate=True))
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
        BatchRejected("duplicate sample", duplicate=True),
    )
    await line.sender.add(line.output())
    await line.put(make_batch(4))
    await line.settled()
    assert (line.account.delivered, line.account.dead_lettered) == (4, 0)
