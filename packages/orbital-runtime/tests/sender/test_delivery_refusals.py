"""Delivery to an output that refuses: too large, bad samples, duplicates, and what becomes of each."""

from __future__ import annotations

from itertools import groupby

import pytest

from orbital_runtime.sender import Phase
from orbital_runtime.sender.delivery.request_size import GROW_AFTER
from orbital_sdk import NotWritten, Refusal, Refused, WriterUnavailable, Written
from orbital_sdk.testing import make_batch

NEVER = 3600.0


async def test_too_large_requests_are_halved_and_the_size_is_learned(lines):
    """A 413 costs a few requests once, not at every chunk; a batch larger than that is cut by rows."""
    line = lines(batch_size=100)
    biggest = 10

    def limited(batches, attempt):
        return (
            NotWritten("413", Refusal.TOO_LARGE)
            if sum(len(batch) for batch in batches) > biggest
            else None
        )

    line.writer.always(limited)
    await line.put(*(make_batch(5, ts=ts) for ts in range(20)))
    await line.settled()
    failed = line.status.errors["too_large"]
    await line.put(*(make_batch(5, ts=ts) for ts in range(20, 60)), make_batch(35, ts=60))
    await line.settled()
    assert line.account.delivered == 335
    assert line.status.errors["too_large"] <= failed + 3
    assert [record.value for record in line.writer.records[-35:]] == [float(n) for n in range(35)]


async def test_the_size_is_learned_although_the_buffer_fails(lines):
    """What a destination takes is known as soon as it answered, whatever becomes of the acknowledgement."""
    line = lines(batch_size=8)
    acknowledge, failures = line.buffer.acknowledge, [OSError("disk")]

    async def broken(*args, **kwargs):
        if failures:
            raise failures.pop()
        await acknowledge(*args, **kwargs)

    line.buffer.acknowledge = broken
    line.writer.then(NotWritten("413", Refusal.TOO_LARGE))
    await line.put(*(make_batch(1, ts=ts) for ts in range(8)))
    await line.settled()
    sizes = [call.samples for call in line.writer.calls]
    assert sizes == [8, 4, 4, 4, 4]


async def test_a_destination_that_takes_one_at_a_time_gets_one(lines):
    """The size is learned down to a single sample: no further request is refused before more is tried."""
    line = lines(batch_size=8)

    def limited(batches, attempt):
        return (
            NotWritten("413", Refusal.TOO_LARGE)
            if sum(len(batch) for batch in batches) > 1
            else None
        )

    line.writer.always(limited)
    await line.put(*(make_batch(1, ts=ts) for ts in range(8)))
    await line.settled()
    refused = line.status.errors["too_large"]
    await line.put(*(make_batch(1, ts=ts) for ts in range(8, 40)))
    await line.settled()
    assert line.account.delivered == 40
    assert line.status.errors["too_large"] == refused


async def test_a_destination_that_wanted_less_is_offered_more_again(lines):
    """After a hundred chunks that went through, requests may be twice as large, after a hundred more again,
    up to the size that is set; a proxy may be gone.
    """
    line = lines(batch_size=16)
    line.writer.then(NotWritten("413", Refusal.TOO_LARGE), NotWritten("413", Refusal.TOO_LARGE))
    await line.put(*(make_batch(1) for _ in range((4 + 8 + 16 + 16) * GROW_AFTER)))
    await line.settled()
    sizes = [call.samples for call in line.writer.calls]
    assert sizes[:3] == [16, 8, 4]
    assert [size for size, _ in groupby(sizes[2:-1])] == [4, 8, 16]


async def test_refused_samples_are_isolated(lines, caplog):
    """One bad sample of 5,000: it becomes a dead letter with the server's words, the rest arrives."""
    line = lines(batch_size=6000)
    line.writer.reject(lambda record: record.ts == 7 and record.name == "metric_123")
    await line.put(*(make_batch(250, ts=ts) for ts in range(20)))
    await line.settled()
    assert (line.account.delivered, line.account.dead_lettered) == (4999, 1)
    (letter,) = await line.letters.list()
    assert (letter.output, letter.row.name, letter.ts, letter.value) == (
        "out",
        "metric_123",
        7,
        123,
    )
    assert letter.reason == "bad sample metric_123; nothing of this call is stored"
    assert letter.origin.task == "task-1"
    assert len(line.writer.calls) < 40
    assert (line.status.sent_samples, line.status.dead_letters) == (4999, 1)
    (said,) = caplog.messages
    assert said == f"output out: 1 sample was refused and is a dead letter now: {letter.reason}"


async def test_named_samples_cost_no_further_request(lines):
    """Where the server tells which samples it refused, the others count as delivered at once: that is a
    success, and no failed request.
    """
    line = lines(batch_size=100)
    line.writer.reject(lambda record: record.value == 3, tells=True)
    await line.put(make_batch(5, ts=1), make_batch(5, ts=2, times=[10, 11, 12, 13, 14]))
    await line.settled()
    assert len(line.writer.calls) == 1
    assert [letter.ts for letter in await line.letters.list()] == [13, 1]
    assert (line.account.delivered, line.account.dead_lettered) == (8, 2)
    assert (line.status.errors, line.status.sent_bytes) == ({}, 80)


