"""Delivery to one output: when it sends and how much, what it counts, and how it stops."""

from __future__ import annotations

import asyncio
import threading

from orbital_buffer.model.limits import BufferLimits
from orbital_runtime.sender import Phase
from orbital_sdk import Writer, WriterConfig, WriterUnavailable, Written
from orbital_sdk.testing import RecordingWriter, make_batch

NEVER = 3600.0


async def test_the_first_samples_are_sent_at_once(lines):
    """Whoever starts an agent sees at once whether samples arrive; what follows is gathered."""
    line = lines(flush_interval=NEVER)
    await line.put(make_batch(1, ts=1))
    await line.writer.received(1)
    await line.settled()
    await line.put(make_batch(1, ts=2))
    await line.reaches(Phase.WAITING)
    await asyncio.sleep(0.01)
    assert (len(line.writer.calls), line.status.waiting) == (1, 1)


async def test_a_full_request_is_sent_at_once(lines):
    """So many samples go without waiting for the flush interval; fewer wait."""
    line = lines(batch_size=6, flush_interval=NEVER)
    await line.begun()
    await line.put(make_batch(3))
    await asyncio.sleep(0.01)
    assert len(line.writer.calls) == 1
    assert (line.status.phase, line.status.waiting) == (Phase.WAITING, 3)
    await line.put(make_batch(3))
    await line.writer.received(7)
    assert len(line.writer.calls) == 2


async def test_few_samples_go_after_the_flush_interval(lines):
    """A small agent's samples arrive too, together, when the oldest has waited long enough."""
    line = lines(batch_size=1000, flush_interval=0.05)
    await line.begun()
    for ts in range(3):
        await line.put(make_batch(1, ts=ts))
    await line.writer.received(4)
    assert len(line.writer.calls) == 2


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


async def test_a_stop_leaves_no_thread_behind(lines):
    """A `def stop` runs on the thread that wrote, whose connection it may close; the thread ends with it."""

    class Plain(Writer[WriterConfig]):
        name = "plain"
        threads = []  # noqa: RUF012 (of one test)

        def write(self, batches, attempt):
            self.threads.append(threading.current_thread())
            return Written(0)

        def stop(self):
            self.threads.append(threading.current_thread())

    line = lines(Plain(WriterConfig()))
    await line.put(make_batch(1))
    await line.settled()
    await line.delivery.stop()
    wrote, stopped = Plain.threads
    assert wrote is stopped
    await asyncio.to_thread(stopped.join, 10)
    assert not stopped.is_alive()


async def test_stale_markers_go_only_to_those_who_want_them(lines, caplog):
    """Other writers never see them, nothing waits because of them, and markers alone are no failure."""

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
    assert (plain.status.reason, caplog.messages) == ("", [])


async def test_samples_dropped_in_flight_are_not_counted_twice(lines):
    """The policy dropped them while they were being sent; that the send succeeded later changes nothing."""
    line = lines(limits=BufferLimits(samples=10, size=None))
    gate = line.writer.hang()
    await line.put(make_batch(8))
    await line.writer.called(1)
    await line.put(make_batch(8))
    gate.set()
    await line.settled()
    assert line.account.dropped == {"full": 8}
    assert (line.account.accepted, line.account.delivered, line.account.waiting) == (16, 8, 0)


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
    await asyncio.wait_for(line.delivery.stop(), timeout=60)
    assert "output out did not close" in caplog.text
