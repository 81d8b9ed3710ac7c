"""An HTTP connection with deadlines; uvicorn's own protocol has them only between two requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from orbital_runtime.telemetry.server.connections import Connections


class DeadlineProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 protocol, but it aborts a connection that exceeds a deadline.

    Args:
        connections: All open connections, and their limits.
        gone: Called when its file descriptor is closed.
        base: Arguments of the base class.
    """

    def __init__(self, connections: Connections, gone: Callable[[], None], **base: Any) -> None:
        super().__init__(**base)
        self._connections = connections
        self._gone = gone
        self._asking = True
        self._deadline: asyncio.TimerHandle | None = None
        self.address = ""
        self.since = self.loop.time()

    @property
    def busy(self) -> bool:
        """Whether a request is being answered."""
        return self.cycle is not None and not self.cycle.response_complete  # pyright: ignore[reportUnnecessaryComparison] (it is none at first)

    def abort(self) -> None:
        """Close it at once, without sending the rest."""
        self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # (as its base)
        super().connection_made(transport)
        self.address = self.client[0] if self.client else ""
        self._set_deadline(self._connections.limits.head)
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.remove(self)
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)
        self.loop.call_soon(self._gone)

    def data_received(self, data: bytes) -> None:
        if not self._asking and not self.busy:
            self._asking = True
            self._set_deadline(self._connections.limits.head)
        super().data_received(data)

    def handle_events(self) -> None:
        before = self.cycle
        super().handle_events()
        if self.cycle is not before:
            self._asking = False
            self._set_deadline(self._connections.limits.total)

    def on_response_complete(self) -> None:
        self.since = self.loop.time()
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY:  # nobody wants the rest of the request
            self.transport.close()

    def _set_deadline(self, seconds: float) -> None:
        """Set the deadline, in seconds from now."""
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self.loop.call_later(seconds, self._connections.drop, self, "late")
