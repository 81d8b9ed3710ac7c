"""What every buffer does at its limits."""
# ruff: noqa: S101 (asserts are what a contract suite is made of)

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from orbital_buffer.model.errors import BufferClosed, BufferFull
from orbital_buffer.model.limits import BufferLimits
from orbital_runtime.clock import ManualClock
from orbital_runtime_testing.buffer.tools import (
    PLENTY,
    UNLIMITED,
    balanced,
    idle,
    noise,
    raises,
    refused,
    take,
)
from orbital_sdk.testing import make_batch

if TYPE_CHECKING:
    from orbital_runtime_testing.buffer.tools import Check, OpenBuffer


async def drop_oldest_makes_room(open_buffer: OpenBuffer) -> None:
    """The oldest batches go, as few as needed, counted as `full`; what is larger than all room too."""
    async with open_buffer(BufferLimits(samples=10, size=None), ManualClock()) as buffer:
        buffer.attach("a")
        await buffer.append([make_batch(3, ts=ts) for ts in range(3)])
        await buffer.append([make_batch(3, ts=3)])
        assert buffer.ledger.account("a").dropped == {"full": 3}
        assert [e.batch.ts for e in (await take(buffer, "a")).entries] == [1, 2, 3]
        await buffer.append([make_batch(11)])
        assert buffer.ledger.account("a").dropped == {"full": 23}
        assert buffer.usage().samples == 0
        balanced(buffer)


async def drop_oldest_keeps_to_bytes(open_buffer: OpenBuffer) -> None:
    """A limit of bytes holds after every append, layouts included."""
    limits = BufferLimits(samples=None, size=2000)
    async with open_buffer(limits, ManualClock()) as buffer:
        buffer.attach("a")
        for number in range(40):
            await buffer.append([noise(20, number)])
            assert buffer.usage().size <= 2000
            assert 0 <= buffer.usage().fill <= 1
        account = buffer.ledger.account("a")
        assert account.dropped["full"] > 0
        assert account.waiting > 0
        balanced(buffer)


async def late_acknowledgements_do_not_count_twice(open_buffer: OpenBuffer) -> None:
    """What the policy dropped in flight stays dropped in the ledger, whatever comes back later."""
    async with open_buffer(BufferLimits(samples=10, size=None), ManualClock()) as buffer:
        buffer.attach("a")
        await buffer.append([make_batch(4), make_batch(4)])
        chunk = await take(buffer, "a")
        await buffer.append([make_batch(5)])
        await buffer.acknowledge(chunk, letters=refused(chunk, 8))
        account = buffer.ledger.account("a")
        assert (account.dead_lettered, dict(account.dropped)) == (4, {"full": 4})
        balanced(buffer)


async def drop_newest_refuses(open_buffer: OpenBuffer) -> None:
    """What does not fit is refused and counted; what is there stays."""
    limits = BufferLimits(samples=10, size=None, policy="drop_newest")
    async with open_buffer(limits, ManualClock()) as buffer:
        buffer.attach("a")
        await buffer.append([make_batch(6, ts=1)])
        await raises(BufferFull, buffer.append([make_batch(5, ts=2)]))
        await buffer.append([make_batch(4, ts=3)])
        assert [e.batch.ts for e in (await take(buffer, "a")).entries] == [1, 3]
        assert buffer.ledger.account("a").dropped == {"refused": 5}
        balanced(buffer)


async def drop_newest_keeps_room_for_outputs_that_keep_up(open_buffer: OpenBuffer) -> None:
    """A dead output fills nine tenths and is refused the rest; a living one still gets everything."""
    limits = BufferLimits(samples=100, size=None, policy="drop_newest")
    async with open_buffer(limits, ManualClock()) as buffer:
        buffer.attach("dead")
        buffer.attach("living")
        for _ in range(50):
            await buffer.append([make_batch(5)])
            await buffer.acknowledge(await take(buffer, "living"))
            assert buffer.usage().samples <= 100
        assert buffer.ledger.account("living").delivered == 250
        assert buffer.ledger.account("dead").dropped == {"refused": 160}
        balanced(buffer)


