"""Interruptible waits: a time, an event, or an interruption, whichever comes first."""

from __future__ import annotations

import asyncio

import pytest

from orbital_runtime.sender.pacing.interruptible import InterruptibleWait

NEVER = 3600.0


async def test_a_wait_ends_after_its_time():
    """And not because of an event that never comes."""
    await asyncio.wait_for(
        InterruptibleWait().until(asyncio.Event().wait, seconds=0.01), timeout=60
    )


async def test_a_wait_ends_with_its_event():
    """However long it might have been."""
    event = asyncio.Event()
    waiting = asyncio.ensure_future(InterruptibleWait().until(event.wait, seconds=None))
    await asyncio.sleep(0)
    event.set()
    await asyncio.wait_for(waiting, timeout=60)


@pytest.mark.parametrize("seconds", [None, NEVER])
async def test_a_wait_can_be_interrupted(seconds):
    """At once, and twice does no harm; the next wait is whole again."""
    wait = InterruptibleWait()
    waiting = asyncio.ensure_future(wait.until(seconds=seconds))
    await asyncio.sleep(0)
    wait.interrupt()
    wait.interrupt()
    await asyncio.wait_for(waiting, timeout=60)
    waiting = asyncio.ensure_future(wait.until(seconds=seconds))
    done, _ = await asyncio.wait({waiting}, timeout=0.02)
    assert not done
    waiting.cancel()
    await asyncio.wait({waiting})


async def test_an_interruption_before_the_wait_is_not_forgotten():
    """Somebody asked for haste while nothing waited: the next wait ends at once."""
    wait = InterruptibleWait()
    wait.interrupt()
    await asyncio.wait_for(wait.until(seconds=None), timeout=60)


async def test_what_the_event_raises_is_raised():
    """A buffer that closes ends the wait with its own error."""

    async def closed():
        raise RuntimeError("closed")

    with pytest.raises(RuntimeError, match="closed"):
        await InterruptibleWait().until(closed, seconds=None)
