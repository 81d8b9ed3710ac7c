"""The plugin with a recorded body instead of a server, for tests of a configuration."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from orbital_plugin_http.plugin import Http
from orbital_sdk import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from orbital_plugin_http.config import HttpConfig
    from orbital_plugin_http.device import HttpDevice
    from orbital_plugin_http.session import ProbeSession
    from orbital_sdk import PluginHost

TYPES: Final = {".json": "application/json", ".html": "text/html"}
"""Content types by the file's suffix; others are plain text."""


class BodyReplay(Http):
    """Asks a server on this machine that answers everything with one file, and status 200.

    The path of the address stays; TLS and the name of the host do not take part.

    Args:
        config: As the plugin's.
        file: The body.

    Raises:
        ConfigurationError: It cannot be read.
    """

    def __init__(self, config: HttpConfig, file: Path) -> None:
        super().__init__(config)
        try:
            body = file.read_bytes()
        except OSError as error:
            raise ConfigurationError(f"{file}: {error.strerror}") from error
        kind = TYPES.get(file.suffix.lower(), "text/plain; charset=utf-8")
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        self._answer = f"{head}Connection: close\r\n\r\n".encode() + body
        self._server: asyncio.Server | None = None

    async def start(self, host: PluginHost) -> None:
        await super().start(host)
        serve = partial(_serve, answer=self._answer)
        self._server = await asyncio.start_server(serve, "127.0.0.1", 0)

    async def stop(self) -> None:
        await super().stop()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def open(self, device: HttpDevice) -> ProbeSession:
        if self._server is None:
            raise RuntimeError("open() without start()")
        port = self._server.sockets[0].getsockname()[1]
        asked = urlsplit(device.address)
        path = asked._replace(scheme="", netloc="").geturl() or "/"
        here = {"url": f"http://127.0.0.1:{port}{path}", "host": None}
        return await super().open(device.model_copy(update=here))


async def _serve(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answer: bytes
) -> None:
    try:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
    finally:
        writer.close()
