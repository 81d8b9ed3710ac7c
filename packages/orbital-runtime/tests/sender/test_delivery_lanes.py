"""Two lanes after an outage: fresh samples first, the backlog beside them, each in order."""

from __future__ import annotations

import asyncio

import pytest

from orbital_buffer.buffer import memory_buffer
from orbital_buffer.model.limits import BufferLimits
from orbital_runtime.clock import ManualClock
from orbital_runtime.sender import DeliveryPolicy, Phase
from orbital_runtime.sender.lanes.checkpoint import Checkpoint, checkpoint_of
from orbital_runtime.sender.lanes.lanes import Lanes
from orbital_runtime.sender.pacing.throttle import Throttle
from orbital_sdk import NotWritten, Refusal, WriterMisconfigured, WriterUnavailable
from orbital_sdk.testing import RecordingWriter, make_batch

NEVER = 3600.0
FRESH = 10**6
"""From this time on a batch of these tests was collected after the outage."""


class InOrder(RecordingWriter):
    """A destination that refuses what comes late."""

    takes_old_samples = False


async def outage(lines, writer=None, *, batches=20, **policy):
    """A line after an hour without its destination; the first of its batches is on its way, and hangs."""
    line = lines(writer, batch_size=4, retry_max_interval=0.001, **policy)
    line.writer.always(WriterUnavailable("down"))
    await line.put(*(make_batch(2, ts=ts) for ts in range(batches)))
    await line.writer.called(3)
    line.clock.advance(3600)
    gate = line.writer.hang()
    await line.writer.called(len(line.writer.calls) + 1)
    line.writer.always(None)
    return line, gate


async def test_fresh_samples_pass_the_backlog(lines):
    """They go with the next request, not after an hour of old ones; and nothing is lost or sent twice."""
    line, gate = await outage(lines)
    gate.set()
    gate = line.writer.hang()
    await line.writer.called(len(line.writer.calls) + 1)
    await line.put(make_batch(2, ts=FRESH))
    assert line.status.backlog == 32
    assert line.status.lag == 0
    gate.set()
    await line.settled()
    sent = [batch.ts for batch in line.writer.batches]
    assert sent == [0, 1, 2, 3, FRESH, *range(4, 20)]
    assert (line.account.delivered, line.status.backlog) == (42, 0)


async def test_a_stop_leaves_nothing_in_hand(lines):
    """Requests of the backlog that were read already, to go out one by one, wait again after a stop."""
    line, gate = await outage(lines, backlog_rate=1.0)
    gate.set()
    await line.writer.received(6)
    await line.reaches(Phase.WAITING)
    await line.delivery.stop()
    waiting = line.buffer.waiting("out")
    assert line.buffer.unsent("out").samples == waiting > 4


async def test_what_goes_out_is_noted(lines):
    """Before each request: where the lanes part, how much of each is on its way, and that it is in doubt."""
    line = lines(batch_size=4)
    line.writer.hang()
    await line.put(make_batch(2), make_batch(2))
    await line.writer.called(1)
    await line.put(make_batch(2))
    size = 4, 4 * 8
    assert checkpoint_of(line.buffer.noted("out")) == Checkpoint(0, size, None, ((1, 3),))
    line, gate = await outage(lines)
    gate.set()
    line.writer.hang()
    await line.writer.called(len(line.writer.calls) + 1)
    cut = checkpoint_of(line.buffer.noted("out"))
    assert (cut.edge, cut.backlog, cut.fresh) == (21, (36, 36 * 8), None)
    assert cut.doubtful == ((3, 5),)


async def test_the_backlog_tells_when_it_will_be_gone():
    """At its pace so far: nothing before the first request, then the time that went for what is done."""
    clock = ManualClock()
    buffer = memory_buffer(BufferLimits(samples=None, size=None), clock)
    buffer.attach("a")
    await buffer.append([make_batch(2, ts=ts) for ts in range(20)])
    clock.advance(3600)
    lanes = Lanes("a", buffer, DeliveryPolicy(), old_samples=True)
    assert lanes.status(100.0) == (3600, 0, None)
    assert lanes.turn(100.0, 4, urgent=False).lane is lanes.backlog
    assert lanes.status(105.0) == (0, 40, None)
    chunk = await lanes.read(lanes.backlog, 105.0, 4)
    lanes.delivered(lanes.backlog, chunk.samples, 4, too_large=False)
    assert lanes.status(110.0) == (0, 36, 36 * 10 / 4)
    lanes.close()
    await buffer.close()