async def test_b25_a_bad_request_is_not_retried_for_ever(lines):
    """B-25: the older sentinel sent a 400 again and again, and everything waited behind it."""
    line = lines(batch_size=50, bisect_requests=20)
    line.writer.reject(lambda record: record.ts == 1)
    await line.put(make_batch(50, ts=1), make_batch(50, ts=2))
    await line.settled()
    assert (line.account.delivered, line.account.dead_lettered) == (50, 50)
    assert len(line.writer.calls) < 40
    assert line.status.retries == 0


async def test_what_was_delivered_before_an_outage_is_not_sent_again(lines):
    """The destination went away in the middle of bisecting: only what was left comes again."""
    line = lines(batch_size=100)
    calls = 0

    def fails_at_third(batches, attempt):
        nonlocal calls
        calls += 1
        if calls == 3:
            raise WriterUnavailable("gone")
        return NotWritten("something is bad", Refusal.DOUBTFUL) if calls == 1 else None

    line.writer.always(fails_at_third)
    await line.put(*(make_batch(1, ts=ts) for ts in range(8)))
    await line.settled()
    assert sorted(record.ts for record in line.writer.records) == list(range(8))
    assert line.account.delivered == 8


async def test_only_what_went_out_last_is_in_doubt(lines):
    """The rest of a request that was refused whole is not: nothing of that was stored."""
    line = lines(batch_size=100, retry_interval=NEVER)
    line.writer.then(NotWritten("bad", Refusal.DOUBTFUL), None, WriterUnavailable("gone"))
    await line.put(*(make_batch(1, ts=ts) for ts in range(8)))
    await line.reaches(Phase.BACKING_OFF)
    tally = line.delivery.tally
    assert (list(tally.doubtful), list(tally.failed)) == ([(5, 9)], [(5, 9)])
    line.delivery.send_now()
    line.writer.then(NotWritten("bad", Refusal.DOUBTFUL), WriterUnavailable("gone", sent=False))
    await line.writer.called(5)
    await line.reaches(Phase.BACKING_OFF)
    assert (list(tally.doubtful), list(tally.failed)) == ([(5, 9)], [(5, 9)])


async def test_duplicates_after_a_lost_answer_are_deliveries(lines):
    """Stored, then the answer was lost: the retry is told `duplicate`, and the samples count as delivered."""
    line = lines()
    line.writer.then(WriterUnavailable("connection reset"), NotWritten("dup", Refusal.THERE))
    await line.put(make_batch(4))
    await line.settled()
    assert (line.account.delivered, line.account.dead_lettered) == (4, 0)


async def test_duplicates_at_the_first_attempt_are_refusals(lines):
    """Nobody sent these before: they are dead letters, with the server's words."""
    line = lines()
    line.writer.always(NotWritten("out of order sample", Refusal.THERE))
    await line.put(make_batch(2))
    await line.settled()
    assert [letter.reason for letter in await line.letters.list()] == ["out of order sample"] * 2


@pytest.mark.parametrize(("batch", "row"), [(5, 0), (1, 0), (0, 9), (0, 2), (-1, 0), (0, -1)])
async def test_rows_that_were_never_given_are_a_bug_of_the_writer(lines, batch, row):
    """A writer that refuses what it was not given refuses nothing: the samples stay and go out later."""
    line = lines()
    line.writer.then(Written(1, [Refused(batch, row, "x")]))
    await line.put(make_batch(2))
    await line.settled()
    assert (line.account.delivered, line.account.dead_lettered) == (2, 0)
    assert line.status.errors == {"bug": 1}
    assert "names no sample of the call" in line.status.last_error


@pytest.mark.parametrize(
    "answer",
    [
        17,
        True,
        Written(-1),
        NotWritten("no", "no"),
        Written(1, [Refused(0, 0, "no", "no")]),
        object(),
    ],
)
async def test_what_is_no_answer_is_a_bug_of_the_writer(lines, caplog, answer):
    """Nobody knows what became of the samples: they are kept, and the log says once what to give instead."""
    line = lines()
    line.writer.then(*[lambda batches, attempt: answer] * 3)
    await line.put(make_batch(2))
    await line.settled()
    assert (line.account.delivered, line.account.dead_lettered) == (2, 0)
    assert line.status.errors == {"bug": 3}
    (said,) = [
        text for text in caplog.messages if "a bug in writer" in text and "backing" not in text
    ]
    assert said.startswith("output out: a bug in writer 'recording': write() gave ")


async def test_refused_stale_markers_are_no_dead_letters(lines):
    """A marker is not a sample: nobody misses a refused one, and the ledger never knew it."""
    line = lines()
    line.writer.reject(lambda record: record.stale)
    await line.put(make_batch(2), make_batch(2, stale=True))
    assert await line.delivery.drain()
    assert line.letters.count() == 0
    assert (line.account.delivered, line.account.dead_lettered) == (2, 0)
