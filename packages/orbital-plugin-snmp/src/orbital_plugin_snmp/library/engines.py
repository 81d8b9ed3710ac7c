"""pysnmp's engines: one for each set of credentials."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any, Final

from orbital_plugin_snmp.library.engine import LibraryEngine
from orbital_plugin_snmp.library.session import LibrarySession
from orbital_plugin_snmp.library.untyped import hlapi

if TYPE_CHECKING:
    from orbital_plugin_snmp.engines.address import Address
    from orbital_plugin_snmp.engines.attempts import Patience
    from orbital_plugin_snmp.usm.user import User

FOREVER: Final = 3600
"""Seconds that pysnmp may wait: who is waiting gives up before."""
_AUTH: Final[dict[str, Any]] = {
    "": hlapi.usmNoAuthProtocol,
    "MD5": hlapi.usmHMACMD5AuthProtocol,
    "SHA": hlapi.usmHMACSHAAuthProtocol,
    "SHA224": hlapi.usmHMAC128SHA224AuthProtocol,
    "SHA256": hlapi.usmHMAC192SHA256AuthProtocol,
    "SHA384": hlapi.usmHMAC256SHA384AuthProtocol,
    "SHA512": hlapi.usmHMAC384SHA512AuthProtocol,
}
_PRIV: Final[dict[str, Any]] = {
    "": hlapi.usmNoPrivProtocol,
    "DES": hlapi.usmDESPrivProtocol,
    "3DES": hlapi.usm3DESEDEPrivProtocol,
    "AES": hlapi.usmAesCfb128Protocol,
    "AES192": hlapi.usmAesBlumenthalCfb192Protocol,
    "AES256": hlapi.usmAesBlumenthalCfb256Protocol,
    "AES192C": hlapi.usmAesCfb192Protocol,
    "AES256C": hlapi.usmAesCfb256Protocol,
}


class LibraryEngines:
    """The engines of a plugin, by credentials."""

    def __init__(self) -> None:
        self._engines: dict[object, LibraryEngine] = {}

    async def open(
        self, address: Address, label: str, version: str, who: User | bytes, patience: Patience
    ) -> LibrarySession:
        """A session.

        Args:
            address: Of the device.
            label: For messages.
            version: 1, 2c or 3.
            who: Community of v1 and v2c, user of v3.
            patience: Of its requests.
        """
        key = version, who
        engine = self._engines.get(key)
        if engine is None:
            engine = self._engines[key] = LibraryEngine()
        engine.sessions += 1
        kind = (
            hlapi.Udp6TransportTarget
            if address.family == socket.AF_INET6
            else hlapi.UdpTransportTarget
        )
        target = await kind.create(address.sockaddr[:2], timeout=FOREVER, retries=0)
        context = b"" if isinstance(who, bytes) else who.context.encode()
        ask_as = (_credentials(version, who), target, hlapi.ContextData(contextName=context))
        session = LibrarySession(label, engine, ask_as, has_bulk=version != "1", patience=patience)
        session.on_close = lambda: self._leave(key, engine)
        return session

    def close(self) -> None:
        """Close all engines. Safe twice."""
        for engine in self._engines.values():
            engine.snmp.close_dispatcher()
        self._engines.clear()

    def _leave(self, key: object, engine: LibraryEngine) -> None:
        """Whoever opens a session next gets a fresh engine, since this one may know a wrong engine id."""
        if self._engines.get(key) is engine:
            del self._engines[key]
        engine.sessions -= 1
        if not engine.sessions:
            engine.snmp.close_dispatcher()


def _credentials(version: str, who: User | bytes) -> Any:
    if isinstance(who, bytes):
        return hlapi.CommunityData(who.decode("latin-1"), mpModel=0 if version == "1" else 1)
    return hlapi.UsmUserData(
        who.name,
        who.auth_password.decode() if who.auth else None,
        who.priv_password.decode() if who.priv else None,
        authProtocol=_AUTH[who.auth],
        privProtocol=_PRIV[who.priv],
    )
