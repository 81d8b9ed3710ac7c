"""Delivery to an output that is away, misconfigured, hung or broken: nothing is lost, and it goes on."""

from __future__ import annotations

import asyncio
import threading

import pytest

from orbital_buffer.model.limits import BufferLimits
from orbital_runtime.sender import Phase, State
from orbital_sdk import (
    ConfigurationError,
    Writer,
    WriterConfig,
    WriterMisconfigured,
    WriterUnavailable,
    Written,
)
from orbital_sdk.testing import RecordingWriter, make_batch

NEVER = 3600.0


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
    line.delivery.send_now()
    await line.writer.received(1)
    await line.settled()
    assert line.status.until_ms is None


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
    line.delivery.send_now()
    await line.writer.called(4)
    assert line.status.breaker is State.HALF_OPEN
    status = line.status
    assert (status.phase, status.reason) == (Phase.DELIVERING, "down")  # told until it works
    line.writer.always(None)
    gate.set()
    await line.settled()
    assert (line.status.breaker, line.status.reason) == (State.CLOSED, "")
    assert line.account.delivered == 20


async def test_who_waits_for_an_output_sees_whether_it_flows(lines):
    """A request on its way is worth waiting for; one that failed, and a pause, are not."""
    line = lines(retry_interval=NEVER)
    gate = line.writer.hang()
    await line.put(make_batch(2))
    await line.writer.called(1)
    before = line.status
    assert before.flows_since(before)
    line.writer.then(WriterUnavailable("down"))
    gate.set()
    await line.settled()
    assert line.status.flows_since(before)  # they left
    await line.put(make_batch(2))
    await line.reaches(Phase.BACKING_OFF)
    failed = line.status
    assert not failed.flows_since(failed)


async def test_a_chunk_that_aged_out_while_backing_off_is_let_go(lines, caplog):
    """After an outage longer than the age limit, delivery goes on with what is there."""
    line = lines(limits=BufferLimits(samples=None, size=None, age=60), retry_interval=NEVER)
    line.writer.then(WriterUnavailable("down"))
    await line.put(make_batch(3))
    await line.reaches(Phase.BACKING_OFF)
    line.clock.advance(100)
    await line.put(make_batch(2))
    line.delivery.send_now()
    await line.writer.received(2)
    await line.settled()
    assert (line.account.delivered, line.account.dropped) == (2, {"age": 3})
    assert "Traceback" not in caplog.text


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


async def test_a_pause_closes_the_breaker(lines):
    """Who says 401 is there: what follows the pause is not a probe."""
    line = lines(pause_retry=NEVER, breaker_failures=1, breaker_reset=NEVER)
    line.writer.then(WriterUnavailable("down"), WriterMisconfigured("401"))
    await line.put(make_batch(5))
    await line.reaches(Phase.BACKING_OFF)
    assert line.status.breaker is State.OPEN
    line.delivery.send_now()
    await line.reaches(Phase.PAUSED)
    assert line.status.breaker is State.CLOSED


async def test_a_configuration_error_pauses_too(lines):
    """However the writer says that a person has to act, nothing is dropped."""
    line = lines(pause_retry=NEVER)
    line.writer.then(ConfigurationError("no such database"))
    await line.put(make_batch(5))
    await line.reaches(Phase.PAUSED)
    assert line.status.reason == "no such database"
    assert line.status.until_ms == line.clock.utc_ms() + 3_600_000
    line.delivery.send_now()
    await line.writer.received(5)
    await line.settled()
    assert line.status.until_ms is None


async def test_a_writer_that_does_not_start_pauses(lines):
    """B-19's cousin: a writer that cannot start loses nothing, and is started again later."""

    class Picky(RecordingWriter):
        async def start(self, host):
            await super().start(host)
            if self.started < 3:
                raise ConfigurationError("the certificate is missing")

    line = lines(Picky(), pause_retry=0.01)
    await line.put(make_batch(2))
    await line.reaches(Phase.PAUSED)
    assert line.status.reason == "did not start: the certificate is missing"
    await line.writer.received(2)
    assert line.writer.started == 3


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
            return Written(0)
        self.stored += sum(batch.samples for batch in batches)
        return Written(1)


async def test_a_write_that_hangs_does_not_hang_the_delivery(lines):
    """The thread is left behind and counted, and the samples go out on another."""
    writer = Hanging(2)
    line = lines(writer, timeout=0.05)
    await line.put(make_batch(4))
    await line.settled()
    assert line.account.delivered == 4
    assert line.status.errors["timeout"] >= 2  # more where a thread of a busy machine took so long
    assert line.status.stuck == 2
    writer.release.set()


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


class Wild(Writer[WriterConfig]):
    """Raises what is no `Exception`, once each at its start and in a write; then it works."""

    name = "wild"

    def __init__(self, raised):
        super().__init__(WriterConfig())
        self.raised, self.stored = [raised] * 2, 0

    async def start(self, host):
        if len(self.raised) == 2:
            raise self.raised.pop()

    async def stop(self):
        raise KeyboardInterrupt


class WildAsync(Wild):
    async def write(self, batches, attempt):
        return self.take(batches)

    def take(self, batches):
        if self.raised:
            raise self.raised.pop()
        self.stored += sum(batch.samples for batch in batches)
        return Written(1)


class WildThread(WildAsync):
    def write(self, batches, attempt):
        return self.take(batches)


@pytest.mark.parametrize("writer", [WildAsync, WildThread])
@pytest.mark.parametrize(
    "raised", [KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError]
)
async def test_what_is_no_exception_ends_no_delivery(lines, writer, raised):
    """Gevent's time-outs, `sys.exit()`, a `CancelledError` of its own: a bug as any other."""
    line = lines(writer(raised()), pause_retry=0.01)
    await line.put(make_batch(3))
    await line.settled()
    assert line.writer.stored == line.account.delivered == 3
    assert line.status.errors == {"bug": 1}
    assert f"a bug in writer 'wild': {raised.__name__}()" in line.status.last_error


async def test_a_failing_runtime_backs_off(lines):
    """What went wrong here is told, and tried again after a while as any failure."""
    line = lines(retry_interval=NEVER, retry_max_interval=NEVER)

    async def broken(*args, **kwargs):
        raise OSError("disk")

    line.buffer.acknowledge = broken
    await line.put(make_batch(2))
    await line.reaches(Phase.BACKING_OFF)
    assert line.status.reason == "OSError: disk"
    assert line.status.until_ms == line.clock.utc_ms() + 3_600_000


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
