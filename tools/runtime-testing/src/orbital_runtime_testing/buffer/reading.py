"""What every buffer promises those who read it."""
# ruff: noqa: S101 (asserts are what a contract suite is made of)

from __future__ import annotations

import asyncio
from array import array
from typing import TYPE_CHECKING

from orbital_buffer.model.chunk import Chunk
from orbital_buffer.model.errors import BufferClosed, NoReader
from orbital_buffer.model.limits import BufferLimits
from orbital_runtime.clock import ManualClock
from orbital_runtime_testing.buffer.tools import (
    PLENTY,
    UNLIMITED,
    balanced,
    idle,
    raises,
    refused,
    take,
)
from orbital_sdk import STALE_BYTES, Batch
from orbital_sdk.testing import make_batch, make_layout

if TYPE_CHECKING:
    from orbital_buffer.buffer import Buffer
    from orbital_runtime_testing.buffer.tools import Check, OpenBuffer


async def batches_come_back_as_they_were(open_buffer: OpenBuffer) -> None:
    """Values to the last bit, own times, labels, kinds and origin."""
    layout = make_layout([("a", {"x": "é"}), "b"])
    odd = Batch(layout, -5, array("d", [float("inf"), -0.0]), array("q", [-(2**63), 2**63 - 1]))
    stale = make_batch(2, stale=True, layout=layout)
    async with open_buffer(UNLIMITED, ManualClock()) as buffer:
        buffer.attach("a")
        await buffer.append([odd, stale])
        one, two = (entry.batch for entry in (await take(buffer, "a")).entries)
    assert (one.ts, one.values.tobytes(), one.times) == (-5, odd.values.tobytes(), odd.times)
    assert two.stale
    assert two.values.tobytes() == STALE_BYTES * 2
    assert one.layout.origin == layout.origin
    assert [(r.key, r.kind, r.unit) for r in one.layout.rows] == [
        (r.key, r.kind, r.unit) for r in layout.rows
    ]


async def order_holds(open_buffer: OpenBuffer) -> None:
    """Each output gets every batch once, oldest first, however it is cut into chunks."""
    async with open_buffer(UNLIMITED, ManualClock()) as buffer:
        buffer.attach("a")
        for start in range(0, 30, 3):
            await buffer.append([make_batch(2, ts=ts) for ts in range(start, start + 3)])
        seen: list[int] = []
        while chunk := await buffer.read("a", samples=8, size=PLENTY):
            seen += [entry.batch.ts for entry in chunk.entries]
            await buffer.acknowledge(chunk)
        assert seen == list(range(30))
        assert buffer.ledger.account("a").delivered == 60
        balanced(buffer)


async def chunks_keep_to_their_limits(open_buffer: OpenBuffer) -> None:
    """As many batches as fit into rows and bytes, and always at least one."""
    async with open_buffer(UNLIMITED, ManualClock()) as buffer:
        buffer.attach("a")
        await buffer.append(
            [make_batch(4), make_batch(4), make_batch(2, stale=True), make_batch(9)]
        )
        assert await _batches(buffer, "a", samples=9) == 2
        assert await _batches(buffer, "a", samples=10) == 3
        assert await _batches(buffer, "a", size=8 * 8) == 2
        assert await _batches(buffer, "a", size=8 * 8 - 1) == 1
        assert await _batches(buffer, "a", samples=1) == 1


async def outputs_read_on_their_own(open_buffer: OpenBuffer) -> None:
    """What one output does changes nothing for another."""
    async with open_buffer(UNLIMITED, ManualClock()) as buffer:
        buffer.attach("a")
        buffer.attach("b")
        await buffer.append([make_batch(3), make_batch(3)])
        await buffer.acknowledge(await take(buffer, "a"))
        assert (buffer.waiting("a"), buffer.waiting("b")) == (0, 6)
        assert buffer.usage().samples == 6
        assert (await take(buffer, "b")).samples == 6
        balanced(buffer)


async def new_outputs_start_at_the_end(open_buffer: OpenBuffer) -> None:
    """A new output gets what comes from now on; one that is attached again goes on where it was."""
    async with open_buffer(UNLIMITED, ManualClock()) as buffer:
        buffer.attach("a")
        await buffer.append([make_batch(1, ts=1)])
        buffer.attach("b")
        buffer.attach("a")
        await buffer.append([make_batch(1, ts=2)])
        assert [e.batch.ts for e in (await take(buffer, "a")).entries] == [1, 2]
        assert [e.batch.ts for e in (await take(buffer, "b")).entries] == [2]
        assert set(buffer.outputs()) == {"a", "b"}


