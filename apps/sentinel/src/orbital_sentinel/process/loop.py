"""Runs asynchronous work in this process, and lets go of what does not end.

asyncio itself waits without limit for tasks that ignore their cancellation and for threads that do not
return, and strangers' plugins have both. Here they are given up, and `shutdown.leave` ends the process.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final, TypeVar

from orbital_sentinel.process.shutdown import left_behind

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")

log = logging.getLogger("orbital.agent")

LAST_WORDS: Final = 1.0
"""Seconds that what is left over gets to end."""


def run(work: Coroutine[Any, Any, T], *, alone: bool = True) -> T:
    """As `asyncio.run`, on uvloop where it is installed.

    Args:
        work: To be run to its end.
        alone: Whether a KeyboardInterrupt is the user's and ends it. Otherwise it comes out of a stranger's
            task, as SystemExit does, and the loop goes on.
    """
    stubborn: list[str] = []
    runner = asyncio.Runner(loop_factory=_factory())
    try:
        ending = _to_the_end(work, stubborn)
        return runner.run(ending) if alone else _run_on(runner.get_loop(), ending)
    finally:
        if stubborn:
            log.warning("exiting without waiting for %s", " and ".join(stubborn))
            left_behind.append(runner)
        else:
            runner.close()


def _run_on(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T]) -> T:
    """Both stop asyncio's loop, whichever task raises them; who awaits that task gets them, too."""
    task = loop.create_task(work)
    while True:
        try:
            return loop.run_until_complete(task)
        except (KeyboardInterrupt, SystemExit):
            if task.done():
                raise
            log.exception("code outside of a run tried to end the agent; ignored")


def _factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        from uvloop import new_event_loop
    except ImportError:
        return None
    return new_event_loop


async def _to_the_end(work: Coroutine[Any, Any, T], stubborn: list[str]) -> T:
    try:
        return await work
    finally:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        if late := await _late(others):
            stubborn.append(f"tasks that ignore their cancellation ({len(late)})")
        idle = asyncio.ensure_future(asyncio.get_running_loop().shutdown_default_executor())
        if await _late({idle}):
            stubborn.append("threads")


async def _late(tasks: set[asyncio.Task[Any]]) -> set[asyncio.Task[Any]]:
    return (await asyncio.wait(tasks, timeout=LAST_WORDS))[1] if tasks else set()