async def test_what_came_last_is_fresh_too(lines):
    """What was collected in the last flush interval does not wait behind the hour before it."""
    line, gate = await outage(lines, flush_interval=20.0)
    await line.put(make_batch(2, ts=FRESH))
    gate.set()
    gate = line.writer.hang()
    await line.writer.called(len(line.writer.calls) + 1)
    assert line.status.backlog == 32
    gate.set()
    assert await line.delivery.drain()
    assert line.account.delivered == 42


async def test_a_strict_destination_gets_one_lane(lines):
    """Prometheus refuses what is older than what it has, so everything comes in the order of collection."""
    line, gate = await outage(lines, InOrder())
    await line.put(make_batch(2, ts=FRESH))
    gate.set()
    await line.settled()
    assert [batch.ts for batch in line.writer.batches] == [*range(20), FRESH]


async def test_a_short_wait_makes_no_lanes(lines):
    """A few failed requests, or few samples however old, are caught up with in order."""
    for batches, seconds in ((20, 50), (2, 3600)):
        line = lines(batch_size=4, retry_max_interval=0.001)
        line.writer.always(WriterUnavailable("down"))
        await line.put(*(make_batch(2, ts=ts) for ts in range(batches)))
        await line.writer.called(3)
        line.clock.advance(seconds)
        await line.put(make_batch(2, ts=FRESH))
        line.writer.always(None)
        await line.settled()
        assert [batch.ts for batch in line.writer.batches] == [*range(batches), FRESH]


async def test_a_late_fresh_lane_goes_first_and_then_gives_way(lines):
    """Full fresh requests go before the backlog, all of them; one that is not full lets it have a turn."""
    line, gate = await outage(lines)
    gate.set()
    gate = line.writer.hang()  # the first of the backlog
    await line.writer.called(len(line.writer.calls) + 1)
    await line.put(*(make_batch(2, ts=FRESH + n) for n in range(5)))
    gate.set()
    await line.settled()
    sent = [batch.ts for batch in line.writer.batches]
    fresh = [FRESH + n for n in range(5)]
    assert sent == [0, 1, 2, 3, *fresh[:4], 4, 5, fresh[4], *range(6, 20)]


async def test_the_backlog_keeps_to_its_rate(lines):
    """No request is larger than a second's worth, the next one waits, and fresh samples do not."""
    line, gate = await outage(lines, backlog_rate=2.0)
    gate.set()
    await line.writer.received(6)
    calls = len(line.writer.calls)
    await line.put(make_batch(2, ts=FRESH))
    await line.writer.received(8)
    assert [batch.ts for batch in line.writer.batches] == [0, 1, 2, FRESH]
    assert len(line.writer.calls) == calls + 1
    assert line.status.backlog == 34
    assert line.status.backlog_seconds is not None
    assert line.status.backlog_seconds > 0
    assert await line.delivery.drain()  # a flush is not held back
    assert line.account.delivered == 42


async def test_a_chunk_comes_again_as_it_was_in_its_lane(lines):
    """Both lanes may have sent something whose fate is unknown: each comes again under its own token."""
    line, gate = await outage(lines)
    gate.set()
    line.writer.then(WriterUnavailable("reset"))  # the first of the backlog
    await line.reaches(Phase.BACKING_OFF)
    await line.put(make_batch(2, ts=FRESH), make_batch(2, ts=FRESH + 1))
    line.writer.then(WriterUnavailable("reset"))  # the fresh one
    await line.put(make_batch(2, ts=FRESH + 2))
    await line.settled()
    tokens = {}
    for call in line.writer.calls:
        for batch in call.batches:
            tokens.setdefault(batch.ts, set()).add(call.attempt.token)
    assert {ts for ts, names in tokens.items() if len(names) > 1} == set()
    assert sorted(batch.ts for batch in line.writer.batches) == [
        *range(20), FRESH, FRESH + 1, FRESH + 2,
    ]  # fmt: skip


class Fussy(RecordingWriter):
    """Answers 500 to one batch, for ever."""

    async def write(self, batches, attempt):
        if any(batch.ts == 7 for batch in batches):
            raise WriterUnavailable("500: label name is not unique")
        return await super().write(batches, attempt)


