"""The agent's own computations on threads."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from orbital_runtime.threads import in_background


async def test_the_agents_own_computations_do_not_wait_for_plugins():
    """A plugin may fill the loop's default pool with threads that do not return."""
    gate, loop = threading.Event(), asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(1))
    stuck = [asyncio.ensure_future(asyncio.to_thread(gate.wait)) for _ in range(3)]
    assert await in_background(divmod, 7, 2) == (3, 1)
    assert not any(one.done() for one in stuck)
    gate.set()
    await asyncio.gather(*stuck)
    with pytest.raises(ZeroDivisionError):
        await in_background(divmod, 1, 0)