async def released_batches_come_again(open_buffer: OpenBuffer) -> None:
    """The same batches in the same order under the same token, though more came meanwhile."""
    async with open_buffer(UNLIMITED, ManualClock()) as buffer:
        buffer.attach("a")
        await buffer.append([make_batch(2), make_batch(3)])
        first = await take(buffer, "a")
        await buffer.append([make_batch(1)])
        buffer.release(first)
        again = await buffer.read("a", samples=5, size=5 * 8)
        assert again is not None
        assert again.token == first.token
        assert [e.batch.ts for e in again.entries] == [e.batch.ts for e in first.entries]
        assert buffer.waiting("a") == 6


async def what_is_in_flight_is_not_read_again(open_buffer: OpenBuffer) -> None:
    """Two chunks of one output never share a batch, not even when they are read at once."""
    async with open_buffer(UNLIMITED, ManualClock()) as buffer:
        buffer.attach("a")
        await buffer.append([make_batch(1) for _ in range(6)])
        one = await buffer.read("a", samples=2, size=PLENTY)
        two, three = await asyncio.gather(*(buffer.read("a", samples=2, size=PLENTY) for _ in "ab"))
        chunks = [chunk for chunk in (one, two, three) if chunk is not None]
        seqs = [entry.seq for chunk in chunks for entry in chunk.entries]
        assert len(seqs) == len(set(seqs))
        for chunk in reversed(chunks):
            await buffer.acknowledge(chunk)
        while chunk := await buffer.read("a", samples=2, size=PLENTY):
            await buffer.acknowledge(chunk)
        assert buffer.ledger.account("a").delivered == 6
        balanced(buffer)


async def acknowledging_counts_once(open_buffer: OpenBuffer) -> None:
    """A part of a chunk can be settled alone; settling it again, or after a release, changes nothing."""
    async with open_buffer(UNLIMITED, ManualClock()) as buffer:
        buffer.attach("a")
        await buffer.append([make_batch(2), make_batch(3), make_batch(4)])
        chunk = await take(buffer, "a")
        part = Chunk("a", chunk.entries[1:2], 3)
        await buffer.acknowledge(part)
        await buffer.acknowledge(part)
        buffer.release(chunk)
        await buffer.acknowledge(chunk)
        assert buffer.ledger.account("a").delivered == 3
        rest = await take(buffer, "a")
        assert [len(e.batch) for e in rest.entries] == [2, 4]
        balanced(buffer)


async def the_ledger_tells_what_became_of_it(open_buffer: OpenBuffer) -> None:
    """Dead letters and drops of an acknowledged chunk are counted apart, and stale markers not at all."""
    async with open_buffer(UNLIMITED, ManualClock()) as buffer:
        buffer.attach("a")
        await buffer.append([make_batch(10), make_batch(7, stale=True)])
        chunk = await take(buffer, "a")
        assert chunk.samples == 10
        await buffer.acknowledge(chunk, letters=refused(chunk, 3), dropped={"filtered": 2})
        account = buffer.ledger.account("a")
        assert (account.accepted, account.delivered, account.dead_lettered) == (10, 5, 3)
        assert dict(account.dropped) == {"filtered": 2}
        balanced(buffer)


async def a_detached_output_is_forgotten(open_buffer: OpenBuffer) -> None:
    """What waited for it alone is dropped as `removed`, in flight or not; other outputs lose nothing."""
    async with open_buffer(UNLIMITED, ManualClock()) as buffer:
        buffer.attach("a")
        await buffer.append([make_batch(2)])
        buffer.attach("b")
        await buffer.append([make_batch(3), make_batch(4)])
        chunk = await buffer.read("a", samples=2, size=PLENTY)
        assert chunk is not None
        buffer.detach("a")
        await buffer.acknowledge(chunk)
        buffer.release(chunk)
        assert buffer.ledger.account("a").dropped == {"removed": 9}
        assert set(buffer.outputs()) == {"b"}
        assert (buffer.usage().samples, buffer.waiting("a"), buffer.waiting("b")) == (7, 0, 7)
        await raises(LookupError, buffer.read("a", samples=1, size=1))


