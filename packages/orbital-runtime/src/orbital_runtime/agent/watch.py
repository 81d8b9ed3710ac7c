"""Notices that configuration files changed, also where the system tells of no change."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from watchfiles import awatch  # pyright: ignore[reportUnknownVariableType] (trio has no types here)

from orbital_runtime.settings.signature import signature
from orbital_sdk.units import format_duration

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from orbital_runtime.settings.signature import Signature

log = logging.getLogger("orbital.agent")


async def changes(
    paths: tuple[Path, ...], known: Signature, interval: float, stop: asyncio.Event
) -> AsyncIterator[None]:
    """Yield after each change since `known`, until `stop`.

    Folders are watched, not files: an editor that replaces a file leaves a watch on the old one.

    Args:
        paths: Configuration files and folders of them.
        known: What they were when they were read: an agent takes its time to start.
        interval: Seconds between two looks where no change is told (network folders).
        stop: Ends it.
    """
    while (now := signature(*paths)) != known:
        known = now
        yield
    async for _ in _looks(paths, interval, stop):
        now = signature(*paths)
        if now != known:
            known = now
            yield


async def _looks(
    paths: tuple[Path, ...], interval: float, stop: asyncio.Event
) -> AsyncIterator[object]:
    """When to look: as the system tells, and every `interval`; only that where the system cannot tell."""
    folders = {(path if path.is_dir() else path.parent) for path in paths}
    try:
        async for told in awatch(
            *folders, stop_event=stop, recursive=False, rust_timeout=round(interval * 1000),
            yield_on_timeout=True, watch_filter=None, step=200,
        ):  # fmt: skip
            yield told
    except (OSError, RuntimeError) as error:  # no folder, no more watches, a strange file system
        again = format_duration(interval)
        log.warning("changes of files are not told here (%s): looking every %s", error, again)
    while not stop.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), interval)
        yield None
