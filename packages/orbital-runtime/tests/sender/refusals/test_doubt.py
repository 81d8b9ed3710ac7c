"""Refusals that may not be about the samples: nothing good is thrown away, and nothing bad holds it up."""

from __future__ import annotations

import pytest

from orbital_runtime.sender import Phase
from orbital_sdk import NotWritten, Refusal, Refused, WriterUnavailable, Written
from orbital_sdk.testing import make_batch

PROXY = "400 Bad Request: this proxy takes no POST"


@pytest.mark.parametrize(
    "refusal", [NotWritten(PROXY, Refusal.DOUBTFUL), NotWritten(PROXY, Refusal.TOO_LARGE)]
)
async def test_a_destination_that_refuses_everything_costs_nothing(line, refusal):
    """A proxy that answers 4xx to everything: paused with its words, all delivered in order when mended."""
    line.writer.always(refusal)
    await line.sender.add(line.output(batch_size=40))
    await line.put(*(make_batch(20, ts=ts) for ts in range(5)))
    await line.paused()
    assert PROXY in line.status.reason
    assert (line.account.waiting, line.account.dead_lettered) == (100, 0)
    line.writer.always(None)
    line.send_now()
    await line.settled()
    assert (line.account.delivered, line.account.dead_lettered) == (100, 0)
    assert [batch.ts for batch in line.writer.batches] == [0, 1, 2, 3, 4]


async def test_an_output_that_worked_loses_nothing_either(line):
    """A proxy that begins to refuse everything after weeks is no reason to set anything aside."""
    await line.sender.add(line.output(batch_size=4))
    await line.put(make_batch(4, ts=0))
    await line.settled()
    line.writer.always(NotWritten(PROXY, Refusal.DOUBTFUL))
    await line.put(*(make_batch(4, ts=ts) for ts in range(1, 6)))
    await line.paused()
    assert (line.account.dead_lettered, line.account.waiting) == (0, 20)
    line.writer.always(None)
    line.send_now()
    await line.settled()
    assert (line.account.delivered, line.account.dead_lettered) == (24, 0)


async def test_alone_it_waits_for_others_to_tell(line):
    """Nothing else is there that could be taken: kept, and no person is called yet."""
    line.writer.always(NotWritten(PROXY, Refusal.DOUBTFUL))
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
    line.writer.always(NotWritten(PROXY, Refusal.DOUBTFUL))
    await line.sender.add(line.output(batch_size=20))
    await line.put(*(make_batch(20, ts=ts) for ts in (1, 2, 3)))
    await line.paused()
    calls = len(line.writer.calls)
    line.send_now()
    await line.writer.called(calls + 2)
    await line.paused()
    assert [call.batches[0].ts for call in line.writer.calls[calls:]] == [1, 3]
    assert line.account.waiting == 60


def only(*bad, words="no such metric here"):
    """Refuses what holds one of these times."""

    def step(batches, attempt):
        return (
            NotWritten(words, Refusal.DOUBTFUL)
            if any(batch.ts in bad for batch in batches)
            else None
        )

    return step


async def test_what_is_behind_shows_at_once_that_it_is_the_samples(line):
    """A full request of bad data, on an output that never worked: good data behind it is not held up."""
    line.writer.always(only(1))
    await line.sender.add(line.output(batch_size=6))
    await line.put(make_batch(6, ts=1), make_batch(3, ts=2), make_batch(3, ts=3))
    await line.settled()
    assert (line.account.delivered, line.account.dead_lettered) == (6, 6)
    assert {letter.reason for letter in await line.buffer.dead_letters.list()} == {
        "no such metric here"
    }
    assert [batch.ts for batch in line.writer.batches] == [2, 3]


async def test_a_stale_marker_is_no_witness_for_who_takes_none(line):
    """It would never be sent, so it shows nothing: the sample behind it is asked about."""
    line.writer.takes_stale_markers = False
    line.writer.always(only(1))
    await line.sender.add(line.output(batch_size=6))
    await line.put(make_batch(6, ts=1), make_batch(3, ts=2, stale=True), make_batch(3, ts=3))
    await line.settled()
    assert (line.account.delivered, line.account.dead_lettered) == (3, 6)
    assert [batch.ts for batch in line.writer.batches] == [3]


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
    line.send_now()
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
    line.writer.always(NotWritten("no such metric here", Refusal.DOUBTFUL))
    await line.put(*(make_batch(4, ts=ts) for ts in range(4, 8)))
    await line.paused()
    assert (line.account.dead_lettered, line.account.waiting) == (4, 16)