async def an_orphan_keeps_what_it_has(open_buffer: OpenBuffer) -> None:
    """It gets nothing new, is still listed, and goes on where it was when it is attached again."""
    async with open_buffer(UNLIMITED, ManualClock()) as buffer:
        buffer.attach("a")
        buffer.attach("b")
        await buffer.append([make_batch(1, ts=1)])
        buffer.orphan("a")
        await buffer.append([make_batch(1, ts=2)])
        assert set(buffer.outputs()) == {"a", "b"}
        assert buffer.waiting("a") == 1
        buffer.attach("a")
        await buffer.append([make_batch(1, ts=3)])
        assert [e.batch.ts for e in (await take(buffer, "a")).entries] == [1, 3]
        balanced(buffer)


async def without_outputs_nothing_is_accepted(open_buffer: OpenBuffer) -> None:
    """A batch that nobody would read is not taken, and the caller is told so."""
    async with open_buffer(UNLIMITED, ManualClock()) as buffer:
        await raises(NoReader, buffer.append([make_batch(1)]))
        buffer.attach("a")
        buffer.orphan("a")
        await raises(NoReader, buffer.append([make_batch(1)]))
        assert buffer.usage().batches == 0
        assert buffer.ledger.account("a").accepted == 0


async def what_cannot_be_stored_changes_nothing(open_buffer: OpenBuffer) -> None:
    """A batch with too few values, or labels that are not text, spoils nothing but its own append."""
    broken = Batch(make_layout(2), 0, array("d", [1.0]))
    no_text = make_batch([("a", {"x": "\ud800"}, 1.0)])
    async with open_buffer(UNLIMITED, ManualClock()) as buffer:
        buffer.attach("a")
        await raises(ValueError, buffer.append([make_batch(1), broken]))
        await raises(ValueError, buffer.append([make_batch(1), no_text]))
        assert buffer.usage().batches == 0
        await buffer.append([make_batch(1)])
        assert (await take(buffer, "a")).samples == 1


async def waiting_ends_when_there_is_something(open_buffer: OpenBuffer) -> None:
    """`wait` returns at once, at an append, at a release, or with enough samples."""
    async with open_buffer(UNLIMITED, ManualClock()) as buffer:
        buffer.attach("a")
        some = asyncio.ensure_future(buffer.wait("a"))
        many = asyncio.ensure_future(buffer.wait("a", samples=5))
        await idle()
        assert not some.done()
        await buffer.append([make_batch(3)])
        await some
        await buffer.wait("a")
        assert not many.done()
        chunk = await take(buffer, "a")
        await buffer.append([make_batch(2)])
        await idle()
        assert not many.done()
        buffer.release(chunk)
        await many


async def closing_ends_everything(open_buffer: OpenBuffer) -> None:
    """Waiters are told, nothing goes in or out any more, and a second close is not an error."""
    async with open_buffer(UNLIMITED, ManualClock()) as buffer:
        buffer.attach("a")
        buffer.attach("b")
        await buffer.append([make_batch(1)])
        chunk = await take(buffer, "a")
        await buffer.acknowledge(await take(buffer, "b"))
        waits = asyncio.ensure_future(buffer.wait("b"))
        await idle()
        await buffer.close()
        await buffer.close()
        await raises(BufferClosed, waits)
        await raises(BufferClosed, buffer.append([make_batch(1)]))
        await raises(BufferClosed, buffer.read("a", samples=1, size=1))
        await raises(BufferClosed, buffer.acknowledge(chunk))
        buffer.release(chunk)


async def use_is_counted_once(open_buffer: OpenBuffer) -> None:
    """A batch counts once however many outputs need it, and not at all when none does."""
    async with open_buffer(BufferLimits(samples=100, size=None), ManualClock()) as buffer:
        buffer.attach("a")
        buffer.attach("b")
        await buffer.append([make_batch(20, ts=7), make_batch(5, ts=9)])
        usage = buffer.usage()
        assert (usage.samples, usage.batches, usage.oldest_ms, usage.fill) == (25, 2, 7, 0.25)
        for output in "ab":
            await buffer.acknowledge(await take(buffer, output))
        usage = buffer.usage()
        assert (usage.samples, usage.batches, usage.oldest_ms, usage.fill) == (0, 0, None, 0.0)


