"""Threads for tests: nobody waits at the end for one that hangs."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


async def in_thread(work: Callable[[], T]) -> T:
    """As `asyncio.to_thread`, on a daemon thread: a test of blocking code that hangs still ends."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(how: Callable[[Any], None], what: object) -> None:
        if not done.done():
            how(what)

    def report(how: Callable[[Any], None], what: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, how, what)

    def run() -> None:
        try:
            report(done.set_result, work())
        except StopIteration as error:  # no future can carry it
            report(done.set_exception, RuntimeError(f"a {error!r} came out"))
        except Exception as error:  # noqa: BLE001 (it belongs to whoever waits)
            report(done.set_exception, error)

    threading.Thread(target=run, name="orbital-test", daemon=True).start()
    return await done
