"""Serves an app on a socket with uvicorn, in the agent's event loop and without its signal handlers."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import TYPE_CHECKING, Any

from orbital_runtime.telemetry.server.acceptor import Acceptor

if TYPE_CHECKING:
    import socket
    from collections.abc import Generator, Sequence

    from starlette.types import ASGIApp

    from orbital_runtime.telemetry.server.connections import Connections


class AppServer:
    """One app on one listening socket.

    Args:
        app: The ASGI app.
        sock: A listening socket; closed at stop.
        connections: The open connections and their limits.
        spare: Number of file descriptors set aside for its connections.
    """

    def __init__(
        self, app: ASGIApp, sock: socket.socket, connections: Connections, *, spare: int = 0
    ) -> None:
        self._app = app
        self._connections = connections
        self._acceptor = Acceptor(sock, spare)
        self._stop = asyncio.Event()
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start serving."""
        server = _server(self._app, self._connections, self._acceptor, self._stop)
        self._serving = asyncio.create_task(server.serve([]), name="telemetry-server")
        await asyncio.sleep(0)

    async def stop(self) -> None:
        """Finish requests in progress (1 s at most), then close. Safe without `start`, and idempotent."""
        self._acceptor.stop()
        self._stop.set()
        if self._serving is not None:
            await self._serving


def _server(app: ASGIApp, connections: Connections, acceptor: Acceptor, stop: asyncio.Event) -> Any:
    """A uvicorn server that gets its connections from `acceptor`, and waits for `stop` instead of polling ten
    times per second.
    """
    import uvicorn  # noqa: PLC0415 (late: the start of a command must not pay for it)

    from orbital_runtime.telemetry.server.protocol import DeadlineProtocol  # noqa: PLC0415 (as above)

    class Quiet(uvicorn.Server):
        @contextlib.contextmanager
        def capture_signals(self) -> Generator[None]:
            yield

        async def startup(self, sockets: Sequence[socket.socket] | None = None) -> None:
            protocol = partial(
                DeadlineProtocol, connections, acceptor.spare.refill, config=self.config
            )
            acceptor.start(partial(protocol, server_state=self.server_state, app_state={}))
            self.servers = []
            self.started = True

        async def main_loop(self) -> None:
            await self.on_tick(0)
            await stop.wait()

    return Quiet(
        uvicorn.Config(
            app,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,  # it would be the time of the start
            proxy_headers=False,
            timeout_keep_alive=round(connections.limits.idle),
            timeout_graceful_shutdown=1,
        )
    )
