"""What a flush and a stop still deliver, how long they take at most, and what they say."""

from __future__ import annotations

import asyncio
import logging

from orbital_buffer.commit import Committer
from orbital_runtime.sender import Phase
from orbital_sdk import (
    WriterMisconfigured,
    WriterUnavailable,
)
from orbital_sdk.testing import RecordingWriter, make_batch

from .conftest import output, until

NEVER = 3600.0


async def test_flush_does_not_wait_for_the_interval(buffer, sender):
    """`run --once` and stop send at once what waits, however few samples that are."""
    writer = RecordingWriter()
    await sender.add(output("a", writer, flush_interval=NEVER, batch_size=4))
    await buffer.append([make_batch(3)])
    await writer.received(3)  # the first waits for no others
    await buffer.append([make_batch(3)])
    await asyncio.sleep(0.01)
    assert writer.samples == 3
    await buffer.append([make_batch(3)])
    assert await sender.flush(10)
    assert writer.samples == 9
    assert await sender.flush(10)
    assert len(writer.calls) == 3


async def test_flush_says_when_not_everything_went(buffer, sender):
    """A paused output is tried once and not waited for; a dead one takes the whole time, and no more."""
    await sender.add(output("fine", RecordingWriter()))
    assert await sender.flush(10)
    paused = RecordingWriter()
    paused.always(WriterMisconfigured("401"))
    await sender.add(output("paused", paused, pause_retry=NEVER))
    await buffer.append([make_batch(1)])
    await paused.called(1)
    assert not await asyncio.wait_for(sender.flush(NEVER), timeout=60)
    assert len(paused.calls) >= 2
    await sender.remove("paused")
    dead = RecordingWriter()
    dead.always(WriterUnavailable("down"))
    await sender.add(output("dead", dead, retry_interval=NEVER))
    await buffer.append([make_batch(1)])
    assert not await asyncio.wait_for(sender.flush(0.05), timeout=60)
    await asyncio.sleep(0)
    names = {task.get_name() for task in asyncio.all_tasks() - {asyncio.current_task()}}
    assert names == {"output fine", "output dead"}  # nobody waits for a flush that is over


async def test_a_flush_brings_through_what_fails_now_and_then(buffer, sender):
    """Within its time a flush tries again."""
    writer = RecordingWriter()
    writer.then(WriterUnavailable("busy"), WriterUnavailable("busy"))
    await sender.add(output("a", writer))
    await buffer.append([make_batch(2)])
    assert await sender.flush(10)
    assert writer.samples == 2


async def test_b1_stopping_with_an_empty_buffer_returns(buffer, sender):
    """B-1: the older sentinel's last flush waited for ever on an empty buffer, and no signal helped."""
    writers = [RecordingWriter() for _ in range(3)]
    for number, writer in enumerate(writers):
        await sender.add(output(f"out-{number}", writer, flush_interval=NEVER))
    await asyncio.wait_for(sender.stop(NEVER), timeout=60)
    await asyncio.wait_for(sender.stop(NEVER), timeout=60)
    assert [writer.stopped for writer in writers] == [1, 1, 1]
    assert sender.status() == {}


async def test_b17_the_last_batch_is_delivered_at_stop(buffer, sender):
    """B-17: the older sentinel always lost its last batch, as the request was cancelled before it began."""
    writer = RecordingWriter()
    committer = Committer(buffer, window=NEVER)
    await sender.add(output("a", writer, flush_interval=NEVER))
    for ts in range(3):
        await committer.put(make_batch(2, ts=ts))
    await committer.close()
    await sender.stop(10)
    assert [batch.ts for batch in writer.batches] == [0, 1, 2]
    assert writer.stopped == 1
    assert buffer.ledger.account("a").delivered == 6


async def test_b17_failed_batches_keep_their_place(buffer, sender):
    """B-17: the older sentinel put failed batches back at the end, and sent one batch a tick."""
    writer = RecordingWriter()
    await sender.add(output("a", writer, batch_size=2))
    for ts in range(30):
        if ts % 3 == 0:
            writer.then(WriterUnavailable("down"))
        await buffer.append([make_batch(1, ts=ts)])
    await writer.received(30)
    assert [record.ts for record in writer.records] == list(range(30))


async def test_stopping_is_bounded_and_says_what_is_left(buffer, sender, caplog):
    """A dead destination delays the stop by the grace and no more; its samples are counted as waiting."""
    writer = RecordingWriter()
    writer.always(WriterUnavailable("down"))
    await sender.add(output("dead", writer, retry_interval=NEVER))
    await buffer.append([make_batch(7)])
    with caplog.at_level(logging.WARNING):
        await asyncio.wait_for(sender.stop(0.05), timeout=60)
        assert buffer.waiting("dead") == 7
        await buffer.close()
    assert "output dead: 7 samples could not be sent before the stop" in caplog.text
    assert buffer.ledger.account("dead").dropped == {"stopped": 7}


async def test_a_cancelled_stop_can_be_finished(buffer, sender):
    """A second signal ends the wait for the last flush; closing still works, and leaves no task behind."""
    writer = RecordingWriter()
    writer.always(WriterUnavailable("down"))
    await sender.add(output("dead", writer, retry_interval=NEVER))
    await buffer.append([make_batch(1)])
    stopping = asyncio.ensure_future(sender.stop(NEVER))
    await writer.called(1)
    stopping.cancel()
    await asyncio.wait({stopping})
    await sender.stop()
    assert writer.stopped == 1
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_hurrying_ends_every_wait(buffer, sender):
    """On a person's word an output sends now, without gathering or backing off any longer."""
    writer = RecordingWriter()
    await sender.add(output("a", writer, flush_interval=NEVER, breaker_failures=1))
    await buffer.append([make_batch(1)])
    await writer.received(1)
    writer.then(WriterUnavailable("down", retry_after=3000))
    await buffer.append([make_batch(1)])
    await asyncio.sleep(0)
    sender.send_now("a")
    await writer.called(2)
    await until(lambda: sender.status()["a"].phase is Phase.BACKING_OFF)
    sender.send_now()
    await writer.received(2)


async def test_a_closed_buffer_ends_its_deliveries(buffer, sender):
    """Nothing runs on behind a closed buffer, whatever order a program closes in."""
    writer = RecordingWriter()
    await sender.add(output("a", writer))
    await buffer.append([make_batch(1)])
    await writer.received(1)
    await buffer.close()
    assert not await asyncio.wait_for(sender.flush(NEVER), timeout=60)
    assert sender.status()["a"].phase is Phase.STOPPED
    await sender.stop()
    assert writer.stopped == 1
