"""Polls begin in turn where there is no processor for all of them, and never wait for a silent device."""

from __future__ import annotations

import asyncio
import time

import pytest

from orbital_plugin_snmp.session.poll_slots import BUSY, LOOK, PollSlots

pytestmark = pytest.mark.asyncio


async def test_who_came_last_is_next() -> None:
    """It has most of its time left, and who came first may have too little to do anything with."""
    slots, order = PollSlots(1), list[int]()
    first = await slots.take()

    async def poll(number: int) -> None:
        slot = await slots.take()
        order.append(number)
        slots.give(slot)

    polls = [asyncio.ensure_future(poll(number)) for number in range(3)]
    await asyncio.sleep(0)
    slots.give(first)
    await asyncio.gather(*polls)
    assert order == [2, 1, 0]


async def test_as_many_at_once_as_there_are_places() -> None:
    """Who ends lets the next one begin, and nobody is forgotten."""
    slots, at_work, most = PollSlots(3), 0, 0

    async def poll() -> None:
        nonlocal at_work, most
        slot = await slots.take()
        try:
            at_work += 1
            most = max(most, at_work)
            await asyncio.sleep(0)
            at_work -= 1
        finally:
            slots.give(slot)

    await asyncio.gather(*(poll() for _ in range(50)))
    assert (at_work, most) == (0, 3)


async def test_who_waits_for_a_device_keeps_nobody_waiting() -> None:
    """Its slot goes to the others, and giving it back later adds none."""
    slots = PollSlots(1)
    silent = await slots.take()
    async with asyncio.timeout(60):
        following = await slots.take()
    slots.give(silent)
    third = asyncio.ensure_future(slots.take())
    await asyncio.sleep(0)
    assert not third.done()
    slots.give(following)
    slots.give(await third)


async def test_a_busy_loop_lets_nobody_in_early() -> None:
    """Where the look comes late, those at work wait for the processor: more of them would make it worse."""
    slots = PollSlots(1)
    working = await slots.take()
    waits = asyncio.ensure_future(slots.take())
    await asyncio.sleep(0)
    time.sleep(LOOK + 2 * BUSY)  # noqa: ASYNC251 (this is the busy loop)
    await asyncio.sleep(0.01)
    assert not waits.done()
    slots.give(working)
    slots.give(await waits)


async def test_who_is_cancelled_while_waiting_takes_no_place_along() -> None:
    """Before its turn, and in the very moment of it."""
    slots = PollSlots(1)
    first = await slots.take()
    early, late = (asyncio.ensure_future(slots.take()) for _ in range(2))
    await asyncio.sleep(0)
    early.cancel()
    await asyncio.sleep(0)
    slots.give(first)
    late.cancel()
    await asyncio.gather(early, late, return_exceptions=True)
    async with asyncio.timeout(60):
        slots.give(await slots.take())
