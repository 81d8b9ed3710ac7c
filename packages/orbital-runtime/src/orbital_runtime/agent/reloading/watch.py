"""Notices that configuration files changed, also where the system tells of no change."""

from __future__ import annotations

import asyncio
import logging
import math
import sys
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Final

from orbital_runtime.signature import signature
from orbital_sdk.units import format_duration

if sys.platform == "linux":
    from asyncinotify import Inotify, Mask

    EVENTS: Final = (
        Mask.CLOSE_WRITE | Mask.CREATE | Mask.DELETE | Mask.MOVED_FROM | Mask.MOVED_TO | Mask.ATTRIB
    )

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable
    from pathlib import Path

    from orbital_runtime.signature import Signature

log = logging.getLogger("orbital.agent")

SETTLE: Final = 0.2
"""Seconds from the first event to the look: who saves a file often does so in several steps."""


async def changes(
    paths: tuple[Path, ...], known: Signature, interval: float
) -> AsyncGenerator[None]:
    """Yield after each change since `known`, until cancelled or closed.

    Args:
        paths: Configuration files and folders of them.
        known: What they were when they were read: an agent takes its time to start.
        interval: Seconds between two looks where no change is told (network folders).
    """
    async for _ in _looks(paths, interval):
        now = signature(*paths)
        if now != known:
            known = now
            yield


async def _looks(paths: tuple[Path, ...], interval: float) -> AsyncGenerator[None]:
    """When to look: as the system tells, and every `interval`; only that where the system cannot tell.

    Folders are watched, not files: an editor that replaces a file leaves a watch on the old one. They are
    watched anew before each look: one that was mounted again is another one.
    """
    folders = {(path if path.is_dir() else path.parent) for path in paths}
    with ExitStack() as stack:
        events = Events(stack)
        said = False
        while True:
            if (why := events.watch(folders)) and not said:
                said = True
                again = format_duration(interval)
                log.warning(
                    "the system does not report changes of files (%s): checking every %s",
                    why,
                    again,
                )
            yield
            with suppress(TimeoutError):
                async with asyncio.timeout(interval):
                    await events.next()


class Events:
    """What the system tells of folders: inotify on Linux, nothing elsewhere.

    Args:
        stack: Closes it.
    """

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._inotify: Inotify | None = None

    def watch(self, folders: Iterable[Path]) -> str:
        """Listen to these, as far as that is possible. Gives why it is not; empty where it is."""
        if sys.platform != "linux":
            return "this system has no inotify"
        try:
            if self._inotify is None:
                self._inotify = self._stack.enter_context(Inotify(sync_timeout=0))
            for folder in folders:
                self._inotify.add_watch(folder, EVENTS)  # pyright: ignore[reportUnknownMemberType] (PathLike of anything)
        except OSError as error:  # no folder, no more watches, a strange file system
            return str(error)
        return ""

    async def next(self) -> None:
        """Return when something happened, and nothing more did for a moment."""
        if self._inotify is None:
            await asyncio.sleep(math.inf)
        else:
            await self._inotify.get()
            await asyncio.sleep(SETTLE)
            while self._inotify.sync_get():
                pass
