"""The committer: collections share a record, nothing is lost between engine and buffer without a name."""

from __future__ import annotations

import asyncio
import logging
from array import array

import pytest

from orbital_buffer.buffer import memory_buffer
from orbital_buffer.commit import FAR_BEHIND, Committer
from orbital_buffer.model.limits import BufferLimits
from orbital_runtime.clock import ManualClock
from orbital_sdk import Batch
from orbital_sdk.testing import make_batch, make_layout

NEVER = 3600.0


class Recorded:
    """A memory buffer that notes how many batches each append brought, and can be held up or broken."""

    def __init__(self, limits=None):
        self._buffer = memory_buffer(limits or BufferLimits(samples=None, size=None), ManualClock())
        self.attach("a")
        self.appends = []
        self.open = asyncio.Event()
        self.open.set()
        self.error = None

    async def append(self, batches):
        await self.open.wait()
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        self.appends.append(len(batches))
        await self._buffer.append(batches)

    def __getattr__(self, name):
        return getattr(self._buffer, name)


async def test_collections_of_one_window_share_a_record():
    """What is put within the window is appended at once, when the window ends."""
    buffer = Recorded()
    committer = Committer(buffer, window=0.02)
    for _ in range(7):
        await committer.put(make_batch(3))
    assert buffer.appends == []
    await buffer.wait("a", samples=21)
    assert buffer.appends == [7]
    await committer.close()


async def test_each_window_ends_by_itself():
    """Not only the first: what is put after it is appended when the next one ends, and nobody has to ask."""
    buffer = Recorded()
    committer = Committer(buffer, window=0.001)
    for window in (1, 2, 3):
        await committer.put(make_batch(3))
        async with asyncio.timeout(60):
            await buffer.wait("a", samples=3 * window)
    assert buffer.appends == [1, 1, 1]
    await committer.close()


async def test_a_full_record_does_not_wait_for_its_window():
    """At so many bytes the window ends early."""
    buffer = Recorded()
    committer = Committer(buffer, window=NEVER, size=800)
    for _ in range(10):
        await committer.put(make_batch(10))
    await buffer.wait("a", samples=100)
    assert buffer.appends == [10]
    await committer.close()


async def test_hurry_ends_the_window():
    """Where nothing more is to be expected, what waits is appended now; with nothing there, nothing is."""
    buffer = Recorded()
    committer = Committer(buffer, window=NEVER)
    committer.flush_soon()
    for _ in range(3):
        await committer.put(make_batch(2))
    committer.flush_soon()
    await buffer.wait("a", samples=6)
    assert buffer.appends == [3]
    await committer.close()


async def test_put_does_not_suspend():
    """The engine hands over without giving up its turn, as long as the buffer is not far behind."""
    committer = Committer(Recorded(), window=NEVER)
    put = committer.put(make_batch(1))
    with pytest.raises(StopIteration):
        put.send(None)
    await committer.close()


async def test_a_window_of_nothing_commits_at_once():
    """`run --once` and its like need not wait: with window 0 the next turn of the loop appends."""
    buffer = Recorded()
    committer = Committer(buffer, window=0)
    await committer.put(make_batch(1))
    await buffer.wait("a")
    await committer.close()


async def test_flush_is_complete():
    """On return all that was put is in the buffer, also what was put while an append was under way."""
    buffer = Recorded()
    buffer.open.clear()
    committer = Committer(buffer, window=NEVER, size=80)
    for _ in range(12):
        await committer.put(make_batch(10, ts=1))
    flushing = asyncio.ensure_future(committer.flush())
    await asyncio.sleep(0)
    await committer.put(make_batch(10, ts=2))
    buffer.open.set()
    await flushing
    assert buffer.waiting("a") == 130
    await committer.flush()
    await committer.close()


async def test_put_waits_when_the_buffer_is_far_behind():
    """A slow disk, or `block` without room, slows collecting down instead of filling the memory."""
    buffer = Recorded(BufferLimits(samples=20, size=None, policy="block"))
    committer = Committer(buffer, window=NEVER, size=80)
    await committer.put(make_batch(20))
    await committer.flush()
    puts = [asyncio.ensure_future(committer.put(make_batch(10))) for _ in range(3 * FAR_BEHIND)]
    for _ in range(10):
        await asyncio.sleep(0)
    late = asyncio.ensure_future(committer.put(make_batch(10)))
    await asyncio.sleep(0)
    assert not late.done()
    reading = asyncio.ensure_future(drain(buffer))
    await asyncio.wait_for(asyncio.gather(*puts, late), timeout=60)
    await asyncio.wait_for(committer.flush(), timeout=60)
    reading.cancel()
    assert buffer.ledger.account("a").accepted == 3 * FAR_BEHIND * 10 + 30
    assert not committer.lost
    await committer.close()


async def test_refused_batches_are_counted(caplog):
    """What `drop_newest` refuses is counted by the committer as well, and said once."""
    buffer = Recorded(BufferLimits(samples=10, size=None, policy="drop_newest"))
    committer = Committer(buffer, window=NEVER)
    for _ in range(3):
        await committer.put(make_batch(8))
        await committer.flush()
    assert committer.lost == {"refused": 16}
    assert buffer.ledger.account("a").dropped == {"refused": 16}
    assert caplog.text.count("are lost (refused)") == 1
    await committer.close()


async def test_without_an_output_samples_are_counted_as_such():
    """B-7's cousin: with nobody to deliver to, nothing counts as sent or accepted, and it has a name."""
    buffer = Recorded()
    buffer.detach("a")
    committer = Committer(buffer, window=NEVER)
    await committer.put(make_batch(8))
    await committer.close()
    assert committer.lost == {"no_output": 8}