async def lanes_read_their_part(open_buffer: OpenBuffer) -> None:
    """Two lanes of one output share the log at any batch, also inside of a record, and each is in order."""
    async with open_buffer(UNLIMITED, ManualClock()) as buffer:
        buffer.attach("a")
        await buffer.append([make_batch(2, ts=ts) for ts in range(5)])
        middle = buffer.edge() - 2
        await buffer.append([make_batch(2, ts=ts) for ts in range(5, 8)])
        fresh = await buffer.read("a", samples=4, size=PLENTY, since=middle)
        old = await buffer.read("a", samples=PLENTY, size=PLENTY, before=middle)
        assert fresh is not None
        assert old is not None
        assert [e.batch.ts for e in fresh.entries] == [3, 4]
        assert [e.batch.ts for e in old.entries] == [0, 1, 2]
        assert await buffer.read("a", samples=1, size=PLENTY, before=middle) is None
        buffer.release(old)
        again = await buffer.read("a", samples=4, size=PLENTY, before=middle)
        assert again is not None
        assert [e.batch.ts for e in again.entries] == [0, 1]
        await buffer.acknowledge(fresh)
        await buffer.acknowledge(again)
        rest = await take(buffer, "a")
        assert [e.batch.ts for e in rest.entries] == [2, 5, 6, 7]
        balanced(buffer)


async def a_lane_waits_for_its_own_samples(open_buffer: OpenBuffer) -> None:
    """What waits before `since` wakes nobody who waits for what comes after it."""
    async with open_buffer(UNLIMITED, ManualClock()) as buffer:
        buffer.attach("a")
        await buffer.append([make_batch(9)])
        fresh = asyncio.ensure_future(buffer.wait("a", since=buffer.edge(), samples=4))
        await buffer.append([make_batch(3)])
        buffer.release(await take(buffer, "a"))
        await idle()
        assert not fresh.done()
        await buffer.append([make_batch(1)])
        await fresh


async def a_part_of_the_log_is_counted(open_buffer: OpenBuffer) -> None:
    """Batches, samples and age of what waits before and after a batch, whatever is in flight or gone."""
    clock = ManualClock()
    async with open_buffer(UNLIMITED, clock) as buffer:
        buffer.attach("a")
        buffer.attach("b")
        await buffer.append([make_batch(1), make_batch(2), make_batch(9, stale=True)])
        clock.advance(30)
        await buffer.append([make_batch(4)])
        await buffer.append([make_batch(8), make_batch(16)])
        last = buffer.edge() - 1
        clock.advance(5)
        assert buffer.edge(5) == buffer.edge() == buffer.edge(6) + 3
        assert buffer.unsent("a") == (6, 31, 35.0)
        assert buffer.unsent("a", since=last) == (1, 16, 5.0)
        assert buffer.unsent("a", before=last) == (5, 15, 35.0)
        assert buffer.unsent("a", since=buffer.edge()) == (0, 0, 0.0)
        chunk = await buffer.read("a", samples=3, size=PLENTY)
        assert chunk is not None
        assert buffer.unsent("a", before=last) == (3, 12, 35.0)
        await buffer.acknowledge(chunk)
        await buffer.acknowledge(await take(buffer, "b"))
        assert buffer.unsent("a") == (4, 28, 35.0)
        assert buffer.unsent("nobody") == (0, 0, 0.0)


READING: tuple[Check, ...] = (
    batches_come_back_as_they_were,
    order_holds,
    chunks_keep_to_their_limits,
    outputs_read_on_their_own,
    new_outputs_start_at_the_end,
    released_batches_come_again,
    what_is_in_flight_is_not_read_again,
    acknowledging_counts_once,
    the_ledger_tells_what_became_of_it,
    a_detached_output_is_forgotten,
    an_orphan_keeps_what_it_has,
    without_outputs_nothing_is_accepted,
    what_cannot_be_stored_changes_nothing,
    waiting_ends_when_there_is_something,
    closing_ends_everything,
    use_is_counted_once,
    lanes_read_their_part,
    a_lane_waits_for_its_own_samples,
    a_part_of_the_log_is_counted,
)


async def _batches(
    buffer: Buffer, output: str, *, samples: int = PLENTY, size: int = PLENTY
) -> int:
    """How many batches a read with these limits gives; they are put back."""
    chunk = await buffer.read(output, samples=samples, size=size)
    assert chunk is not None
    buffer.release(chunk)
    return len(chunk.entries)
