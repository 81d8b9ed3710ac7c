"""For tests of the agent's pages: one request over TCP or over the owner's socket."""

from __future__ import annotations

import asyncio
import json
import socket
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from orbital_runtime.telemetry import Telemetry


class Reply(NamedTuple):
    """What came back."""

    status: int
    type: str
    body: bytes

    @property
    def data(self) -> Any:
        return json.loads(self.body)


class Unix(HTTPConnection):
    """HTTP over the socket at this path."""

    def __init__(self, path: Path) -> None:
        super().__init__("sentinel", timeout=10)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(str(self._path))


def tcp(telemetry: Telemetry) -> HTTPConnection:
    """HTTP to the address that it listens on."""
    return HTTPConnection(telemetry.url.removeprefix("http://"), timeout=10)


async def ask(
    connection: HTTPConnection, path: str, method: str = "GET", *, token: str = ""
) -> Reply:
    """One request, from a thread, as another process would make it."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}

    def exchange() -> Reply:
        try:
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            return Reply(answer.status, answer.getheader("content-type") or "", answer.read())
        finally:
            connection.close()

    return await asyncio.to_thread(exchange)