async def test_a_batch_that_makes_no_sense_is_given_back():
    """A processor that lost a value hears of it at once, and other batches are stored."""
    buffer = Recorded()
    committer = Committer(buffer, window=NEVER)
    with pytest.raises(ValueError, match="1 values for 2 series"):
        await committer.put(Batch(make_layout(2), 0, array("d", [1])))
    await committer.put(make_batch(2))
    await committer.close()
    assert buffer.waiting("a") == 2


async def test_one_unstorable_batch_costs_only_itself(caplog):
    """A label that is not text is found among its record's batches, counted, and named with its task."""
    buffer = Recorded()
    committer = Committer(buffer, window=NEVER)
    for number in range(9):
        text = "\ud800" if number == 4 else "fine"
        await committer.put(make_batch([("a", {"x": text}, float(number))], ts=number))
    await committer.close()
    chunk = await buffer.read("a", samples=100, size=1 << 20)
    assert [entry.batch.ts for entry in chunk.entries] == [0, 1, 2, 3, 5, 6, 7, 8]
    assert committer.lost == {"unstorable": 1}
    assert "task 'task-1' is not text" in caplog.text


async def test_a_buffer_that_fails_is_tried_again(caplog):
    """A broken disk loses nothing: the same batches are appended when it works again."""
    buffer = Recorded()
    buffer.error = OSError("No space left on device")
    committer = Committer(buffer, window=NEVER, retry=0.001)
    await committer.put(make_batch(5))
    with caplog.at_level(logging.INFO):
        await committer.flush()
    assert buffer.waiting("a") == 5
    assert "No space left on device" in caplog.text
    assert "accepts samples again" in caplog.text
    await committer.close()


async def test_close_flushes_and_is_bounded():
    """At exit the last window is stored; where the buffer does not take it in time, it is counted."""
    buffer = Recorded()
    committer = Committer(buffer, window=NEVER)
    await committer.put(make_batch(4))
    await committer.close()
    await committer.close()
    assert buffer.waiting("a") == 4
    await committer.put(make_batch(2))
    assert committer.lost == {"stopped": 2}

    stuck = Recorded()
    stuck.open.clear()
    committer = Committer(stuck, window=NEVER, size=80)
    for _ in range(3):
        await committer.put(make_batch(10))
    await committer.close(grace=0.01)
    assert committer.lost == {"stopped": 30}


async def test_closing_lets_blocked_collections_go():
    """A collection that waits for a buffer that is far behind ends at close, and its samples are counted."""
    buffer = Recorded()
    buffer.open.clear()
    committer = Committer(buffer, window=NEVER, size=8)
    puts = [asyncio.ensure_future(committer.put(make_batch(10))) for _ in range(40)]
    await asyncio.sleep(0)
    await committer.close(grace=0.01)
    await asyncio.wait_for(asyncio.gather(*puts), timeout=60)
    assert committer.lost == {"stopped": 400}


async def test_late_puts_are_never_taken_for_stored():
    """The list that producers fill is swapped on the loop: no batch lands in a record already encoded."""
    buffer = Recorded()
    committer = Committer(buffer, window=0, size=200)

    async def produce(task):
        for number in range(50):
            await committer.put(make_batch(1, ts=task * 1000 + number))
            if number % 7 == 0:
                await asyncio.sleep(0)

    await asyncio.gather(*(produce(task) for task in range(20)))
    await committer.close()
    chunk = await buffer.read("a", samples=10_000, size=1 << 20)
    assert sorted(e.batch.ts for e in chunk.entries) == sorted(
        task * 1000 + number for task in range(20) for number in range(50)
    )


async def drain(buffer):
    while True:
        await buffer.wait("a")
        await buffer.acknowledge(await buffer.read("a", samples=1, size=1))


async def test_who_accepts_waits_until_the_buffer_has_it():
    """Not for the window, but for the append: only then may a sender be told that it is stored."""
    buffer = Recorded()
    buffer.open.clear()
    committer = Committer(buffer, window=NEVER)
    accepted = asyncio.ensure_future(committer.accept([make_batch(3), make_batch(2)]))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not accepted.done()
    buffer.open.set()
    assert await accepted == ""
    assert buffer.appends == [2]
    assert await committer.accept([]) == ""
    await committer.close()


async def test_those_who_accept_meanwhile_share_the_next_record():
    """However many there are, one append is under way and one is being filled."""
    buffer = Recorded()
    committer = Committer(buffer, window=NEVER)
    answers = await asyncio.gather(*[committer.accept([make_batch(1)]) for _ in range(50)])
    assert set(answers) == {""}
    assert len(buffer.appends) <= 2
    await committer.close()


async def test_who_accepts_hears_what_the_buffer_does_not_take():
    """Each hears of its own batches: a full buffer, a batch that cannot be stored, the end."""
    buffer = Recorded(BufferLimits(samples=5, size=None, policy="drop_newest"))
    committer = Committer(buffer, window=NEVER)
    assert await committer.accept([make_batch(5)]) == ""
    assert await committer.accept([make_batch(1)]) == "refused"
    await committer.close()
    assert await committer.accept([make_batch(1)]) == "stopped"
    assert committer.lost == {"refused": 1, "stopped": 1}


async def test_one_unstorable_batch_is_heard_of_by_its_owner_alone():
    """A neighbour in the same record is stored, and is told so."""
    buffer = Recorded()
    committer = Committer(buffer, window=NEVER)
    bad = make_batch([("a", {"x": "\ud800"}, 1.0)])
    answers = await asyncio.gather(
        committer.accept([make_batch(3)]), committer.accept([bad, make_batch(2)])
    )
    assert answers == ["", "unstorable"]
    await committer.close()
