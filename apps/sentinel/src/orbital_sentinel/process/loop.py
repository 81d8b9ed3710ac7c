"""Runs a coroutine in this process, and abandons tasks and threads that do not end.

asyncio itself waits without limit for tasks that ignore their cancellation and for threads that do not
return; third-party plugins may have both. Here they are abandoned, and `shutdown.leave` ends the process.
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

CANCEL_GRACE: Final = 1.0
"""Seconds that remaining tasks and threads get to end."""


def run(work: Coroutine[Any, Any, T], *, alone: bool = True) -> T:
    """As `asyncio.run`, on uvloop where it is installed.

    Args:
        work: The coroutine to run.
        alone: Whether a KeyboardInterrupt comes from the user and ends it. Otherwise, like a SystemExit, it
            was raised by a plugin's task, and the loop goes on.
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
    """Run again after KeyboardInterrupt and SystemExit, which stop the loop whichever task raises them."""
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
    return (await asyncio.wait(tasks, timeout=CANCEL_GRACE))[1] if tasks else set()
