"""Opens sessions: finds the address, takes the shared socket or a connection, chooses the engine."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final, Protocol

from orbital_plugin_snmp.engines.address import find
from orbital_plugin_snmp.engines.attempts import Patience
from orbital_plugin_snmp.engines.errors import NoAnswer
from orbital_plugin_snmp.engines.tcp import TcpLink
from orbital_plugin_snmp.engines.udp import Endpoint, Peer, UdpLink
from orbital_plugin_snmp.session.credentials import community_of, fast_session, user_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_plugin_snmp.config import SessionConfig
    from orbital_plugin_snmp.device import SnmpDevice
    from orbital_plugin_snmp.engines.address import Address
    from orbital_plugin_snmp.engines.link import Link
    from orbital_plugin_snmp.engines.port import Session
    from orbital_plugin_snmp.library import LibraryEngines

FAMILY: Final = {"udp": 0, "udp6": socket.AF_INET6, "tcp": 0}


def label_of(device: SnmpDevice) -> str:
    """The device as people call it."""
    host = f"[{device.host}]" if ":" in device.host else device.host
    return f"{host}:{device.port}"


class Opening(Protocol):
    """Gives sessions with devices."""

    async def open(self, device: SnmpDevice, deadline: float) -> Session:
        """A new one."""
        ...

    def close(self) -> None:
        """No more of them. Safe twice."""
        ...


class Opener:
    """What all sessions of a plugin share.

    Args:
        config: Of the plugin.
        stray: As of `Endpoint`.
    """

    def __init__(self, config: SessionConfig, stray: Callable[[], object] = lambda: None) -> None:
        self._config = config
        self._stray = stray
        self._patience = Patience(config.timeout, config.retries)
        self._endpoints: dict[int, Endpoint] = {}
        self._library: LibraryEngines | None = None

    def close(self) -> None:
        """Close the sockets. Safe twice."""
        for endpoint in self._endpoints.values():
            endpoint.close()
        self._endpoints.clear()
        if self._library is not None:
            self._library.close()

    async def open(self, device: SnmpDevice, deadline: float) -> Session:
        """A new session.

        Raises:
            ConfigurationError: The engine has no such transport.
            NoAnswer: The name has no address, or the device takes no connection.
        """
        self._config.check(device)
        family = FAMILY[device.transport]
        address = await find(device.host, device.port, family, deadline)
        if self._config.engine == "pysnmp":
            return await self._by_library(device, address)
        return fast_session(device, self._patience, self._link(device, address))

    async def _by_library(self, device: SnmpDevice, address: Address) -> Session:
        if self._library is None:
            from orbital_plugin_snmp.library import LibraryEngines  # noqa: PLC0415 (a second to load)

            self._library = LibraryEngines()
        return await self._library.open(
            address,
            label_of(device),
            device.version,
            user_of(device) if device.version == "3" else community_of(device),
            self._patience,
        )

    def _link(self, device: SnmpDevice, address: Address) -> Link:
        label = label_of(device)
        if device.transport == "tcp":
            return TcpLink(address, label, self._config.source)
        peer = Peer(address.sockaddr, device.unconnected_udp_socket)
        return UdpLink(self._endpoint(address.family, label), peer, label)

    def _endpoint(self, family: int, label: str) -> Endpoint:
        known = self._endpoints.get(family)
        if known is None:
            try:
                known = Endpoint(family, self._config.source, self._stray)
            except OSError as error:
                raise NoAnswer(f"{label}: no socket to ask it from: {error.strerror}") from error
            self._endpoints[family] = known
        return known
