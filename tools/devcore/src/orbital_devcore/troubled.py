"""Middleware that plays the faults, and echoes the request's id."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import uuid
import zlib
from typing import TYPE_CHECKING, Any, Final

from fastapi.responses import JSONResponse, Response
from starlette.requests import ClientDisconnect

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from orbital_devcore.core import Core
    from orbital_devcore.faults import Fault

API: Final = "/api/v1/"
FULL: Final = "ERROR: could not extend file: No space left on device (SQLSTATE 53100)"
AWAY: Final = (
    "failed to connect to `user=gravital database=gravital_core`: 127.0.0.1:5432 (localhost): "
    "dial error: dial tcp 127.0.0.1:5432: connect: connection refused"
)
FAILED: Final = {
    "sentinels/register": "注册失败",
    "sentinels/heartbeat": "心跳处理失败",
    "sentinel-tasks": "获取任务列表失败",
}
"""How the real server's errors begin, by route."""


class Troubled:
    """ASGI middleware.

    Args:
        app: What answers when nothing is wrong.
        core: Has the faults.
    """

    def __init__(self, app: ASGIApp, core: Core) -> None:
        self._app = app
        self.core = core
        """May be another one for the next request."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["core"] = self.core
        with contextlib.suppress(ClientDisconnect):  # whoever asked is gone: nothing to tell
            await self._play(scope, receive, send)

    async def _play(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        if self.core.faults.looks_inside(scope["path"]):
            body, receive = await _read(receive)
        fault = self.core.faults.take(scope["path"], body)
        if fault is not None and fault.latency_ms:
            await asyncio.sleep(fault.latency_ms / 1000)
        answer = self._instead(scope, fault)
        if answer is not None:
            await answer(scope, receive, send)
        elif fault is not None and fault.kind == "cut_before":
            await _cut(send)
        elif fault is not None and fault.kind == "cut_after":
            await self._app(scope, receive, _nowhere)
            await _cut(send)
        else:
            await self._app(scope, receive, _named(scope, send))

    def _instead(self, scope: Scope, fault: Fault | None) -> Response | None:
        """An answer that nothing worked for."""
        if fault is not None and fault.status is not None:
            return _failure(fault)
        if fault is not None and fault.kind == "garbage":
            return Response(fault.body or "<html>not what you think", media_type="text/html")
        if not scope["path"].startswith(API):
            return None
        if self.core.faults.disk_full and scope["method"] != "GET":
            return _error(FULL)
        if self.core.faults.database_away:
            return without_database(scope["path"].removeprefix(API), quirks=self.core.quirks)
        return None


def without_database(path: str, *, quirks: bool) -> Response | None:
    """What a route answers while its database is away; None where it needs none.

    The real server takes samples all the same, and says of any task that is reported that there is none.
    """
    if not quirks:
        return _error(f"the database is away: {AWAY}")
    if path == "data/ingest":
        return None
    if path.endswith("/report"):
        return _error("上报失败: task not found")
    return _error(f"{FAILED.get(path, '操作失败')}: {AWAY}")


def _error(message: str) -> Response:
    return JSONResponse({"code": 10001, "message": message}, status_code=500)


def _failure(fault: Fault) -> Response:
    headers = {"Retry-After": fault.retry_after} if fault.retry_after else None
    status = fault.status or 500
    if fault.body is not None:
        return Response(fault.body, status_code=status, headers=headers)
    envelope = {"code": 10001, "message": "a fault that was asked for"}
    return JSONResponse(envelope, status_code=status, headers=headers)


async def _cut(send: Send) -> None:
    """Promise more than comes: the server then closes the connection."""
    headers = [(b"content-length", b"1000")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b'{"co', "more_body": True})


async def _read(receive: Receive) -> tuple[bytes, Receive]:
    """The whole body, unpacked, and what gives it once more as it came."""
    messages: list[Message] = []
    more = True
    while more:
        messages.append(await receive())
        more = messages[-1].get("more_body", False)
    body = b"".join(message.get("body", b"") for message in messages)
    came = iter(messages)

    async def again() -> Message:
        return next(came, None) or await receive()

    with contextlib.suppress(OSError, EOFError, zlib.error):
        body = gzip.decompress(body)
    return body, again


async def _nowhere(_: Message) -> None:
    pass


def _named(scope: Scope, send: Send) -> Send:
    given = dict(scope["headers"]).get(b"x-request-id") or str(uuid.uuid4()).encode()

    async def named(message: Any) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], (b"x-request-id", given)]}
        await send(message)

    return named