async def test_other_words_for_others_leave_no_doubt(line):
    """Whoever tells samples apart understands them."""

    def refuse(batches, attempt):
        return NotWritten(f"no metric of {batches[0].ts}", Refusal.DOUBTFUL)

    line.writer.always(refuse)
    await line.sender.add(line.output(batch_size=2))
    await line.put(make_batch(2, ts=1), make_batch(2, ts=2))
    await line.until(lambda: line.account.dead_lettered == 2)
    assert line.account.waiting == 2


async def test_a_witness_that_meets_an_outage_accuses_nobody(line):
    """Refused, and the one that was to show why found nobody: both are kept, and sent again."""
    line.writer.then(*[NotWritten(PROXY, Refusal.DOUBTFUL)] * 3, WriterUnavailable("gone"))
    await line.sender.add(line.output(batch_size=2))
    await line.put(make_batch(2, ts=1), make_batch(2, ts=2))
    await line.settled()
    assert (line.account.delivered, line.account.dead_lettered) == (4, 0)
    assert [batch.ts for batch in line.writer.batches] == [1, 2]


@pytest.mark.parametrize(
    "refusal",
    [
        NotWritten("out of bounds", Refusal.BAD),
        NotWritten("out of order sample", Refusal.THERE),
        Written(1, [Refused(0, row, "bad") for row in range(3)]),
    ],
    ids=["bad", "there", "named"],
)
async def test_words_about_samples_never_pause(line, refusal):
    """A backlog that is too old must not stop a fresh output: the words leave no doubt."""
    line.writer.then(*[refusal] * 5)
    await line.sender.add(line.output())
    await line.put(make_batch(3))
    await line.settled()
    assert line.account.dead_lettered == 3
    assert line.status.phase is not Phase.PAUSED


def screened(batches, attempt):
    """A writer that refuses by itself what is old, and a proxy that takes nothing of the rest."""
    if all(batch.ts < 10 for batch in batches):
        refused = [
            Refused(n, row, "too old") for n, one in enumerate(batches) for row in range(len(one))
        ]
        return Written(0, refused)
    return NotWritten(PROXY, Refusal.DOUBTFUL)


async def test_what_its_writer_refuses_says_nothing_of_a_destination(line):
    """A witness that was not even sent shows nothing: it is a dead letter, and the next one is asked."""
    line.writer.always(screened)
    await line.sender.add(line.output(batch_size=3))
    await line.put(*(make_batch(3, ts=ts) for ts in (11, 1, 2, 12)))
    await line.paused()
    assert (line.account.dead_lettered, line.account.waiting) == (6, 6)
    line.writer.always(None)
    line.send_now()
    await line.settled()
    assert (line.account.delivered, line.account.dead_lettered) == (6, 6)


async def test_a_witness_whose_samples_are_all_named_tells(line):
    """The destination was asked and spoke of each of its samples, so it understands them."""

    def refuse(batches, attempt):
        if any(batch.ts == 1 for batch in batches):
            return NotWritten("no such metric here", Refusal.DOUBTFUL)
        return Written(8, [Refused(0, row, "too old") for row in range(len(batches[0]))])

    line.writer.always(refuse)
    await line.sender.add(line.output(batch_size=3))
    await line.put(make_batch(3, ts=1), make_batch(3, ts=2))
    await line.settled()
    assert (line.account.delivered, line.account.dead_lettered) == (0, 6)


async def test_a_witness_that_is_taken_in_part_is_settled(line):
    """What is taken is delivered, and what is named becomes a dead letter: nothing comes twice."""
    line.writer.always(only(1))
    line.writer.reject(lambda record: record.ts == 2 and record.value == 1, tells=True)
    await line.sender.add(line.output(batch_size=3))
    await line.put(make_batch(3, ts=1), make_batch(3, ts=2))
    await line.settled()
    assert (line.account.delivered, line.account.dead_lettered) == (2, 4)
    assert [(record.ts, record.value) for record in line.writer.records] == [(2, 0.0), (2, 2.0)]


async def test_an_outage_amid_the_search_keeps_all(line):
    """Refused for a while, then away: nothing was ever taken, so nothing is set aside yet."""
    refusals = [NotWritten(PROXY, Refusal.DOUBTFUL)] * 4
    line.writer.then(*refusals, WriterUnavailable("gone"), NotWritten(PROXY, Refusal.DOUBTFUL))
    line.writer.always(NotWritten(PROXY, Refusal.DOUBTFUL))
    await line.sender.add(line.output())
    await line.put(*(make_batch(1, ts=ts) for ts in range(8)))
    await line.until(lambda: "others have to show" in line.status.reason)
    assert (line.account.waiting, line.account.dead_lettered) == (8, 0)
