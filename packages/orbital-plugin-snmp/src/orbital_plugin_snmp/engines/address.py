"""Where a device is: a name looked up beside the loop, an address at once."""

from __future__ import annotations

import asyncio
import socket
import time
from dataclasses import dataclass

from orbital_plugin_snmp.engines.errors import NoAnswer
from orbital_resolver import Unresolved, lookup

SocketAddress = tuple[str, int] | tuple[str, int, int, int]
"""As `socket` has it, and as it names the sender of a datagram."""


@dataclass(frozen=True, slots=True)
class Address:
    """A family and an address in it."""

    family: int
    sockaddr: SocketAddress


async def find(host: str, port: int, family: int, deadline: float) -> Address:
    """The address of a host; an old one, where name servers fail.

    Args:
        host: Name or address.
        port: Of the device.
        family: `socket.AF_INET`, `AF_INET6`, or 0 for either.
        deadline: `time.monotonic()` until which to wait for the name server.

    Raises:
        NoAnswer: It has none, or the name server does not answer.
    """
    kind = socket.SOCK_DGRAM
    try:
        async with asyncio.timeout(deadline - time.monotonic()):
            found = await lookup(host, port, family=family, kind=kind, outdated=True)
    except TimeoutError as error:
        raise NoAnswer(f"{host}: no answer from the name server") from error
    except Unresolved as error:
        raise NoAnswer(str(error)) from error
    return Address(found[0][0], found[0][4])
