"""One HTTP connection with deadlines, which uvicorn's own protocol has only between two requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from orbital_runtime.telemetry.server.connections import Guests


class Visit(H11Protocol):
    """As its base, for as long as it has something to say.

    Args:
        guests: Who else is here, and what each may take.
        gone: Called when its file descriptor is free again.
        base: Of the base.
    """

    def __init__(self, guests: Guests, gone: Callable[[], None], **base: Any) -> None:
        super().__init__(**base)
        self._guests = guests
        self._gone = gone
        self._asking = True
        self._deadline: asyncio.TimerHandle | None = None
        self.address = ""
        self.since = self.loop.time()

    @property
    def busy(self) -> bool:
        """Whether a request is being answered."""
        return self.cycle is not None and not self.cycle.response_complete  # pyright: ignore[reportUnnecessaryComparison] (it is none at first)

    def dismiss(self) -> None:
        """Close it at once, whatever is still to be sent."""
        self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # (as its base)
        super().connection_made(transport)
        self.address = self.client[0] if self.client else ""
        self._give(self._guests.bounds.head)
        self._guests.welcome(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._guests.leave(self)
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)
        self.loop.call_soon(self._gone)

    def data_received(self, data: bytes) -> None:
        if not self._asking and not self.busy:
            self._asking = True
            self._give(self._guests.bounds.head)
        super().data_received(data)

    def handle_events(self) -> None:
        before = self.cycle
        super().handle_events()
        if self.cycle is not before:
            self._asking = False
            self._give(self._guests.bounds.total)

    def on_response_complete(self) -> None:
        self.since = self.loop.time()
        super().on_response_complete()

    def _give(self, seconds: float) -> None:
        """So long from now on, and not what was given before."""
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self.loop.call_later(seconds, self._guests.dismiss, self, "late")
