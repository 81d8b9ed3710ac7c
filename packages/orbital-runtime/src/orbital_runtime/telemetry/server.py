"""Serves an app on a socket with uvicorn, inside the agent's loop and without touching its signals."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket
    from collections.abc import Generator

    from starlette.applications import Starlette


class AppServer:
    """One app on one listening socket.

    Args:
        app: What answers.
        sock: Listens already; closed at stop.
    """

    def __init__(self, app: Starlette, sock: socket.socket) -> None:
        self._app = app
        self._sock = sock
        self._stop = asyncio.Event()
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Answer from now on."""
        server = _server(self._app, self._stop)
        self._serving = asyncio.create_task(server.serve([self._sock]), name="telemetry-server")
        await asyncio.sleep(0)

    async def stop(self) -> None:
        """Finish what is being answered (1 s at most), then close. Safe without start, and twice."""
        self._stop.set()
        if self._serving is not None:
            await self._serving
        self._sock.close()


def _server(app: Starlette, stop: asyncio.Event) -> Any:
    """A uvicorn server that waits for `stop` instead of waking ten times a second to look for it."""
    import uvicorn  # noqa: PLC0415 (late: the start of a command must not pay for it)

    class Quiet(uvicorn.Server):
        @contextlib.contextmanager
        def capture_signals(self) -> Generator[None]:
            yield

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
            limit_concurrency=64,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=1,
        )
    )
