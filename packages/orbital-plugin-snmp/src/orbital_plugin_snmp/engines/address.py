"""Where a device is: a name looked up beside the loop, an address at once."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from orbital_plugin_snmp.engines.errors import NoAnswer

if TYPE_CHECKING:
    from collections.abc import Sequence

SocketAddress = tuple[str, int] | tuple[str, int, int, int]
"""As `socket` has it, and as it names the sender of a datagram."""
KEPT: Final = 300.0
"""Seconds until a name is looked up again."""


@dataclass(frozen=True, slots=True)
class Address:
    """A family and an address in it."""

    family: int
    sockaddr: SocketAddress


class Resolver:
    """Names and their addresses, each looked up once in a while."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int, int], tuple[float, Address]] = {}

    async def find(self, host: str, port: int, family: int, deadline: float) -> Address:
        """The address of a host.

        Args:
            host: Name or address.
            port: Of the device.
            family: `socket.AF_INET`, `AF_INET6`, or 0 for either.
            deadline: `time.monotonic()` until which to wait for the name server.

        Raises:
            NoAnswer: It has none, or the name server does not answer.
        """
        with contextlib.suppress(socket.gaierror):
            return _first(_numeric(host, port, family))
        now = time.monotonic()
        known = self._known.get((host, port, family))
        if known is not None and known[0] > now:
            return known[1]
        try:
            async with asyncio.timeout(deadline - now):
                found = await asyncio.get_running_loop().getaddrinfo(
                    host, port, family=family, type=socket.SOCK_DGRAM
                )
        except TimeoutError as error:
            raise NoAnswer(f"{host}: no answer from the name server") from error
        except (OSError, UnicodeError) as error:
            raise NoAnswer(f"{host}: {getattr(error, 'strerror', None) or error}") from error
        address = _first(found)
        self._known[host, port, family] = now + KEPT, address
        return address


def _numeric(host: str, port: int, family: int) -> Sequence[Sequence[object]]:
    kind, flags = socket.SOCK_DGRAM, socket.AI_NUMERICHOST
    return socket.getaddrinfo(host, port, family=family, type=kind, flags=flags)


def _first(found: Sequence[Sequence[object]]) -> Address:
    return Address(cast("int", found[0][0]), cast("SocketAddress", found[0][4]))
