"""Delivery to one output: when it sends, and what it does with each kind of answer."""

from __future__ import annotations

import asyncio
import threading

import pytest

from orbital_runtime.buffer import Limits, MemoryBuffer
from orbital_runtime.clock import ManualClock
from orbital_runtime.sender import DeliveryPolicy, MemoryDeadLetters, Output, Phase, State
from orbital_runtime.sender.delivery import GROW_AFTER, Delivery
from orbital_sdk import (
    BatchRejected,
    BatchTooLarge,
    ConfigurationError,
    Reject,
    Writer,
    WriterConfig,
    WriterMisconfigured,
    WriterUnavailable,
)
from orbital_sdk.testing import RecordingWriter, make_batch

NEVER = 3600.0
QUICK = {"flush_interval": 0.0, "retry_interval": 0.001, "breaker_reset": 0.001}


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 (phases and positions change without an event)
            await asyncio.sleep(0.001)


class Line:
    """A buffer and one delivery behind it."""

    def __init__(self, writer=None, *, limits=None, chance=1.0, **policy):
        self.clock = ManualClock()
        self.buffer = MemoryBuffer(limits or Limits(samples=None, size=None), self.clock)
        self.buffer.attach("out")
        self.writer = writer or RecordingWriter()
        self.letters = MemoryDeadLetters()
        self.delivery = Delivery(
            Output("out", self.writer, DeliveryPolicy(**{**QUICK, **policy})),
            self.buffer,
            clock=self.clock,
            dead_letters=self.letters,
            chance=lambda: chance,
        )
        self.delivery.start()

    @property
    def account(self):
        return self.buffer.ledger.account("out")

    @property
    def status(self):
        return self.delivery.status()

    async def put(self, *batches):
        await self.buffer.append(batches)

    async def reaches(self, phase):
        await until(lambda: self.status.phase is phase)

    async def settled(self):
        """Return when nothing waits any more."""
        await until(lambda: not self.buffer.waiting("out"))

    async def end(self):
        await self.delivery.stop()
        await self.buffer.close()


@pytest.fixture
async def lines():
    """Makes lines, and stops them at the end."""
    made = []

    def make(*args, **kwargs):
        made.append(Line(*args, **kwargs))
        return made[-1]

    yield make
    for line in made:
        await line.end()


async def test_a_full_request_is_sent_at_once(lines):
    """So many samples go without waiting for the flush interval; fewer wait."""
    line = lines(batch_size=6, flush_interval=NEVER)
    await line.put(make_batch(3))
    await asyncio.sleep(0.01)
    assert line.writer.calls == []
    assert (line.status.phase, line.status.waiting) == (Phase.WAITING, 3)
    await line.put(make_batch(3))
    await line.writer.received(6)
    assert len(line.writer.calls) == 1


async def test_few_samples_go_after_the_flush_interval(lines):
    """A small agent's samples arrive too, together, when the oldest has waited long enough."""
    line = lines(batch_size=1000, flush_interval=0.05)
    for ts in range(3):
        await line.put(make_batch(1, ts=ts))
    await line.writer.received(3)
    assert len(line.writer.calls) == 1


async def test_a_backlog_goes_in_full_requests(lines):
    """Oldest first, each as large as agreed, one after the other; what is acknowledged is gone."""
    line = lines(batch_size=4)
    await line.put(*(make_batch(2, ts=ts) for ts in range(10)))
    await line.writer.received(20)
    await line.settled()
    assert [call.samples for call in line.writer.calls] == [4] * 5
    assert [batch.ts for batch in line.writer.batches] == list(range(10))
    assert (line.account.delivered, line.account.waiting) == (20, 0)
    assert line.buffer.usage().batches == 0


async def test_unavailable_destinations_lose_nothing(lines):
    """The same batches come again under the same token, marked as repeated, before anything newer."""
    line = lines()
    line.writer.then(WriterUnavailable("503"), WriterUnavailable("503"))
    await line.put(make_batch(2, ts=1), make_batch(2, ts=2))
    await line.writer.called(1)
    await line.put(make_batch(2, ts=3))
    await line.writer.received(6)
    await line.settled()
    first, second, third, fourth = line.writer.calls
    assert first.attempt.token == second.attempt.token == third.attempt.token
    assert [call.attempt.number for call in line.writer.calls] == [1, 2, 3, 1]
    assert [batch.ts for batch in fourth.batches] == [3]
    assert (line.status.retries, line.status.errors) == (2, {"unavailable": 2})
    assert line.status.last_error == "503"


