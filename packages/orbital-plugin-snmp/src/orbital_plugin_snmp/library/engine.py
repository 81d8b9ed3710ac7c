"""One of pysnmp's engines."""

from __future__ import annotations

import contextlib
import socket
from typing import Any, Final

from orbital_plugin_snmp.engines.slots import Slots
from orbital_plugin_snmp.library.untyped import hlapi, udp, udp6

ON_THE_WAY: Final = 100
"""Requests at once."""
BUFFER: Final = 4 << 20
"""Bytes that its socket takes."""


class LibraryEngine:
    """An engine, and how many sessions use it."""

    def __init__(self) -> None:
        self.snmp: Any = hlapi.SnmpEngine()
        self.slots = Slots(ON_THE_WAY)
        self.sessions = 0
        self._widened = False

    def widen(self) -> None:
        """Give its socket, which is there after the first request, a buffer that holds many answers."""
        if self._widened:
            return
        for domain in (udp.DOMAIN_NAME, udp6.DOMAIN_NAME):
            with contextlib.suppress(
                Exception
            ):  # pysnmp raises its own where it has no such socket
                transport = self.snmp.transport_dispatcher.get_transport(domain).transport
                transport.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER
                )
                self._widened = True
