"""Long work in slices, and the garbage collector kept out of it."""

from __future__ import annotations

import asyncio
import gc

import pytest

from orbital_runtime.slices import free, in_slices, without_collector


async def test_others_get_their_turn_between_slices():
    """Each slice here is as short as can be, so that they come after every item."""
    order: list[object] = []

    async def work():
        nonlocal order
        async for item in in_slices(range(3), seconds=0):
            order += [item]

    async def other():
        for turn in "abc":
            order.append(turn)
            await asyncio.sleep(0)

    await asyncio.gather(work(), other())
    assert order == [0, "a", 1, "b", 2, "c"]


async def test_short_work_is_not_cut():
    """Nobody else's turn comes in between where there is time for all of it."""
    others: list[str] = []
    asyncio.get_running_loop().call_soon(others.append, "turn")
    seen = [(item, len(others)) async for item in in_slices("xyz", seconds=3600)]
    assert seen == [("x", 0), ("y", 0), ("z", 0)]


async def test_work_can_be_cancelled_between_slices():
    """What was done until then is done, and the rest is not begun."""
    done: list[int] = []

    async def work():
        async for item in in_slices(range(1_000_000), seconds=0):
            done.append(item)
            if item == 2:
                working.cancel()

    working = asyncio.create_task(work())
    with pytest.raises(asyncio.CancelledError):
        await working
    assert done == [0, 1, 2]


async def test_what_nobody_needs_is_emptied():
    """All of it."""
    things: dict[object, object] = {n: [n] for n in range(10_000)}
    await free(things)
    assert things == {}


@pytest.fixture
def thawed():
    """Nothing stays frozen for other tests."""
    yield
    gc.enable()
    gc.unfreeze()


@pytest.mark.usefixtures("thawed")
async def test_the_collector_is_back_afterwards():
    """Also after a failure, and only after the outermost; one that was off stays off."""
    assert gc.isenabled()
    with without_collector():
        with pytest.raises(ZeroDivisionError), without_collector():
            raise ZeroDivisionError
        assert not gc.isenabled()
    assert gc.isenabled()
    gc.disable()
    with without_collector():
        pass
    assert not gc.isenabled()


@pytest.mark.usefixtures("thawed")
async def test_the_collector_is_back_where_the_work_hangs():
    """Garbage does not pile up for as long as a dead file server does not answer."""
    with without_collector(longest=0):
        async with asyncio.timeout(60):
            while not gc.isenabled():  # noqa: ASYNC110 (the collector has no event)
                await asyncio.sleep(0)
    assert gc.isenabled()
