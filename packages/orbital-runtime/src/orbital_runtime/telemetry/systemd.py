"""Tells systemd how the agent is (sd_notify(3)): ready, reloading, stopping, a line of status, signs of life.

Signs of life come from the agent's own loop, and only while the scheduler turns: what hangs is started anew.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from contextlib import contextmanager, suppress
from textwrap import shorten
from typing import TYPE_CHECKING, Final

from orbital_runtime.telemetry.health import alive, reasons

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from orbital_runtime.telemetry.sources import Sources

log = logging.getLogger("orbital.service")

EVERY: Final = 10.0
"""Seconds between two lines of status, at most."""
LONGEST: Final = 1000
"""Characters of such a line: systemd takes 4 KiB in all."""


class Service:
    """The agent as a unit of a service manager; does nothing where `NOTIFY_SOCKET` names none.

    Args:
        sources: What is looked at.
        environ: `NOTIFY_SOCKET`, and `WATCHDOG_USEC` with `WATCHDOG_PID` where signs of life are wanted.
    """

    def __init__(self, sources: Sources, environ: Mapping[str, str]) -> None:
        self._sources = sources
        self._address = environ.get("NOTIFY_SOCKET", "")
        self._deaf = False
        patience = _patience(environ)
        self.every = EVERY if patience is None else min(EVERY, patience / 3)
        """Seconds between two signs of life."""

    def ready(self) -> None:
        """It runs, with the configuration that was read last."""
        self._tell("READY=1", f"STATUS={self._status()}")

    @contextmanager
    def reloading(self) -> Generator[None]:
        """It reads its configuration again, for as long as the block lasts and whatever comes of it."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
        try:
            yield
        finally:
            if self._sources.state() == "running":
                self.ready()

    def stopping(self) -> None:
        """It collects no more, and delivers what it can."""
        self._tell(
            "STOPPING=1", "STATUS=stopping: running collections end, the last samples go out"
        )

    async def run(self) -> None:
        """Tell the status again and again, with a sign of life, until cancelled."""
        while self._address:
            await asyncio.sleep(self.every)
            sign = [] if alive(self._sources) else ["WATCHDOG=1"]
            self._tell(f"STATUS={self._status()}", *sign)

    def _status(self) -> str:
        tasks, waiting = len(self._sources.scheduler.states()), self._sources.buffer.usage().samples
        words = [f"{tasks} tasks, {waiting} samples wait"]
        words += [reason.message for reason in reasons(self._sources)]
        return shorten("; ".join(words), LONGEST, placeholder=" …")

    def _tell(self, *lines: str) -> None:
        """A service manager that does not listen now may do so again."""
        try:
            notify(self._address, *lines)
            self._deaf = False
        except OSError as error:
            if not self._deaf:
                log.warning("%s (NOTIFY_SOCKET) does not listen: %s", self._address, error.strerror)
            self._deaf = True


def notify(address: str, *lines: str) -> None:
    """Tell the service manager at this address (`NOTIFY_SOCKET`); nothing where it is empty.

    Raises:
        OSError: It does not listen.
    """
    if not address:
        return
    place = f"\0{address[1:]}" if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as way:
        way.setblocking(False)
        way.sendto("\n".join(lines).encode(), place)


def bad_configuration(problems: Sequence[object], environ: Mapping[str, str]) -> None:
    """Let `systemctl status` say why it does not start."""
    more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
    words = f"the configuration is bad: {problems[0]}{more}"
    status = shorten(words, LONGEST, placeholder=" …")
    with suppress(OSError):  # the journal has it anyway
        notify(environ.get("NOTIFY_SOCKET", ""), f"STATUS={status}")


def _patience(environ: Mapping[str, str]) -> float | None:
    """Seconds that the service manager waits for a sign of life; None where it wants none of this process."""
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    try:
        return int(environ.get("WATCHDOG_USEC", "")) / 1e6 or None
    except ValueError:
        return None
