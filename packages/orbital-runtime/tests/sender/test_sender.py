"""All outputs together: independent of each other, replaced and removed without loss."""

from __future__ import annotations

import asyncio
import threading

import pytest

from orbital_buffer.buffer import memory_buffer
from orbital_buffer.model.limits import BufferLimits
from orbital_runtime.clock import SystemClock
from orbital_runtime.sender import Phase, Sender
from orbital_runtime.sender.lanes.checkpoint import Checkpoint, checkpoint_of
from orbital_sdk import (
    NotWritten,
    Refusal,
    Writer,
    WriterConfig,
    WriterMisconfigured,
    WriterUnavailable,
    Written,
)
from orbital_sdk.testing import RecordingWriter, make_batch

from .conftest import output, until

NEVER = 3600.0


async def test_every_output_gets_everything(buffer, sender):
    """Two writers, one log: each has all samples, in order, and its own account."""
    one, two = RecordingWriter(), RecordingWriter()
    await sender.add(output("one", one))
    await sender.add(output("two", two))
    for ts in range(5):
        await buffer.append([make_batch(2, ts=ts)])
    await one.received(10)
    await two.received(10)
    assert await sender.flush(10)
    for name, writer in (("one", one), ("two", two)):
        assert [batch.ts for batch in writer.batches] == list(range(5))
        assert buffer.ledger.account(name).delivered == 10
    assert buffer.usage().batches == 0


@pytest.mark.parametrize("trouble", ["refuses", "hangs", "paused", "blocks its thread"])
async def test_one_bad_output_never_holds_another(buffer, sender, trouble):
    """Whatever is wrong with one destination, the other gets its samples and the first loses none."""
    release = threading.Event()

    class Blocking(Writer[WriterConfig]):
        name = "blocking"

        def write(self, batches, attempt):
            release.wait(60)
            return Written(0)

    bad, good = RecordingWriter(), RecordingWriter()
    if trouble == "refuses":
        bad.always(WriterUnavailable("down"))
    elif trouble == "hangs":
        bad.always(asyncio.Event())
    elif trouble == "paused":
        bad.always(WriterMisconfigured("401"))
    else:
        bad = Blocking(WriterConfig())
    await sender.add(output("bad", bad))
    await sender.add(output("good", good))
    for _ in range(20):
        await buffer.append([make_batch(5)])
    await good.received(100)
    assert buffer.waiting("bad") == 100
    release.set()


async def test_an_output_that_is_removed_keeps_its_samples(buffer, sender):
    """It gets nothing new, and when it comes back it goes on where it was."""
    writer = RecordingWriter()
    writer.always(WriterUnavailable("down"))
    await sender.add(output("a", writer))
    await sender.add(output("b", RecordingWriter()))
    await buffer.append([make_batch(3, ts=1)])
    await writer.called(1)
    await sender.remove("a")
    await buffer.append([make_batch(3, ts=2)])
    assert "a" not in sender.status()
    assert set(buffer.outputs()) == {"a", "b"}
    assert buffer.waiting("a") == 3
    assert writer.stopped == 1
    again = RecordingWriter()
    await sender.add(output("a", again))
    await again.received(3)
    assert [batch.ts for batch in again.batches] == [1]
    await sender.remove("nobody")


async def test_replacing_an_output_resumes_at_once(buffer, sender):
    """A corrected address or password ends the pause; nothing is missed, and counts go on."""
    wrong, right = RecordingWriter(), RecordingWriter()
    wrong.always(WriterMisconfigured("401"))
    await sender.add(output("a", wrong, pause_retry=NEVER))
    await buffer.append([make_batch(4)])
    await until(lambda: sender.status()["a"].phase is Phase.PAUSED)
    await sender.replace(output("a", right))
    await buffer.append([make_batch(4)])
    await right.received(8)
    assert await sender.flush(10)
    status = sender.status()["a"]
    assert status.errors == {"misconfigured": 1}
    assert (status.sent_samples, status.requests) == (8, 1 + len(right.calls))
    assert (wrong.stopped, right.started) == (1, 1)


async def test_an_outcome_stays_unknown_after_a_crash(buffer, sender):
    """The process that sent the second batch was killed, as the buffer remembers. That batch is there; the
    others were never sent, so who says that they are there refuses them.
    """
    writer = RecordingWriter()
    writer.always(NotWritten("out of order sample", Refusal.THERE))
    buffer.attach("a")
    await buffer.append([make_batch(2, ts=ts) for ts in (1, 2, 3)])
    gone = (1 << 31, (1 << 31) + 5)
    await buffer.note("a", Checkpoint(doubtful=((2, 3), gone)).note())
    await sender.add(output("a", writer))
    assert await sender.flush(10)
    account = buffer.ledger.account("a")
    assert (account.delivered, account.dead_lettered) == (2, 4)
    assert {letter.ts for letter in await buffer.dead_letters.list()} == {1, 3}
    await sender.remove("a")
    assert checkpoint_of(buffer.noted("a")).doubtful == ()


@pytest.mark.parametrize(
    ("old", "requests"), [(True, [[5], [1, 2]]), (False, [[1, 2, 3, 4, 5, 6]])]
)
async def test_requests_are_cut_as_before_the_crash(buffer, sender, old, requests):
    """Both lanes go on with the very batches that were on their way; where the writer has one lane now, the
    note is out of date.
    """
    writer = RecordingWriter()
    writer.takes_old_samples = old
    buffer.attach("a")
    await buffer.append([make_batch(2, ts=ts) for ts in range(1, 7)])
    await buffer.note("a", Checkpoint(5, fresh=(2, 16), backlog=(4, 32)).note())
    await sender.add(output("a", writer))
    assert await sender.flush(10)
    sent = [[batch.ts for batch in call.batches] for call in writer.calls]
    assert sent[: len(requests)] == requests
    assert buffer.ledger.account("a").delivered == 12


