"""One socket for notifications, and who gets what arrives."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from orbital_sdk import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_plugin_snmp.engines.address import SocketAddress

    Reply = Callable[[bytes], None]
    """Answers a datagram."""

BUFFER: Final = 4 << 20
"""Bytes of the receive buffer, as far as the system lets us."""
LARGEST: Final = 65535
READ_AT_ONCE: Final = 64
"""Datagrams read before the loop turns to others."""


class Subscriber(Protocol):
    """Who gets what arrives."""

    rate: float
    """Datagrams a second that it takes, on average; as many at once."""

    def take(self, data: bytes, source: str, reply: Reply) -> None:
        """A datagram, and the address that sent it. It may be answered, now or later."""
        ...

    def drop(self, reason: str) -> None:
        """One that it does not get."""
        ...


class Bucket:
    """A rate: so many a second on average, and as many at once.

    Args:
        rate: A second.
        clock: Seconds that never go back.
    """

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = self._left = rate
        self._clock = clock
        self._at = clock()

    def take(self) -> bool:
        """Whether one more fits."""
        now = self._clock()
        self._left = min(self._rate, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Listener:
    """The socket, and its subscribers. Made and used within a running loop.

    Args:
        address: Of this machine; empty for all, IPv4 and IPv6.
        port: To bind.

    Raises:
        ConfigurationError: That cannot be bound.
    """

    def __init__(self, address: str, port: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._sock = _bound(address, port)
        self._buckets: dict[Subscriber, Bucket] = {}
        self._shares: Counter[Subscriber] = Counter()
        self._loop.add_reader(self._sock.fileno(), self._read)

    def add(self, subscriber: Subscriber) -> None:
        """From now on it gets what arrives; once, however often it was added."""
        self._shares[subscriber] += 1
        self._buckets.setdefault(subscriber, Bucket(subscriber.rate))

    def remove(self, subscriber: Subscriber) -> bool:
        """Once less. True if nobody is left, and the socket is closed."""
        self._shares[subscriber] -= 1
        if not self._shares[subscriber]:
            del self._shares[subscriber], self._buckets[subscriber]
        if self._buckets:
            return False
        self._loop.remove_reader(self._sock.fileno())
        self._sock.close()
        return True

    def _read(self) -> None:
        for _ in range(READ_AT_ONCE):
            try:
                data, address = self._sock.recvfrom(LARGEST)
            except BlockingIOError:
                return
            except OSError:  # an ICMP error about an answer of ours
                continue
            self._hand_out(data, address)

    def _hand_out(self, data: bytes, address: SocketAddress) -> None:
        reply = partial(self._reply, address)
        for subscriber, bucket in tuple(self._buckets.items()):
            if bucket.take():
                subscriber.take(data, plain(address[0]), reply)
            else:
                subscriber.drop("rate")

    def _reply(self, address: SocketAddress, answer: bytes) -> None:
        with contextlib.suppress(OSError):  # closed meanwhile, or not sent: the device asks again
            self._sock.sendto(answer, address)


def plain(address: str) -> str:
    """An IPv4 address that came through a socket for both, as such; without a zone."""
    return address.removeprefix("::ffff:").partition("%")[0]


def _bound(address: str, port: int) -> socket.socket:
    try:
        if not address and socket.has_dualstack_ipv6():
            sock = _socket(socket.AF_INET6)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        else:
            sock = _socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    except OSError as error:
        raise ConfigurationError(f"no socket for notifications: {error.strerror}") from error
    try:
        sock.bind((address, port))
    except OSError as error:
        sock.close()
        hint = "; ports below 1024 need CAP_NET_BIND_SERVICE, so set another port"
        raise ConfigurationError(
            f"UDP port {port} of {address or 'this machine'} cannot be bound: {error.strerror}"
            f"{hint if isinstance(error, PermissionError) else ''}",
            field="port",
        ) from error
    return sock


def _socket(family: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.setblocking(False)
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    return sock
