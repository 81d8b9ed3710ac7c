"""Names to addresses: what is known is remembered, and each name is asked for once at a time."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from orbital_resolver.address import Address, literal
from orbital_resolver.answer import Failed
from orbital_resolver.cache import Cache
from orbital_resolver.errors import INVALID, NO_ADDRESS, Failure, Unresolved
from orbital_resolver.sources import SYSTEM, Sources
from orbital_resolver.system import System

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orbital_resolver.address import NumericAddress
    from orbital_resolver.cache import Entry, Key
    from orbital_resolver.sources import Files
    from orbital_resolver.system import LookUp

ENOUGH: Final = 1.8
"""Seconds until outdated addresses are good enough (RFC 8767, 5)."""
STILL: Final = 30.0
"""Seconds for which a name that could not be resolved is said to be so while it is asked for again: who asks
each second does not wait each time.
"""


class Resolver:
    """For one event loop. All plugins share that of `lookup`, and so its memory and its bounds.

    Args:
        servers: `address` or `address:port` of name servers; those of resolv.conf where there are none.
        files: Where the system says how to resolve names.
        getaddrinfo: The system's own resolver, for what name servers do not know.
        now: Monotonic seconds.
    """

    def __init__(
        self,
        servers: Sequence[str] = (),
        files: Files = SYSTEM,
        *,
        getaddrinfo: LookUp = socket.getaddrinfo,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._now = now
        self._cache = Cache()
        self._sources = Sources(servers, files, System(getaddrinfo), self._cache.expire, now)
        self._flights: dict[Key, asyncio.Task[Entry]] = {}
        self._began: dict[Key, float] = {}

    async def lookup(
        self,
        host: str,
        port: int = 0,
        *,
        family: int = socket.AF_UNSPEC,
        kind: socket.SocketKind = socket.SOCK_STREAM,
        outdated: bool = False,
    ) -> list[Address]:
        """All addresses of `host`, the best first (RFC 6724).

        Args:
            host: Name or address; an address costs no look-up.
            port: Of the socket addresses.
            family: `socket.AF_INET` or `AF_INET6`; 0 for both.
            kind: Of the sockets.
            outdated: Take addresses whose time is over, for an hour at most, when name servers fail.

        Raises:
            Unresolved: There is none; the message names the host and the reason.
        """
        known = literal(host, port, kind)
        if known is not None:
            if usable := [address for address in known if family in {0, address[0]}]:
                return usable
            raise Unresolved(host, NO_ADDRESS)
        name = _ascii(host)
        if name is None:
            raise Unresolved(host, INVALID)
        found = await self._find((name, family), outdated=outdated)
        if isinstance(found, Failure):
            raise Unresolved(host, found)
        return [place.address(port, kind) for place in found]

    async def _find(self, key: Key, *, outdated: bool) -> Sequence[NumericAddress] | Failure:
        self._sources.look()
        now = self._now()
        entry = self._cache.get(key)
        if entry is None or now >= entry.until:
            entry = await self._renewed(key, entry, now, outdated=outdated)
        if entry.failure is None:
            return entry.places
        if outdated and now < entry.kept_until:
            return entry.places
        return entry.failure

    async def _renewed(self, key: Key, entry: Entry | None, now: float, *, outdated: bool) -> Entry:
        flight = self._flights.get(key) or self._launch(key, now)
        if entry is None:
            return await asyncio.shield(flight)
        failure = entry.failure
        if failure is not None and not failure.final and now < entry.since + STILL:
            return entry
        if outdated and now < entry.kept_until:
            wait = self._began[key] + ENOUGH - now
            await asyncio.wait({flight}, timeout=max(wait, 0.0))
            return flight.result() if flight.done() else entry
        return await asyncio.shield(flight)

    def _launch(self, key: Key, now: float) -> asyncio.Task[Entry]:
        flight = self._flights[key] = asyncio.create_task(self._fly(key), name=f"name {key[0]}")
        self._began[key] = now
        return flight

    async def _fly(self, key: Key) -> Entry:
        try:
            answer = await self._sources.ask(*key)
        except Failed as failed:
            return self._cache.failed(key, failed.failure, self._now())
        else:
            return self._cache.found(key, answer.places, answer.ttl, self._now())
        finally:
            del self._flights[key], self._began[key]


def _ascii(host: str) -> str | None:
    """As it goes over the wire; None where it is not a name."""
    if not host or any(character <= " " for character in host):
        return None
    try:
        return host.lower().encode("idna").decode()
    except UnicodeError:
        return None


_RESOLVERS: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, Resolver]] = WeakKeyDictionary()


def shared() -> Resolver:
    """The running loop's resolver."""
    loop = asyncio.get_running_loop()
    resolver = _RESOLVERS.get(loop)
    if resolver is None:
        resolver = _RESOLVERS[loop] = Resolver()
    return resolver


async def lookup(
    host: str,
    port: int = 0,
    *,
    family: int = socket.AF_UNSPEC,
    kind: socket.SocketKind = socket.SOCK_STREAM,
    outdated: bool = False,
) -> list[Address]:
    """As `Resolver.lookup`, on the running loop's own."""
    return await shared().lookup(host, port, family=family, kind=kind, outdated=outdated)