async def test_bad_data_in_the_backlog_does_not_stop_fresh_samples(lines):
    """A 500 for old samples is traced to them although fresh ones pass between: lanes count on their own."""
    line, gate = await outage(lines, Fussy())
    gate.set()
    for n in range(30):
        await line.put(make_batch(2, ts=FRESH + n))
        await line.writer.received(4 + 2 * (n + 1))
    await line.settled()
    assert line.account.dead_lettered == 2
    sent = [batch.ts for batch in line.writer.batches]
    assert [ts for ts in sent if ts < FRESH] == [*range(7), *range(8, 20)]


async def test_a_refused_backlog_is_dead_lettered_while_fresh_samples_pass(lines):
    """The destination shows with fresh samples that it works: no pause for what it will not take."""
    line, gate = await outage(lines, pause_retry=0.01)
    line.writer.reject(lambda record: record.ts < FRESH)
    await line.put(make_batch(2, ts=FRESH))
    gate.set()
    await line.settled()
    assert line.account.delivered == 2
    assert line.account.dead_lettered == 40


async def test_a_second_outage_moves_the_edge(lines):
    """What was fresh and waited joins the backlog, behind it: each lane is in order, nothing comes twice."""
    line, gate = await outage(lines)
    gate.set()
    gate = line.writer.hang()
    await line.writer.called(len(line.writer.calls) + 1)
    line.writer.always(WriterUnavailable("down again"))
    await line.put(*(make_batch(2, ts=FRESH + n) for n in range(4)))
    gate.set()
    await line.reaches(Phase.BACKING_OFF)
    line.clock.advance(3600)
    await line.put(make_batch(2, ts=2 * FRESH))
    line.writer.always(None)
    await line.settled()
    sent = [batch.ts for batch in line.writer.batches]
    assert len(sent) == len(set(sent)) == 25
    assert [ts for ts in sent if ts < FRESH] == list(range(20))
    fresh = [ts for ts in sent if ts >= FRESH]
    assert fresh == sorted(fresh)
    assert line.account.delivered == 50


async def test_a_paused_output_is_one_output(lines):
    """401 in one lane pauses both: a server that says no is not asked twice."""
    line, gate = await outage(lines, pause_retry=NEVER)
    gate.set()
    line.writer.then(WriterMisconfigured("401"))
    await line.reaches(Phase.PAUSED)
    calls = len(line.writer.calls)
    await line.put(make_batch(2, ts=FRESH))
    await asyncio.sleep(0.02)
    assert len(line.writer.calls) == calls
    line.delivery.send_now()
    await line.settled()
    assert line.account.delivered == 42


async def test_a_drain_sends_both_lanes(lines):
    """At stop nothing is left behind in either."""
    line, gate = await outage(lines, flush_interval=NEVER)
    gate.set()
    await line.put(make_batch(2, ts=FRESH))
    assert await line.delivery.drain()
    assert line.account.delivered == 42


async def test_what_is_unknown_is_known_by_batch(lines):
    """A fresh request with an unknown outcome says nothing of the backlog: a duplicate there is refused."""
    line, gate = await outage(lines)
    gate.set()
    gate = line.writer.hang()  # the first of the backlog
    await line.writer.called(len(line.writer.calls) + 1)
    await line.put(make_batch(2, ts=FRESH))
    again = NotWritten("is there already", Refusal.THERE)
    halves = (again, again, again)  # of the backlog, down to one sample
    line.writer.then(WriterUnavailable("reset"), again, *halves)
    gate.set()
    await line.settled()
    assert (line.account.dead_lettered, line.account.delivered) == (1, 41)


def test_a_throttle_spreads_samples():
    """Pure: so many a second, in requests of a second's worth; None is not a limit."""
    throttle = Throttle(100)
    assert throttle.most(6000) == 100
    assert throttle.held(5.0) <= 0
    throttle.spend(100, 5.0)
    throttle.spend(50, 5.0)
    assert throttle.held(5.0) == pytest.approx(1.5)
    assert throttle.held(6.5) == pytest.approx(0.0)
    free = Throttle(None)
    free.spend(10**9, 1.0)
    assert (free.most(6000), free.held(1.0) <= 0) == (6000, True)
