"""What a deadline costs a run: the coroutine driven by hand, and in a task of its own (decision 12)."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from orbital_bench import report
from orbital_runtime.guard.calls.deadlines import Deadlines
from orbital_runtime.guard.calls.within import within
from orbital_runtime.guard.calls.work import Work

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    Form = Callable[[Coroutine[Any, Any, None]], Awaitable[None]]

SETTINGS: Final = (
    ("runs", "50 at once, 400 each; the best of 5 rounds", ""),
    ("waits", "how often a run gives way to the loop, as it does for an answer", ""),
    ("loop", "asyncio's own", ""),
)
AT_ONCE: Final = 50
EACH: Final = 400
ROUNDS: Final = 5
LIMIT: Final = 10.0
WAITS: Final = (0, 1, 3)


def run() -> None:
    """Print one row for each form."""
    report.settings(SETTINGS, "no peer")
    head = ("form", *[f"us/run, {waits} waits" for waits in WAITS])
    rows = [(name, *[_best(form, waits) for waits in WAITS]) for name, form in _forms().items()]
    report.table("A run's deadline", head, rows)


def _forms() -> dict[str, Form]:
    forms: dict[str, Form] = {
        "no deadline": _bare,
        "by hand, one timer for all (what the agent does)": _by_hand(),
        "a task and `asyncio.wait`": _in_a_task,
    }
    if sys.version_info >= (3, 12):
        forms["an eager task and `asyncio.wait`"] = _in_an_eager_task
        forms["an eager task, one timer for all"] = _eager_with_one_timer()
    return forms


def _best(form: Form, waits: int) -> float:
    """Microseconds of CPU."""
    return min(asyncio.run(_measure(form, waits)) for _ in range(ROUNDS))


async def _measure(form: Form, waits: int) -> float:
    async def runs() -> None:
        for _ in range(EACH):
            await form(_collect(waits))

    begun = time.process_time()
    await asyncio.gather(*(runs() for _ in range(AT_ONCE)))
    return (time.process_time() - begun) * 1e6 / (AT_ONCE * EACH)


async def _collect(waits: int) -> None:
    for _ in range(waits):
        await asyncio.sleep(0)


async def _bare(work: Coroutine[Any, Any, None]) -> None:
    await work


def _by_hand() -> Form:
    deadlines = Deadlines()

    async def form(work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 (a coroutine runs in one)
        running = Work(work, "bench")
        deadlines.set(running, time.monotonic() + LIMIT, task)
        try:
            await running
        finally:
            deadlines.clear(running)

    return form


async def _in_a_task(work: Coroutine[Any, Any, None]) -> None:
    await within(LIMIT, Work(work, "bench"))


def _eager(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    task: Any = asyncio.Task  # the type checker's Python is 3.11
    return task(work, loop=asyncio.get_running_loop(), eager_start=True)


async def _in_an_eager_task(work: Coroutine[Any, Any, None]) -> None:
    task = _eager(work)
    if not task.done():
        await asyncio.wait({task}, timeout=LIMIT)
    task.result()


def _eager_with_one_timer() -> Form:
    """The least that it can cost: a task that swallows its cancellation would not be let go of."""
    deadlines = Deadlines()

    async def form(work: Coroutine[Any, Any, None]) -> None:
        running = Work(work, "bench")
        task = _eager(work)
        if task.done():
            return
        deadlines.set(running, time.monotonic() + LIMIT, task)
        try:
            await task
        finally:
            deadlines.clear(running)

    return form
