"""Where names are looked for: c-ares first, and the system's own resolver where it knows more."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import pycares

from orbital_resolver.answer import Answer, Failed
from orbital_resolver.channel import Channel
from orbital_resolver.errors import SILENT
from orbital_resolver.loopback import as_listed
from orbital_resolver.pace import Pace
from orbital_resolver.switch import other_sources

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orbital_resolver.system import System

LONGEST: Final = 5.0
"""Seconds that a look-up may take."""
REFRESH: Final = 60.0
"""Seconds after which c-ares begins anew: it remembers answers by its own rules, `no such name` for up to an
hour.
"""
LOOK: Final = 1.0
"""Seconds between two looks at the files."""


class Files(NamedTuple):
    """What says how names are to be found."""

    resolv_conf: Path = Path("/etc/resolv.conf")
    nsswitch: Path = Path("/etc/nsswitch.conf")
    hosts: Path = Path("/etc/hosts")


SYSTEM: Final = Files()


class Sources:
    """All that can be asked.

    Args:
        servers: As `Channel`.
        files: Others than the system's; of resolv.conf, only whether it changed.
        system: The system's own resolver.
        on_change: Called when a file changed, so that what is known may be wrong.
        now: Monotonic seconds.
    """

    def __init__(
        self,
        servers: Sequence[str],
        files: Files,
        system: System,
        on_change: Callable[[], None],
        now: Callable[[], float],
    ) -> None:
        self._servers = servers
        self._files = files
        self._on_change = on_change
        self._now = now
        self._seen: object = None
        self._looked = self._made = float("-inf")
        self._channel: Channel | None = None
        self._others: frozenset[str] = frozenset()
        self._system = system
        self._pace = Pace()

    def look(self) -> None:
        """Take note of changed files, now and then."""
        now = self._now()
        if now - self._looked < LOOK:
            return
        self._looked = now
        seen = tuple(map(_signature, self._files))
        if seen != self._seen:
            if self._seen is not None:
                self._on_change()
            self._seen = seen
            self._others = other_sources(self._files.nsswitch)
            self._renew(now)
        elif now - self._made > REFRESH:
            self._renew(now)

    async def ask(self, name: str, family: int) -> Answer:
        """What is to be found out about a name, within `LONGEST`.

        Raises:
            Failed: No address.
        """
        try:
            async with asyncio.timeout(LONGEST):
                return await self._ask(name, family)
        except TimeoutError:
            raise Failed(SILENT) from None

    async def _ask(self, name: str, family: int) -> Answer:
        if self._others and _is_local(name):
            return await self._system.ask(name, family)
        async with self._pace.turn():
            channel = self._channel
            if channel is None:
                return await self._system.ask(name, family)
            try:
                answer = await channel.ask(name, family)
            except Failed as failed:
                if not (self._others and failed.failure.final):
                    raise
                unknown = failed
            else:
                return replace(answer, places=as_listed(name, answer.places, self._files.hosts))
        try:
            return await self._system.ask(name, family)
        except Failed:
            raise unknown from None  # the name server's words say more than the system's

    def _renew(self, now: float) -> None:
        self._made = now
        if self._channel is not None:
            self._channel.close()
        self._channel = None
        if sys.platform != "win32":  # whose usual loop cannot watch sockets of others
            with contextlib.suppress(pycares.AresError):
                self._channel = Channel(self._servers)


def _is_local(name: str) -> bool:
    """Whether it is one of multicast DNS (RFC 6762), of which name servers know nothing."""
    return name.lower().rstrip(".").endswith(".local")


def _signature(path: Path) -> object:
    try:
        status = os.stat(path)  # noqa: PTH116 (one call, each second)
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
