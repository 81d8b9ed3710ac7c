"""Polls begin in turn where there is no processor for all of them, and never wait for a silent device."""

from __future__ import annotations

import asyncio
import time

import pytest

from orbital_plugin_snmp.session.places import BUSY, LOOK, Places

pytestmark = pytest.mark.asyncio


async def test_who_came_last_is_next() -> None:
    """It has most of its time left, and who came first may have too little to do anything with."""
    places, order = Places(1), list[int]()
    first = await places.take()

    async def poll(number: int) -> None:
        place = await places.take()
        order.append(number)
        places.give(place)

    polls = [asyncio.ensure_future(poll(number)) for number in range(3)]
    await asyncio.sleep(0)
    places.give(first)
    await asyncio.gather(*polls)
    assert order == [2, 1, 0]


async def test_as_many_at_once_as_there_are_places() -> None:
    """Who ends lets the next one begin, and nobody is forgotten."""
    places, at_work, most = Places(3), 0, 0

    async def poll() -> None:
        nonlocal at_work, most
        place = await places.take()
        try:
            at_work += 1
            most = max(most, at_work)
            await asyncio.sleep(0)
            at_work -= 1
        finally:
            places.give(place)

    await asyncio.gather(*(poll() for _ in range(50)))
    assert (at_work, most) == (0, 3)


async def test_who_waits_for_a_device_keeps_nobody_waiting() -> None:
    """Its place goes to the others, and giving it back later adds none."""
    places = Places(1)
    silent = await places.take()
    async with asyncio.timeout(20):
        following = await places.take()
    places.give(silent)
    third = asyncio.ensure_future(places.take())
    await asyncio.sleep(0)
    assert not third.done()
    places.give(following)
    places.give(await third)


async def test_a_busy_loop_lets_nobody_in_early() -> None:
    """Where the look comes late, those at work wait for the processor: more of them would make it worse."""
    places = Places(1)
    working = await places.take()
    waits = asyncio.ensure_future(places.take())
    await asyncio.sleep(0)
    time.sleep(LOOK + 2 * BUSY)  # noqa: ASYNC251 (this is the busy loop)
    await asyncio.sleep(0.01)
    assert not waits.done()
    places.give(working)
    places.give(await waits)


async def test_who_is_cancelled_while_waiting_takes_no_place_along() -> None:
    """Before its turn, and in the very moment of it."""
    places = Places(1)
    first = await places.take()
    early, late = (asyncio.ensure_future(places.take()) for _ in range(2))
    await asyncio.sleep(0)
    early.cancel()
    await asyncio.sleep(0)
    places.give(first)
    late.cancel()
    await asyncio.gather(early, late, return_exceptions=True)
    async with asyncio.timeout(20):
        places.give(await places.take())
