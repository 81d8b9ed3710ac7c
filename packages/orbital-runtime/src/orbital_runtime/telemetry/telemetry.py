"""The telemetry station: an HTTP socket for reading, and a Unix socket for the owner."""

from __future__ import annotations

import asyncio
import logging
import os
from typing import TYPE_CHECKING, Final

from orbital_runtime.telemetry.server import listen
from orbital_runtime.telemetry.server.app_server import AppServer
from orbital_runtime.telemetry.server.connections import ConnectionLimits, Connections
from orbital_runtime.telemetry.server.token_file import token_in

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from orbital_runtime.telemetry.sources import Control, Sources

log = logging.getLogger("orbital.telemetry")

SPARE: Final = 8
"""Number of file descriptors set aside for the owner's socket."""


class Telemetry:
    """Serves the agent's metrics, health and API.

    Args:
        sources: The parts of the agent.
        control: Actions for the owner.
        socket: Path of the owner's Unix socket.
        address: Host and port to serve HTTP on; None for no HTTP.
        host_names: Additional host names accepted in HTTP requests.
        task_series: Maximum tasks with series of their own in `/metrics`.
        limits: Limits for the connections of each socket.
        token: Path of the file with the token of HTTP requests; made at the first start.
    """

    def __init__(
        self,
        sources: Sources,
        control: Control,
        *,
        socket: Path,
        address: tuple[str, int] | None,
        token: Path,
        host_names: Sequence[str] = (),
        task_series: int = 1000,
        limits: ConnectionLimits = ConnectionLimits(),  # noqa: B008 (frozen)
    ) -> None:
        self._sources = sources
        self._control = control
        self._path = socket
        self._address = address
        self._token_file = token
        self._host_names = host_names
        self._task_series = task_series
        self._limits = limits
        self._servers: list[AppServer] = []
        self._inode = 0
        self.url = ""
        """URL of the HTTP socket; empty before the start, and without HTTP."""
        self.token = ""
        """Of HTTP requests; empty before the start."""

    async def start(self) -> None:
        """Listen and serve.

        Raises:
            CannotListen: Another agent runs here, or the port is in use. No socket is left open.
        """
        owner = listen.unix(self._path)
        self._inode = self._path.lstat().st_ino
        try:
            public = None if self._address is None else listen.tcp(*self._address)
        except listen.CannotListen:
            owner.close()
            listen.remove(self._path, self._inode)
            raise
        from orbital_runtime.telemetry.api import routes  # noqa: PLC0415 (late: commands don't serve)
        from orbital_runtime.telemetry.metrics.exposition import Metrics  # noqa: PLC0415 (as above)
        from orbital_runtime.telemetry.server.access import Access  # noqa: PLC0415 (as above)
        from orbital_runtime.telemetry.server.host_names import HostNames  # noqa: PLC0415 (as above)

        connections = Connections(self._limits)
        metrics = Metrics(self._sources, connections, task_series=self._task_series)
        self.token = token_in(self._token_file)
        commands = routes.owning(self._sources, metrics, self._control, self.token)
        self._servers = [AppServer(commands, owner, Connections(self._limits), spare=SPARE)]
        if public is not None:
            pages = Access(routes.public(self._sources, metrics, self._control), self.token)
            pages = HostNames(pages, self._host_names)
            self._servers.append(AppServer(pages, public, connections))
            self._announce(listen.url(public), public_to_all=not listen.is_loopback(public))
        await asyncio.gather(*(server.start() for server in self._servers))
        log.debug("the command line is served on %s", self._path)

    async def stop(self) -> None:
        """Close both sockets. Safe without `start`, and idempotent."""
        servers, self._servers = self._servers, []
        if servers:
            listen.remove(self._path, self._inode)
        await asyncio.gather(*(server.stop() for server in servers))

    def _announce(self, url: str, *, public_to_all: bool) -> None:
        self.url = url
        log.info("listening on %s (/metrics, /healthz, /readyz, /api/v1/status)", url)
        if public_to_all:
            log.warning(
                "%s is open to other machines: they read /metrics, and all else with the token that"
                " `sentinel token` prints, in clear text", url,
            )  # fmt: skip


def socket_path(setting: str, runtime_dir: Path) -> Path:
    """Path of the owner's socket: as configured, otherwise in the runtime folder."""
    return runtime_dir.joinpath(os.path.expanduser(setting) or "sentinel.sock")  # noqa: PTH111 (as text)