async def test_retry_after_is_obeyed(lines):
    """The destination said when to come back; until then nothing is sent, whatever the backoff says."""
    line = lines(chance=0.0)
    line.writer.then(WriterUnavailable("429", retry_after=120.0))
    await line.put(make_batch(1))
    await line.reaches(Phase.BACKING_OFF)
    assert line.status.until_ms == line.clock.utc_ms() + 120_000
    assert line.status.reason == "429"
    await asyncio.sleep(0.01)
    assert len(line.writer.calls) == 1
    line.delivery.hurry()
    await line.writer.received(1)


async def test_the_breaker_opens_and_one_probe_closes_it(lines):
    """After so many failures the destination is left alone; then one request decides."""
    line = lines(breaker_failures=3, breaker_reset=NEVER)
    line.writer.always(WriterUnavailable("down"))
    await line.put(*(make_batch(1, ts=ts) for ts in range(20)))
    await line.writer.called(3)
    await line.reaches(Phase.BACKING_OFF)
    assert line.status.breaker is State.OPEN
    assert line.status.until_ms == line.clock.utc_ms() + 3_600_000
    gate = line.writer.hang()
    line.delivery.hurry()
    await line.writer.called(4)
    assert line.status.breaker is State.HALF_OPEN
    line.writer.always(None)
    gate.set()
    await line.settled()
    assert line.status.breaker is State.CLOSED
    assert line.account.delivered == 20


async def test_misconfigured_outputs_pause_and_keep_everything(lines):
    """401, 403, 404 and their like: nothing is dropped, the reason is shown, and it is tried again."""
    line = lines(pause_retry=0.02, breaker_failures=1, breaker_reset=NEVER)
    line.writer.then(WriterMisconfigured("401 Unauthorized: check the token"))
    await line.put(make_batch(5))
    await line.reaches(Phase.PAUSED)
    assert line.status.reason == "401 Unauthorized: check the token"
    assert line.account.waiting == 5
    await line.writer.received(5)
    await line.settled()
    assert line.status.reason == ""
    assert line.status.errors == {"misconfigured": 1}


async def test_a_configuration_error_pauses_too(lines):
    """However the writer says that a person has to act, nothing is dropped."""
    line = lines(pause_retry=NEVER)
    line.writer.then(ConfigurationError("no such database"))
    await line.put(make_batch(5))
    await line.reaches(Phase.PAUSED)
    assert line.status.reason == "no such database"
    line.delivery.hurry()
    await line.writer.received(5)


async def test_too_large_requests_are_halved_and_the_size_is_learned(lines):
    """A 413 costs a few requests once, not at every chunk; a batch larger than that is cut by rows."""
    line = lines(batch_size=100)
    biggest = 10

    def limited(batches, attempt):
        if sum(len(batch) for batch in batches) > biggest:
            raise BatchTooLarge("413")

    line.writer.always(limited)
    await line.put(*(make_batch(5, ts=ts) for ts in range(20)))
    await line.settled()
    failed = line.status.errors["too_large"]
    await line.put(*(make_batch(5, ts=ts) for ts in range(20, 60)), make_batch(35, ts=60))
    await line.settled()
    assert line.account.delivered == 335
    assert line.status.errors["too_large"] <= failed + 3
    assert [record.value for record in line.writer.records[-35:]] == [float(n) for n in range(35)]


async def test_refused_samples_are_isolated(lines):
    """One bad sample of 5,000: it becomes a dead letter with the server's words, the rest arrives."""
    line = lines(batch_size=6000)
    line.writer.reject(lambda record: record.ts == 7 and record.name == "metric_123")
    await line.put(*(make_batch(250, ts=ts) for ts in range(20)))
    await line.settled()
    assert (line.account.delivered, line.account.dead_lettered) == (4999, 1)
    (letter,) = line.letters.list()
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


async def test_listed_rejects_cost_no_further_request(lines):
    """Where the server tells which samples it refused, the others count as delivered at once."""
    line = lines(batch_size=100)
    line.writer.reject(lambda record: record.value == 3, tells=True)
    await line.put(make_batch(5, ts=1), make_batch(5, ts=2, times=[10, 11, 12, 13, 14]))
    await line.settled()
    assert len(line.writer.calls) == 1
    assert [letter.ts for letter in line.letters.list()] == [13, 1]
    assert (line.account.delivered, line.account.dead_lettered) == (8, 2)


async def test_b25_a_bad_request_is_not_retried_for_ever(lines):
    """B-25: the older sentinel sent a 400 again and again, and everything waited behind it."""
    line = lines(batch_size=50, bisect_requests=20)
    line.writer.reject(lambda record: record.ts == 1)
    await line.put(make_batch(50, ts=1), make_batch(50, ts=2))
    await line.settled()
    assert (line.account.delivered, line.account.dead_lettered) == (50, 50)
    assert len(line.writer.calls) < 40
    assert line.status.retries == 0


