"""Serves an app on a socket with uvicorn, inside the agent's loop and without touching its signals."""

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
        app: What answers.
        sock: Listens already; closed at stop.
        connections: Who may be connected, and for how long.
        spare: File descriptors that are set aside for its connections.
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
        """Answer from now on."""
        server = _server(self._app, self._connections, self._acceptor, self._stop)
        self._serving = asyncio.create_task(server.serve([]), name="telemetry-server")
        await asyncio.sleep(0)

    async def stop(self) -> None:
        """Finish what is being answered (1 s at most), then close. Safe without start, and twice."""
        self._acceptor.stop()
        self._stop.set()
        if self._serving is not None:
            await self._serving


def _server(app: ASGIApp, connections: Connections, acceptor: Acceptor, stop: asyncio.Event) -> Any:
    """A uvicorn server that takes its connections from `acceptor`, and waits for `stop` instead of waking ten
    times a second to look for it.
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
            date_header=False,  # it would be the one of the start
            proxy_headers=False,
            timeout_keep_alive=round(connections.limits.idle),
            timeout_graceful_shutdown=1,
        )
    )
