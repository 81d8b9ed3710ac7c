"""The listening socket and its connections, by aiohttp's low-level server."""

from __future__ import annotations

import asyncio
import logging
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from aiohttp import web

from orbital_sdk import ConfigurationError
from orbital_sdk.tls import identify, trust

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from orbital_plugin_push.device import PushDevice, Tls
    from orbital_plugin_push.tally import Tally

LAST_ANSWERS: Final = 3.0
"""Seconds that requests get to end when the address goes."""
LINGER: Final = 1.0
"""Seconds for which the rest of a refused body is read, so that its sender sees the answer."""
_log: Final = logging.getLogger("orbital.plugin.push")


@asynccontextmanager
async def listening(
    device: PushDevice,
    answer: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
    tally: Tally,
) -> AsyncGenerator[None]:
    """Answer requests meanwhile.

    Raises:
        ConfigurationError: The address or a file of `tls` cannot be used.
    """
    context = None if device.tls is None else tls_context(device.tls)
    server = web.Server(
        answer,
        keepalive_timeout=device.idle_timeout,
        lingering_time=LINGER,
        access_log=None,
        auto_decompress=False,
        logger=_log,
    )

    def connection() -> asyncio.Protocol:
        if len(server.connections) >= device.max_connections:
            tally.turned_away += 1
            return _Closed()
        return server()

    loop = asyncio.get_running_loop()
    try:
        socket = await loop.create_server(connection, device.host, device.port, ssl=context)
    except OSError as error:
        where = f"{device.host}:{device.port}"
        raise ConfigurationError(f"cannot listen at {where}: {error.strerror}") from error
    try:
        yield
    finally:
        socket.close()
        server.pre_shutdown()
        await server.shutdown(LAST_ANSWERS)


class _Closed(asyncio.Protocol):
    """A connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


def tls_context(tls: Tls) -> ssl.SSLContext:
    """Ours as a server.

    Raises:
        ConfigurationError: A file cannot be read, or is not PEM.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    identify(context, tls.cert_file, tls.key_file, prefix="tls.")
    if tls.client_ca_file is not None:
        trust(context, tls.client_ca_file, field="tls.client_ca_file")
        context.verify_mode = ssl.CERT_REQUIRED
    return context
