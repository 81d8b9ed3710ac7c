"""The memory buffer keeps the buffer contract, and a few promises of its own."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from orbital_buffer.buffer import memory_buffer
from orbital_buffer.format.layout import layout_size
from orbital_buffer.format.layout_cache import WAITING
from orbital_buffer.model.errors import BufferFull
from orbital_buffer.model.limits import BufferLimits
from orbital_runtime.clock import ManualClock, SystemClock
from orbital_runtime_testing.buffer import CONTRACT
from orbital_runtime_testing.buffer.machine import BufferMachine
from orbital_sdk.testing import make_batch, make_layout

UNLIMITED = BufferLimits(samples=None, size=None)


@asynccontextmanager
async def open_memory(limits, clock):
    buffer = memory_buffer(limits, clock)
    try:
        yield buffer
    finally:
        await buffer.close()


@pytest.mark.parametrize("check", CONTRACT, ids=lambda check: check.__name__)
async def test_memory_buffer_keeps_the_contract(check):
    """Each promise of the contract suite, in memory."""
    await check(open_memory)


class MemoryMachine(BufferMachine):
    """The state machine, in memory."""

    async def open(self, limits, clock):
        return memory_buffer(limits, clock)


def test_memory_buffer_agrees_with_the_model():
    """Whatever agents do to it, in any order, the ledger's equation holds and nothing is lost or repeated."""
    run_state_machine_as_test(
        MemoryMachine, settings=settings(max_examples=200, stateful_step_count=60, deadline=None)
    )


async def test_layouts_go_with_the_last_batch_that_has_them():
    """A device's rows are kept once while batches of it wait, and not a moment longer."""
    buffer = memory_buffer(UNLIMITED, ManualClock())
    buffer.attach("a")
    lasting, passing = make_layout(50), make_layout(60)
    await buffer.append([make_batch(50, layout=lasting), make_batch(60, layout=passing)])
    for _ in range(5):
        await buffer.append([make_batch(50, layout=lasting)])
    assert buffer.store._layouts.size == layout_size(lasting) + layout_size(passing)
    await acknowledge(buffer, rows=110)
    assert buffer.store._layouts.size == layout_size(lasting)
    await acknowledge(buffer, rows=1000)
    assert buffer.usage().size == 0


async def test_a_layout_that_comes_again_is_the_one_it_was():
    """An output that keeps up empties the buffer again and again: the same rows leave nothing behind."""
    buffer = memory_buffer(UNLIMITED, ManualClock())
    buffer.attach("a")
    layout = make_layout(50)
    for _ in range(20):
        await buffer.append([make_batch(50, layout=layout)])
        chunk = await buffer.read("a", samples=100, size=1 << 20)
        assert chunk.entries[0].batch.layout is layout
        await buffer.acknowledge(chunk)
        assert buffer.usage().size == 0
    assert layout.caches[buffer.store._layouts][0] == 0
    assert len(buffer.store.cache._alive) == 1
    assert buffer.store.cache.rows == 0


async def test_layouts_wait_in_bytes_where_nobody_holds_them():
    """An output that is away, and series that come and go: what is counted is what it takes."""
    buffer = memory_buffer(UNLIMITED, ManualClock())
    buffer.attach("a")
    for turn in range(200):
        passing = make_layout([(f"metric_{n}", {"turn": str(turn)}) for n in range(1000)])
        await buffer.append([make_batch([float(turn)] * 1000, layout=passing)])
    assert buffer.store.cache.rows <= WAITING
    assert buffer.usage().size > 200_000
    seen = []
    while chunk := await buffer.read("a", samples=10_000, size=1 << 20):
        seen += [dict(entry.batch.layout.rows[0].labels)["turn"] for entry in chunk.entries]
        await buffer.acknowledge(chunk)
    assert seen == [str(turn) for turn in range(200)]
    assert buffer.store.cache.rows == 0


