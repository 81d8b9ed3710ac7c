"""Events as a stream (Server-Sent Events, HTML 9.2)."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Final

import msgspec
from starlette.responses import StreamingResponse
from starlette.routing import Route

from orbital_runtime.telemetry.server.requests import answer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from starlette.requests import Request
    from starlette.responses import Response

    from orbital_console.events import Event, Events

SECONDS: Final = 50.0
"""Of a stream: less than a response may take. Browsers come back by themselves, and miss nothing."""
RETRY_MS: Final = 1000


def route(events: Events) -> Route:
    """`/api/v1/events`."""

    async def follow(request: Request) -> Response:
        if events.full:
            refusal = answer({"error": "there are too many streams; ask again later"}, 503)
            refusal.headers["Retry-After"] = "10"
            return refusal
        last = request.headers.get("last-event-id", "")
        since = int(last) if last.isdecimal() and len(last) < 19 else None
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(
            _stream(events, since), media_type="text/event-stream", headers=headers
        )

    return Route("/api/v1/events", follow)


async def _stream(events: Events, since: int | None) -> AsyncGenerator[bytes]:
    yield b"retry: %d\n\n" % RETRY_MS
    async with aclosing(events.follow(since, SECONDS)) as following:
        async for event in following:
            yield _encoded(event)


def _encoded(event: Event) -> bytes:
    """JSON has no line breaks of its own."""
    data = msgspec.json.encode(event.data)
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.number, event.kind.encode(), data)
