"""Finds what holds the event loop: while it runs nothing else does, other tasks and time limits included."""

from __future__ import annotations

import asyncio
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from types import FrameType

TICK: Final = 0.05
"""Seconds between two looks."""
TICKS: Final = 10
"""Looks without a turn of the loop. Looks and no seconds: a busy machine delays both threads."""
_OURS: Final = ("orbital_sdk.testing.", "orbital_sdk.calling.invoke")
"""Modules that call the author's code."""


@contextmanager
def holds_of(module: str) -> Generator[list[str]]:
    """Collects where code of a package held the loop, as `FILE:LINE in FUNCTION()`; each place once.

    Args:
        module: One of the package.
    """
    package = module.partition(".")[0]
    places: list[str] = []
    ended = threading.Event()
    watch = threading.Thread(
        target=_watch,
        args=(asyncio.get_running_loop(), threading.get_ident(), package, places, ended),
        name="orbital-test",
        daemon=True,
    )
    watch.start()
    try:
        yield places
    finally:
        ended.set()
        watch.join()


def _watch(
    loop: asyncio.AbstractEventLoop,
    watched: int,
    package: str,
    places: list[str],
    ended: threading.Event,
) -> None:
    turned, looks = threading.Event(), 0
    turned.set()
    while not ended.wait(TICK):
        if turned.is_set():
            turned.clear()
            loop.call_soon_threadsafe(turned.set)
            looks = 0
            continue
        looks += 1
        if looks == TICKS:
            frame = sys._current_frames().get(watched)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] (documented, for debugging)
            place = _place(frame, package)
            places += [place] if place and place not in places else []


def _place(frame: FrameType | None, package: str) -> str:
    """The innermost line of this package; nothing where the kit itself is at work."""
    for one in _outwards(frame):
        name = one.f_globals.get("__name__", "")
        if name.startswith(_OURS):
            return ""
        if name.partition(".")[0] == package:
            return f"{one.f_code.co_filename}:{one.f_lineno} in {one.f_code.co_name}()"
    return ""


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back