async def test_waiting_samples_take_about_four_bytes():
    """A thousand polls of a switch, its counters rising, wait in less than a tenth of their wire size."""
    buffer = memory_buffer(UNLIMITED, ManualClock())
    buffer.attach("a")
    layout = make_layout(241)
    for start in range(0, 1000, 5):
        polls = [[n * 1000.0 + row * 7 for row in range(241)] for n in range(start, start + 5)]
        await buffer.append([make_batch(values, layout=layout) for values in polls])
    usage = buffer.usage()
    assert usage.samples == 241_000
    assert usage.size < 5 * usage.samples


async def test_what_memory_loses_at_exit_is_said(caplog):
    """Samples that still wait at close are counted as `stopped`, and logged by number and output."""
    buffer = memory_buffer(UNLIMITED, ManualClock())
    buffer.attach("prometheus")
    await buffer.append([make_batch(12)])
    with caplog.at_level(logging.WARNING):
        await buffer.close()
    assert buffer.ledger.account("prometheus").dropped == {"stopped": 12}
    assert buffer.ledger.account("prometheus").waiting == 0
    assert "output prometheus: 12 samples were still waiting in memory and are lost" in caplog.text


async def test_b16_overflow_is_counted_and_never_silent():
    """B-16: the older sentinel dropped the oldest at overflow without a counter or a log line."""
    buffer = memory_buffer(BufferLimits(samples=100, size=None), ManualClock())
    buffer.attach("a")
    for _ in range(50):
        await buffer.append([make_batch(10)])
    account = buffer.ledger.account("a")
    assert (account.accepted, account.waiting) == (500, 100)
    assert account.dropped == {"full": 400}


async def test_damaged_records_are_set_aside_by_name(caplog):
    """A record that went bad in memory costs its own batches, counted as `quarantined`, and no others."""
    buffer = memory_buffer(UNLIMITED, ManualClock())
    buffer.attach("a")
    for ts in (1, 2, 3):
        await buffer.append([make_batch(4, ts=ts)])
    spoilt = bytearray(buffer.store._data[2])
    spoilt[-1] ^= 1
    buffer.store._data[2] = bytes(spoilt)
    chunk = await buffer.read("a", samples=100, size=10_000)
    assert [entry.batch.ts for entry in chunk.entries] == [1, 3]
    assert buffer.ledger.account("a").dropped == {"quarantined": 4}
    assert "batches 2 to 2 of the buffer are damaged: wrong checksum" in caplog.text


async def test_a_cancelled_wait_leaves_nothing_behind():
    """An output that stops waiting is forgotten; the next append wakes the others."""
    buffer = memory_buffer(UNLIMITED, ManualClock())
    buffer.attach("a")
    gone = asyncio.ensure_future(buffer.wait("a"))
    stays = asyncio.ensure_future(buffer.wait("a"))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.wait({gone})
    await buffer.append([make_batch(1)])
    await stays
    assert not any(buffer.log._state.waiters._waiting.values())


async def test_blocked_appends_go_on_when_old_samples_expire():
    """With `block` and an age, a dead output holds collection up no longer than that age."""
    clock = SystemClock()
    buffer = memory_buffer(BufferLimits(samples=10, size=None, age=0.05, policy="block"), clock)
    buffer.attach("dead")
    await buffer.append([make_batch(8)])
    await asyncio.wait_for(buffer.append([make_batch(8)]), timeout=60)
    assert buffer.ledger.account("dead").dropped == {"age": 8}


async def test_refused_layouts_take_no_room():
    """A full buffer that refuses batch after batch of ever new series does not grow."""
    buffer = memory_buffer(BufferLimits(samples=10, size=None, policy="drop_newest"), ManualClock())
    buffer.attach("a")
    await buffer.append([make_batch(10)])
    size = buffer.usage().size
    for number in range(20):
        with pytest.raises(BufferFull):
            await buffer.append([make_batch({f"metric_{number}": 1.0})])
    assert buffer.usage().size == size
    assert len(buffer.store._layouts) == 1


async def acknowledge(buffer, rows):
    chunk = await buffer.read("a", samples=rows, size=1 << 30)
    await buffer.acknowledge(chunk)