async def block_waits_for_room(open_buffer: OpenBuffer) -> None:
    """An append waits until an acknowledgement makes room; one that can never fit goes in alone. Meanwhile
    the buffer is full, whatever its figures are: nothing gets in.
    """
    limits = BufferLimits(samples=10, size=None, policy="block")
    async with open_buffer(limits, ManualClock()) as buffer:
        buffer.attach("a")
        await buffer.append([make_batch(8, ts=1)])
        assert buffer.usage().fill == 0.8
        waits = asyncio.ensure_future(buffer.append([make_batch(12, ts=2)]))
        await idle()
        assert not waits.done()
        assert buffer.usage().fill == 1
        await buffer.acknowledge(await take(buffer, "a"))
        await waits
        assert buffer.waiting("a") == 12
        await buffer.acknowledge(await take(buffer, "a"))
        assert buffer.usage().fill == 0
        assert not buffer.ledger.account("a").dropped


async def block_ends_at_close(open_buffer: OpenBuffer) -> None:
    """Nobody waits for room in a closed buffer."""
    limits = BufferLimits(samples=10, size=None, policy="block")
    async with open_buffer(limits, ManualClock()) as buffer:
        buffer.attach("a")
        await buffer.append([make_batch(8)])
        waits = asyncio.ensure_future(buffer.append([make_batch(8)]))
        await idle()
        await buffer.close()
        await raises(BufferClosed, waits)


async def age_drops(open_buffer: OpenBuffer) -> None:
    """What is too old goes at the next append, read or look, not only when the buffer is full."""
    clock = ManualClock()
    async with open_buffer(BufferLimits(samples=None, size=None, age=60.0), clock) as buffer:
        buffer.attach("a")
        await buffer.append([make_batch(3)])
        clock.advance(60)
        await buffer.append([make_batch(2)])
        assert buffer.usage().samples == 5
        clock.advance(1)
        assert buffer.usage().samples == 2
        clock.advance(60)
        assert await buffer.read("a", samples=10, size=PLENTY) is None
        assert buffer.ledger.account("a").dropped == {"age": 5}
        balanced(buffer)


async def orphans_yield_first(open_buffer: OpenBuffer) -> None:
    """An output that was taken out of the configuration blocks nobody: its oldest go, as `full`."""
    for policy in ("block", "drop_newest"):
        limits = BufferLimits(samples=10, size=None, policy=policy)
        async with open_buffer(limits, ManualClock()) as buffer:
            buffer.attach("gone")
            await buffer.append([make_batch(4)])
            await buffer.append([make_batch(6)])
            buffer.orphan("gone")
            buffer.attach("a")
            await buffer.append([make_batch(3)])
            assert buffer.waiting("a") == 3
            assert buffer.ledger.account("gone").dropped == {"full": 4}
            balanced(buffer)


async def nothing_is_settled_after_the_end(open_buffer: OpenBuffer) -> None:
    """What was in flight when the buffer closed is not counted as delivered."""
    async with open_buffer(UNLIMITED, ManualClock()) as buffer:
        buffer.attach("a")
        await buffer.append([make_batch(3)])
        chunk = await take(buffer, "a")
        await buffer.close()
        await raises(BufferClosed, buffer.acknowledge(chunk))
        assert buffer.ledger.account("a").delivered == 0


LIMITS: tuple[Check, ...] = (
    drop_oldest_makes_room,
    drop_oldest_keeps_to_bytes,
    late_acknowledgements_do_not_count_twice,
    drop_newest_refuses,
    drop_newest_keeps_room_for_outputs_that_keep_up,
    block_waits_for_room,
    block_ends_at_close,
    nothing_is_settled_after_the_end,
    age_drops,
    orphans_yield_first,
)
