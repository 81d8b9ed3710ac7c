"""Rests: a time, an event, or a cut, whichever comes first."""

from __future__ import annotations

import asyncio

import pytest

from orbital_runtime.sender.rest import Rest

NEVER = 3600.0


async def test_a_rest_ends_after_its_time():
    """And not because of an event that never comes."""
    await asyncio.wait_for(Rest().until(asyncio.Event().wait, seconds=0.01), timeout=10)


async def test_a_rest_ends_with_its_event():
    """However long it might have been."""
    event = asyncio.Event()
    resting = asyncio.ensure_future(Rest().until(event.wait, seconds=None))
    await asyncio.sleep(0)
    event.set()
    await asyncio.wait_for(resting, timeout=10)


@pytest.mark.parametrize("seconds", [None, NEVER])
async def test_a_rest_can_be_cut_short(seconds):
    """At once, and twice does no harm; the next rest is whole again."""
    rest = Rest()
    resting = asyncio.ensure_future(rest.until(seconds=seconds))
    await asyncio.sleep(0)
    rest.cut()
    rest.cut()
    await asyncio.wait_for(resting, timeout=10)
    resting = asyncio.ensure_future(rest.until(seconds=seconds))
    done, _ = await asyncio.wait({resting}, timeout=0.02)
    assert not done
    resting.cancel()
    await asyncio.wait({resting})


async def test_a_cut_before_the_rest_is_not_forgotten():
    """Somebody asked for haste while nothing rested: the next rest does not begin."""
    rest = Rest()
    rest.cut()
    await asyncio.wait_for(rest.until(seconds=None), timeout=10)


async def test_what_the_event_raises_is_raised():
    """A buffer that closes ends the wait with its own error."""

    async def closed():
        raise RuntimeError("closed")

    with pytest.raises(RuntimeError, match="closed"):
        await Rest().until(closed, seconds=None)