async def test_duplicates_after_a_lost_answer_are_deliveries(lines):
    """Stored, then the answer was lost: the retry is told `duplicate`, and the samples count as delivered."""
    line = lines()
    line.writer.then(WriterUnavailable("connection reset"), BatchRejected("dup", duplicate=True))
    await line.put(make_batch(4))
    await line.settled()
    assert (line.account.delivered, line.account.dead_lettered) == (4, 0)


async def test_duplicates_at_the_first_attempt_are_refusals(lines):
    """Nobody sent these before: they are dead letters, with the server's words."""
    line = lines()
    line.writer.always(BatchRejected("out of order sample", duplicate=True))
    await line.put(make_batch(2))
    await line.settled()
    assert [letter.reason for letter in line.letters.list()] == ["out of order sample"] * 2


async def test_b32_counts_do_not_count_retries_as_samples(lines):
    """B-32: the older sentinel's failure counter counted the same samples at every retry."""
    line = lines()
    line.writer.then(*[WriterUnavailable("down")] * 4)
    await line.put(make_batch(10))
    await line.settled()
    status = line.status
    assert (status.sent_samples, status.requests, status.retries) == (10, 5, 4)
    assert status.errors == {"unavailable": 4}
    assert (line.account.accepted, line.account.delivered) == (10, 10)
    assert status.sent_bytes == 80
    assert status.last_success_ms == line.clock.utc_ms()


async def test_a_bug_in_a_writer_loses_nothing(lines, caplog):
    """Any foreign exception: kept, tried again, counted, and its traceback is logged once."""
    line = lines()
    line.writer.then(*[KeyError("oops")] * 5)
    await line.put(make_batch(3))
    await line.settled()
    assert line.status.errors == {"bug": 5}
    assert "a bug in writer 'recording': KeyError('oops')" in line.status.last_error
    assert caplog.text.count("Traceback") == 1
    assert line.account.delivered == 3


@pytest.mark.parametrize("reject", [Reject(5, 0, "x"), Reject(0, 9, "x"), Reject(-1, 0, "x")])
async def test_rows_that_were_never_given_are_a_bug_of_the_writer(lines, reject):
    """A writer that refuses what it was not given refuses nothing: the samples stay and go out later."""
    line = lines()
    line.writer.then(BatchRejected("?", rejects=[reject]))
    await line.put(make_batch(2))
    await line.settled()
    assert (line.account.delivered, line.account.dead_lettered) == (2, 0)
    assert line.status.errors == {"bug": 1}


async def test_what_was_delivered_before_an_outage_is_not_sent_again(lines):
    """The destination went away in the middle of bisecting: only what was left comes again."""
    line = lines(batch_size=100)
    calls = 0

    def fails_at_third(batches, attempt):
        nonlocal calls
        calls += 1
        if calls == 1:
            raise BatchRejected("something is bad")
        if calls == 3:
            raise WriterUnavailable("gone")

    line.writer.always(fails_at_third)
    await line.put(*(make_batch(1, ts=ts) for ts in range(8)))
    await line.settled()
    assert sorted(record.ts for record in line.writer.records) == list(range(8))
    assert line.account.delivered == 8


async def test_stale_markers_go_only_to_those_who_want_them(lines):
    """Other writers never see them, and nothing waits because of them."""

    class Plain(RecordingWriter):
        takes_stale_markers = False

    markers, plain = lines(), lines(Plain())
    for line in (markers, plain):
        await line.put(make_batch(2), make_batch(2, stale=True))
        await line.writer.received(2)
        assert await line.delivery.drain()
        assert line.account.delivered == 2
        assert line.buffer.usage().batches == 0
    assert [batch.stale for batch in markers.writer.batches] == [False, True]
    assert [batch.stale for batch in plain.writer.batches] == [False]
    await plain.put(make_batch(2, stale=True))
    assert await plain.delivery.drain()
    assert len(plain.writer.calls) == 1


async def test_refused_stale_markers_are_no_dead_letters(lines):
    """A marker is not a sample: nobody misses a refused one, and the ledger never knew it."""
    line = lines()
    line.writer.reject(lambda record: record.stale)
    await line.put(make_batch(2), make_batch(2, stale=True))
    assert await line.delivery.drain()
    assert line.letters.count() == 0
    assert (line.account.delivered, line.account.dead_lettered) == (2, 0)


