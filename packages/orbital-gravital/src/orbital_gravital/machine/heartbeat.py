"""Heartbeats: send the usage of this machine to Core, and follow the requests in its answers."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final, cast

import psutil

from orbital_gravital.errors import CoreError, IdentityLost
from orbital_gravital.machine.cpu import Cpu
from orbital_runtime.sender.pacing.backoff import backoff
from orbital_runtime.threads import in_background
from orbital_sdk.text import cut

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orbital_gravital.identity.line import Line
    from orbital_gravital.sections import HeartbeatSection
    from orbital_runtime.clock import Clock
    from orbital_runtime.extensions import Counts

log = logging.getLogger("orbital.core")

RETRY: Final = 2.0
"""Seconds between the attempts at one heartbeat."""
ERROR: Final = 500
"""Bytes of an error of the configuration."""


class Heartbeat:
    """Sends heartbeats, and calls back for what Core answers.

    Args:
        line: The connection to Core.
        section: Interval, timeout and retries.
        counts: Called before each heartbeat.
        volume: Folder on the volume whose disk usage is sent: the data folder.
        version: Version of the program; the same in registration and in every heartbeat.
        clock: For timestamps.
    """

    def __init__(
        self,
        line: Line,
        section: HeartbeatSection,
        *,
        counts: Callable[[], Counts],
        volume: Path,
        version: str,
        clock: Clock,
    ) -> None:
        self._line = line
        self._section = section
        self._counts = counts
        self._volume = volume
        self._version = version
        self._clock = clock
        self._cpu = Cpu()
        self._config_version: int | None = None
        self._unknown: set[str] = set()
        self._away = False
        self.on_heard: Callable[[], None] = lambda: None
        """Called when Core answered a heartbeat."""
        self.on_refresh: Callable[[], None] = lambda: None
        """Called when Core requests a fetch of the tasks."""
        self.on_reload: Callable[[], None] = lambda: None
        """Called when Core requests a reload of the configuration."""
        self.succeeded = 0
        self.failed = 0
        self.last_ms: int | None = None
        """Time of the last answered heartbeat, in milliseconds UTC."""

    async def run(self) -> None:
        """Send heartbeats until cancelled."""
        while True:
            await self._beat_until_answered()
            await asyncio.sleep(self._section.interval)

    async def beat(self) -> None:
        """Send one heartbeat, with retries.

        Raises:
            CoreError: No attempt succeeded.
        """
        body = await in_background(self._body)
        try:
            heard = await self._line.call(
                "POST", "/sentinels/heartbeat", body, timeout=self._section.timeout
            )
        except CoreError:
            self.failed += 1
            raise
        self.succeeded += 1
        self.on_heard()
        if self._away:
            self._away = False
            log.info("Core answers heartbeats again")
        self.last_ms = self._clock.utc_ms()
        if isinstance(heard, dict):
            self._listen(cast("dict[str, Any]", heard))

    async def _beat_until_answered(self) -> None:
        failures = 0
        while True:
            try:
                await self.beat()
            except CoreError as error:
                if isinstance(error, IdentityLost) and self._line.account.lost:
                    continue  # the next attempt waits for the new identity
                failures += 1
                level = logging.DEBUG if self._away else logging.WARNING
                log.log(level, "a heartbeat to Core failed: %s", error)
                self._away = True
                pause = min(RETRY, self._section.interval)
                await asyncio.sleep(
                    backoff(1, base=pause, cap=pause, chance=1.0, retry_after=error.retry_after)
                )
                if failures > self._section.retry_times:
                    return
            else:
                return

    def _body(self) -> dict[str, Any]:
        counts = self._counts()
        refused = {"config_error": cut(counts.config_error, ERROR)} if counts.config_error else {}
        return {
            "cpu_usage": self._cpu.percent(),
            "memory_usage": psutil.virtual_memory().percent,
            "disk_usage": _disk(self._volume),
            "task_count": counts.tasks,
            "plugin_count": counts.plugins,
            "uptime_seconds": int(counts.uptime),
            "version": self._version,
            **refused,  # a field of ours: a Core that does not know it leaves it out
        }

    def _listen(self, heard: dict[str, Any]) -> None:
        version = heard.get("config_version")
        if isinstance(version, int):
            if self._config_version is not None and version > self._config_version:
                self.on_refresh()
            self._config_version = version
        commands = heard.get("commands")
        for command in cast("list[Any]", commands) if isinstance(commands, list) else []:
            named = isinstance(command, dict)
            self._obey(cast("dict[str, Any]", command).get("action") if named else command)

    def _obey(self, command: object) -> None:
        match command:
            case "reload_config" | "reload":
                self.on_reload()
            case "fetch_tasks" | "refresh_tasks":
                self.on_refresh()
            case str() if command not in self._unknown and len(self._unknown) < 100:
                self._unknown.add(command)
                log.warning("Core sends a command that is not known here: %.50r", command)
            case _:
                pass


def _disk(folder: Path) -> float:
    """Used space of the volume in percent; 0 if it cannot be read."""
    for place in (folder, *folder.parents):
        try:
            return psutil.disk_usage(str(place)).percent
        except OSError:
            continue
    return 0.0