async def test_a_note_that_cannot_be_read_does_no_harm(buffer, sender):
    """Of another version, or damaged: requests are cut anew, and nothing is in doubt."""
    writer = RecordingWriter()
    buffer.attach("a")
    await buffer.append([make_batch(2)])
    await buffer.note("a", b"\xc1 no msgpack")
    await sender.add(output("a", writer))
    await writer.received(2)


async def test_a_writer_that_does_not_close_is_not_waited_for(buffer, sender):
    """It gets as long as one of its requests may take."""

    class Clinging(RecordingWriter):
        async def stop(self):
            await asyncio.Event().wait()

    await sender.add(output("a", Clinging(), timeout=0.01))
    await asyncio.wait_for(sender.stop(), timeout=60)


async def test_what_could_not_be_sent_is_not_in_doubt(buffer, sender):
    """Nobody listened, or the answer was no: after a crash a refusal is a refusal."""
    writer = RecordingWriter()
    writer.then(WriterUnavailable("refused", sent=False))
    writer.always(WriterMisconfigured("401"))
    await sender.add(output("a", writer))
    await buffer.append([make_batch(2)])
    await until(lambda: sender.status()["a"].phase is Phase.PAUSED)
    assert checkpoint_of(buffer.noted("a")).doubtful == ()
    writer.always(WriterUnavailable("cut off"))
    sender.send_now()
    await until(lambda: sender.status()["a"].phase is Phase.BACKING_OFF)
    assert checkpoint_of(buffer.noted("a")).doubtful == ((1, 2),)


async def test_a_request_in_flight_is_answered_before_its_output_is_replaced(buffer, sender):
    """It may be stored already, and the other output would store it once more: in another table."""
    old, new = RecordingWriter(), RecordingWriter()
    gate = old.hang()
    await sender.add(output("a", old))
    await buffer.append([make_batch(4, ts=1)])
    await old.called(1)
    replacing = asyncio.ensure_future(sender.replace(output("a", new)))
    await asyncio.sleep(0)
    await buffer.append([make_batch(4, ts=2)])
    gate.set()
    await replacing
    await new.received(4)
    assert [batch.ts for batch in old.batches] == [1]
    assert [batch.ts for batch in new.batches] == [2]
    assert old.stopped == 1


async def test_an_outcome_stays_unknown_across_a_replacement(buffer, sender):
    """The old writer was stopped in mid-request; the new one is told `duplicate`: that was a delivery."""
    old, new = RecordingWriter(), RecordingWriter()
    old.hang()
    new.always(NotWritten("duplicate sample", Refusal.THERE))
    await sender.add(output("a", old, timeout=0.05))
    await buffer.append([make_batch(4)])
    await old.called(1)
    await sender.replace(output("a", new))
    await new.called(1)
    assert await sender.flush(10)
    account = buffer.ledger.account("a")
    assert (account.delivered, account.dead_lettered) == (4, 0)
    assert new.calls[0].attempt.number > 1


async def test_a_token_goes_on_across_a_replacement(buffer, sender):
    """More came since the old writer was stopped in mid-request: the new one sends the same batches first,
    together and under the same token, for destinations that may have stored them.
    """
    old, new = RecordingWriter(), RecordingWriter()
    old.hang()
    await sender.add(output("a", old, timeout=0.05))
    await buffer.append([make_batch(4, ts=1), make_batch(4, ts=2)])
    await old.called(1)
    await buffer.append([make_batch(4, ts=3)])
    await sender.replace(output("a", new))
    await new.received(12)
    assert [len(call.batches) for call in new.calls] == [2, 1]
    assert new.calls[0].attempt.token == old.calls[0].attempt.token


async def test_tokens_are_never_used_twice():
    """A destination that deduplicates must not take the first batches after a restart for known ones."""
    tokens = []
    for _ in range(2):
        buffer = memory_buffer(BufferLimits(), SystemClock())
        sender, writer = Sender(buffer, clock=SystemClock()), RecordingWriter()
        await sender.add(output("a", writer))
        await buffer.append([make_batch(1)])
        await writer.received(1)
        tokens.append(writer.calls[0].attempt.token)
        await sender.stop()
        await buffer.close()
    assert tokens[0] != tokens[1]
    assert [token.split(":")[1] for token in tokens] == ["1-1", "1-1"]


async def test_a_name_is_used_once(sender):
    """Two outputs of one name would share a position: the second is refused."""
    await sender.add(output("a", RecordingWriter()))
    with pytest.raises(ValueError, match="an output 'a' already"):
        await sender.add(output("a", RecordingWriter()))


@pytest.mark.parametrize("cancelled", [False, True])
async def test_a_stop_meets_a_replacement_half_way(buffer, sender, cancelled):
    """The old writer's request still runs: all is delivered and counted, and each started writer stopped."""

    class Slow(RecordingWriter):
        stopped = 0

        async def write(self, batches, attempt):
            await asyncio.sleep(0.3)
            return await super().write(batches, attempt)

        async def stop(self):
            self.stopped += 1

    old, new = Slow(), Slow()
    await sender.add(output("out", old))
    await buffer.append([make_batch(1)])
    await until(lambda: sender.status()["out"].phase is Phase.DELIVERING)
    await buffer.append([make_batch(2)])
    replacing = asyncio.ensure_future(sender.replace(output("out", new)))
    await asyncio.sleep(0.05)
    if cancelled:
        replacing.cancel()
    await sender.stop(10)
    assert (buffer.waiting("out"), buffer.ledger.account("out").delivered) == (0, 3)
    assert (old.stopped > 0, new.stopped > 0) == (True, not cancelled)