async def test_a_destination_that_wanted_less_is_offered_more_again(lines):
    """After a hundred chunks that went through, requests may be larger again; a proxy may be gone."""
    line = lines(batch_size=8)
    line.writer.then(BatchTooLarge("413"))
    await line.put(*(make_batch(1) for _ in range(4 * GROW_AFTER + 20)))
    await line.settled()
    sizes = [call.samples for call in line.writer.calls]
    assert sizes[:3] == [8, 4, 4]
    assert set(sizes[3:100]) == {4}
    assert sizes[-2] == 8


async def test_samples_dropped_in_flight_are_not_counted_twice(lines):
    """The policy dropped them while they were being sent; that the send succeeded later changes nothing."""
    line = lines(limits=Limits(samples=10, size=None))
    gate = line.writer.hang()
    await line.put(make_batch(8))
    await line.writer.called(1)
    await line.put(make_batch(8))
    gate.set()
    await line.settled()
    assert line.account.dropped == {"full": 8}
    assert (line.account.accepted, line.account.delivered, line.account.waiting) == (16, 8, 0)


async def test_a_chunk_that_aged_out_while_backing_off_is_let_go(lines):
    """After an outage longer than the age limit, delivery goes on with what is there."""
    line = lines(limits=Limits(samples=None, size=None, age=60), retry_interval=NEVER)
    line.writer.then(WriterUnavailable("down"))
    await line.put(make_batch(3))
    await line.reaches(Phase.BACKING_OFF)
    line.clock.advance(100)
    await line.put(make_batch(2))
    line.delivery.hurry()
    await line.writer.received(2)
    await line.settled()
    assert (line.account.delivered, line.account.dropped) == (2, {"age": 3})


class Hanging(Writer[WriterConfig]):
    """A `def` writer whose first writes never return until the test ends."""

    name = "hanging"

    def __init__(self, hangs):
        super().__init__(WriterConfig())
        self.hangs, self.stored, self.release = hangs, 0, threading.Event()

    def write(self, batches, attempt):
        if self.hangs:
            self.hangs -= 1
            self.release.wait(60)
            return 0
        self.stored += sum(batch.samples for batch in batches)
        return 1


async def test_a_write_that_hangs_does_not_hang_the_delivery(lines):
    """The thread is left behind and counted, and the samples go out on another."""
    writer = Hanging(2)
    line = lines(writer, timeout=0.02)
    await line.put(make_batch(4))
    await line.settled()
    assert writer.stored == 4
    assert line.status.errors == {"timeout": 2}
    assert line.status.stuck == 2
    writer.release.set()


async def test_a_writer_that_does_not_start_pauses(lines):
    """B-19's cousin: a writer that cannot start loses nothing, and is started again later."""

    class Picky(RecordingWriter):
        async def start(self):
            await super().start()
            if self.started < 3:
                raise ConfigurationError("the certificate is missing")

    line = lines(Picky(), pause_retry=0.01)
    await line.put(make_batch(2))
    await line.reaches(Phase.PAUSED)
    assert line.status.reason == "did not start: the certificate is missing"
    await line.writer.received(2)
    assert line.writer.started == 3


async def test_a_failing_runtime_goes_on(lines, caplog):
    """Whatever goes wrong here, a delivery never dies: it is logged, and tried again."""
    line = lines()
    acknowledge, failures = line.buffer.acknowledge, [OSError("disk")]

    async def broken(*args, **kwargs):
        if failures:
            raise failures.pop()
        await acknowledge(*args, **kwargs)

    line.buffer.acknowledge = broken
    await line.put(make_batch(2))
    await line.writer.received(2)
    await line.writer.received(4)  # the two were not acknowledged, so they came again
    await line.settled()
    assert "delivery to output out failed" in caplog.text
    assert line.account.delivered == line.status.sent_samples == 2


async def test_stopping_puts_back_what_was_in_flight(lines):
    """A delivery that is stopped in the middle of a write leaves its batches waiting, in order."""
    line = lines()
    line.writer.hang()
    await line.put(make_batch(2, ts=1), make_batch(2, ts=2))
    await line.writer.called(1)
    await line.delivery.stop()
    chunk = await line.buffer.read("out", samples=100, size=1 << 20)
    assert [entry.batch.ts for entry in chunk.entries] == [1, 2]
    assert line.status.phase is Phase.STOPPED
    assert line.writer.stopped == 1


async def test_a_writer_that_does_not_close_is_not_waited_for(lines, caplog):
    """Stopping is bounded, whatever a writer does."""

    class Clinging(RecordingWriter):
        async def stop(self):
            await asyncio.Event().wait()

    line = lines(Clinging(), timeout=0.02)
    await asyncio.wait_for(line.delivery.stop(), timeout=10)
    assert "output out did not close" in caplog.text
