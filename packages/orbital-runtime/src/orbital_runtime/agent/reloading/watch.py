"""Watches configuration files: by inotify, or by polling where the system does not report changes."""

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
    from collections.abc import AsyncGenerator, Callable, Iterable
    from pathlib import Path

    from orbital_runtime.signature import Signature

log = logging.getLogger("orbital.agent")

SETTLE: Final = 0.2
"""Seconds to wait after an event: editors save a file in several steps."""


async def changes(
    paths: Callable[[], tuple[Path, ...]], known: Signature, interval: float
) -> AsyncGenerator[None]:
    """Yield after each change since `known`, until cancelled or closed.

    Args:
        paths: Gives files and folders of them; called at each check.
        known: Their signature when they were read, possibly a while ago.
        interval: Seconds between two checks, for changes that are not reported (network folders).
    """
    async for _ in _checks(paths, interval):
        now = signature(*paths())
        if now != known:
            known = now
            yield


async def _checks(paths: Callable[[], tuple[Path, ...]], interval: float) -> AsyncGenerator[None]:
    """Yield when to check: after events, and every `interval`.

    Folders are watched, not files, since an editor that replaces a file leaves the watch on the old one.
    Watches are renewed before each check, since a folder may have been mounted again.
    """
    with ExitStack() as stack:
        events = Events(stack)
        said = False
        while True:
            folders = {(path if path.is_dir() else path.parent) for path in paths()}
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
    """Events of folders: inotify on Linux, none elsewhere.

    Args:
        stack: Closes the watches.
    """

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._inotify: Inotify | None = None

    def watch(self, folders: Iterable[Path]) -> str:
        """Watch these folders. Returns why that is not possible; empty if it is."""
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
        """Wait for an event, and until there are no more for a moment."""
        if self._inotify is None:
            await asyncio.sleep(math.inf)
        else:
            await self._inotify.get()
            await asyncio.sleep(SETTLE)
            while self._inotify.sync_get():
                pass
