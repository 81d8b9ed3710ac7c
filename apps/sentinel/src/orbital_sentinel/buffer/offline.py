"""The configured buffer without an agent: opened to read, or to change."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orbital_buffer.buffer import disk_buffer
from orbital_buffer.inspection.sources.directory import Directory
from orbital_buffer.letters.reader import UNLIMITED as KEEP_ALL
from orbital_buffer.model.limits import BufferLimits
from orbital_runtime.clock import SystemClock
from orbital_runtime.settings import BufferSection, SettingsError, load
from orbital_runtime.settings.source.gather import gather
from orbital_sentinel.errors import Failure

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from orbital_buffer.buffer import Buffer

UNLIMITED = BufferLimits(samples=None, size=None)
"""Limits for reading: opening the buffer must not drop anything."""


@dataclass(frozen=True)
class OfflineBuffer:
    """The buffer section of a configuration."""

    section: BufferSection

    @property
    def folder(self) -> Path:
        """The folder of the disk buffer.

        Raises:
            Failure: The buffer is in memory.
        """
        if self.section.type == "memory":
            raise Failure(
                "the buffer is in memory (buffer.type: memory), so nothing is left of it while no sentinel "
                "runs"
            )
        return Path(self.section.disk_path)

    def look(self) -> Directory:
        """Open it read-only.

        Raises:
            BufferUnusable, Failure
        """
        section = self.section
        limits = BufferLimits(samples=section.size, size=section.bytes)
        return Directory(self.folder, limits, sync=section.sync, min_free=section.min_free)

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[Buffer]:
        """Open it for changes: damage is repaired first, as by an agent. Nothing is dropped by opening, and
        outputs that got new samples before get them again.

        Raises:
            BufferUnusable, Failure
        """
        with self.look() as before:
            attached = [book.name for book in before.books().outputs if book.state == "attached"]
        section = self.section
        buffer = disk_buffer(
            self.folder, UNLIMITED, SystemClock(), min_free=section.min_free, letters=KEEP_ALL
        )
        await buffer.open()
        try:
            status = buffer.store.status()
            if not status.opened:
                raise Failure(
                    f"the buffer in {self.folder} does not open now, and nothing was changed: "
                    f"{status.trouble}; try again when its disk works"
                )
            for name in attached:
                buffer.attach(name)
            yield buffer
        finally:
            await buffer.close()


def offline_buffer(config: Path | None) -> OfflineBuffer:
    """The buffer of this configuration. Problems in other sections are ignored.

    Raises:
        SettingsError: The file, or its buffer section, cannot be read.
    """
    source = gather(config, os.environ)
    node = source.root.find(("buffer",))
    try:
        if not source.readable:
            raise SettingsError(source.problems)
        return OfflineBuffer(BufferSection.model_validate((node and node.plain()) or {}))
    except ValueError:  # raised by pydantic
        load(config, os.environ)  # raises with file and line
        raise
