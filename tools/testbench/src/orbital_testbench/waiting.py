"""Bounded waiting for what happens in another process, where there is no event to await."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

PATIENCE: Final = 120
"""Seconds: so long that a busy machine decides no test, and only what never happens fails."""


class NeverHappenedError(AssertionError):
    """The time is over."""


def wait_until(
    probe: Callable[[], T], *, timeout: float = PATIENCE, every: float = 0.05, what: str = ""
) -> T:
    """Call `probe` until it gives something true, and return that.

    Args:
        probe: Looks once.
        timeout: Seconds.
        every: Seconds between two looks.
        what: What was waited for, for the message.

    Raises:
        NeverHappenedError: With the last thing seen.
    """
    deadline = time.monotonic() + timeout
    while not (seen := probe()):
        if time.monotonic() > deadline:
            raise NeverHappenedError(
                f"{what or probe} did not happen in {timeout} s; last seen: {seen!r}"
            )
        time.sleep(every)
    return seen


async def eventually(
    probe: Callable[[], T],
    *,
    timeout: float = PATIENCE,  # noqa: ASYNC109 (it bounds the looks; there is nothing to cancel)
    every: float = 0.05,
    what: str = "",
) -> T:
    """`wait_until` for tests on an event loop: the probe runs on a thread, so it may block."""
    deadline = time.monotonic() + timeout
    while not (seen := await asyncio.to_thread(probe)):
        if time.monotonic() > deadline:
            raise NeverHappenedError(
                f"{what or probe} did not happen in {timeout} s; last seen: {seen!r}"
            )
        await asyncio.sleep(every)
    return seen
