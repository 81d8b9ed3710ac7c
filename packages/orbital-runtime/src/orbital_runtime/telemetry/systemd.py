"""Notifies systemd (sd_notify(3)): ready, reloading, stopping, a status line, watchdog signals.

Watchdog signals come from the agent's event loop, and only while the scheduler runs: a hung agent is
restarted.
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
from orbital_sdk.text import plural

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from orbital_runtime.telemetry.sources import Sources

log = logging.getLogger("orbital.service")

EVERY: Final = 10.0
"""Maximum seconds between two status lines."""
LONGEST: Final = 1000
"""Maximum characters of a status line: systemd accepts 4 KiB in all."""


class Service:
    """Notifications to a service manager; does nothing without `NOTIFY_SOCKET`.

    Args:
        sources: The parts of the agent.
        environ: `NOTIFY_SOCKET`, and `WATCHDOG_USEC` with `WATCHDOG_PID` if the watchdog is enabled.
    """

    def __init__(self, sources: Sources, environ: Mapping[str, str]) -> None:
        self._sources = sources
        self._address = environ.get("NOTIFY_SOCKET", "")
        self._deaf = False
        patience = _patience(environ)
        self.every = EVERY if patience is None else min(EVERY, patience / 3)
        """Seconds between two watchdog signals."""

    def ready(self) -> None:
        """Notify that the agent runs, with the current configuration."""
        self._notify("READY=1", f"STATUS={self._status()}")

    @contextmanager
    def reloading(self) -> Generator[None]:
        """Notify a reload for the duration of the block, whether or not it succeeds."""
        self._notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
        try:
            yield
        finally:
            if self._sources.state() == "running":
                self.ready()

    def stopping(self) -> None:
        """Notify that the agent stops."""
        self._notify(
            "STOPPING=1", "STATUS=stopping: running collections end, the last samples go out"
        )

    async def run(self) -> None:
        """Send status lines and watchdog signals until cancelled."""
        while self._address:
            await asyncio.sleep(self.every)
            sign = [] if alive(self._sources) else ["WATCHDOG=1"]
            self._notify(f"STATUS={self._status()}", *sign)

    def _status(self) -> str:
        tasks, waiting = len(self._sources.scheduler.states()), self._sources.buffer.usage().samples
        words = [f"{plural(tasks, 'task')}, {plural(waiting, 'sample waits', 'samples wait')}"]
        words += [reason.message for reason in reasons(self._sources)]
        return shorten("; ".join(words), LONGEST, placeholder=" …")

    def _notify(self, *lines: str) -> None:
        """Send lines; an error is logged once, as the service manager may listen again later."""
        try:
            notify(self._address, *lines)
            self._deaf = False
        except OSError as error:
            if not self._deaf:
                log.warning("%s (NOTIFY_SOCKET) does not listen: %s", self._address, error.strerror)
            self._deaf = True


def notify(address: str, *lines: str) -> None:
    """Send lines to the service manager at this address (`NOTIFY_SOCKET`); does nothing if it is empty.

    Raises:
        OSError: The service manager does not listen.
    """
    if not address:
        return
    place = f"\0{address[1:]}" if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as way:
        way.setblocking(False)
        way.sendto("\n".join(lines).encode(), place)


def bad_configuration(problems: Sequence[object], environ: Mapping[str, str]) -> None:
    """Show in `systemctl status` why the agent does not start."""
    more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
    words = f"the configuration is bad: {problems[0]}{more}"
    status = shorten(words, LONGEST, placeholder=" …")
    with suppress(OSError):  # the journal has the message, too
        notify(environ.get("NOTIFY_SOCKET", ""), f"STATUS={status}")


def _patience(environ: Mapping[str, str]) -> float | None:
    """The watchdog timeout in seconds; None if the watchdog is not enabled for this process."""
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    try:
        return int(environ.get("WATCHDOG_USEC", "")) / 1e6 or None
    except ValueError:
        return None
