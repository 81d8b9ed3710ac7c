"""The sockets of this process: plugin instances of other settings may want one port."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

from orbital_plugin_snmp.traps.listener import Listener

if TYPE_CHECKING:
    from collections.abc import Generator

    from orbital_plugin_snmp.traps.listener import Subscriber


class Ports:
    """The listeners that are open, by event loop, address and port."""

    def __init__(self) -> None:
        self._open: dict[tuple[asyncio.AbstractEventLoop, str, int], Listener] = {}

    @contextmanager
    def listening(self, address: str, port: int, subscriber: Subscriber) -> Generator[None]:
        """As a block: the subscriber gets what arrives. The last one that leaves closes the socket.

        Args:
            address: As `Listener`.
            port: As `Listener`.
            subscriber: Who gets what arrives.

        Raises:
            ConfigurationError: As `Listener`.
        """
        key = asyncio.get_running_loop(), address, port
        listener = self._open.get(key)
        if listener is None:
            listener = self._open[key] = Listener(address, port)
        listener.add(subscriber)
        try:
            yield
        finally:
            if listener.remove(subscriber):
                del self._open[key]
