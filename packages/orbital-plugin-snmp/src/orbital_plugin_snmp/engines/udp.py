"""One UDP socket for all devices of an address family."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
from typing import TYPE_CHECKING, Final, NamedTuple

from orbital_plugin_snmp.engines.link import AnsweredElsewhere, LinkError
from orbital_plugin_snmp.engines.slots import Slots
from orbital_plugin_snmp.wire.ber import WireError
from orbital_plugin_snmp.wire.identity import identify
from orbital_plugin_snmp.wire.pdu import FIRST_ID, LAST_ID

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from orbital_plugin_snmp.engines.address import SocketAddress

BUFFER: Final = 8 << 20
"""Bytes of the receive buffer: the answers to all requests on their way fit in."""
BURST: Final = 100
"""Requests at once. More only overflow somebody's buffer. ..."""
HOLD: Final = 0.1
"""... A request that was not answered after so many seconds does not count any more: silent devices must not
keep the others waiting."""
LARGEST: Final = 65535
READ_AT_ONCE: Final = 64
"""Datagrams read before the loop turns to others."""
TICK: Final = 0.02
"""Seconds between two looks at who has waited long enough, at least: one timer for all."""


class Peer(NamedTuple):
    """Whom to ask, and who may answer."""

    address: SocketAddress
    anywhere: bool = False
    """Whether the answer may come from any address."""


class Waiting:
    """A request on its way."""

    __slots__ = ("answer", "garbage", "holds", "peer", "sent", "stray", "until")

    def __init__(self, answer: asyncio.Future[bytes], peer: Peer, sent: float, wait: float) -> None:
        self.answer = answer
        self.peer = peer
        self.sent = sent
        self.until = sent + wait
        self.holds = True
        """Whether it counts as one of BURST."""
        self.garbage: WireError | None = None
        """What this device sent meanwhile that was no SNMP."""
        self.stray: SocketAddress | None = None
        """Who else answered it."""

    @property
    def due(self) -> float:
        """When to look at it next."""
        return min(self.sent + HOLD, self.until) if self.holds else self.until

    def expire(self) -> None:
        if not self.answer.done():
            self.answer.set_exception(self.garbage or self._silence())

    def _silence(self) -> TimeoutError:
        return TimeoutError() if self.stray is None else AnsweredElsewhere(_written(self.stray))


class Endpoint:
    """The socket, and who waits for an answer. Made and used within a running loop.

    Args:
        family: `socket.AF_INET` or `AF_INET6`.
        source: Address to send from; empty as the system routes.
        stray: Called for each datagram that answers nothing on its way: late, twice, another's, or no SNMP.
    """

    def __init__(
        self, family: int, source: str = "", stray: Callable[[], object] = lambda: None
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._sock = socket.socket(family, socket.SOCK_DGRAM)
        self._sock.setblocking(False)
        _widen(self._sock)
        if source:
            self._sock.bind((source, 0))
        self._waiting: dict[int, Waiting] = {}
        self._slots = Slots(BURST)
        self._id = FIRST_ID + secrets.randbelow(LAST_ID - FIRST_ID)
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        """When it fires."""
        self._stray = stray
        self._loop.add_reader(self._sock.fileno(), self._read)

    def close(self) -> None:
        """Close the socket; who still waits gets nothing. Safe twice."""
        if self._sock.fileno() < 0:
            return
        self._loop.remove_reader(self._sock.fileno())
        self._sock.close()
        if self._timer is not None:
            self._timer.cancel()
        for waiting in self._waiting.values():
            waiting.expire()

    def new_id(self) -> int:
        self._id = self._id + 1 if self._id < LAST_ID else FIRST_ID
        return self._id

    def launch(
        self, peer: Peer, message_id: int, message: bytes, wait: float
    ) -> asyncio.Future[bytes] | None:
        """As `Link.launch`."""
        if not self._slots.take_at_once():
            return None
        return self._begin(peer, message_id, message, wait)

    async def ask(self, peer: Peer, message_id: int, message: bytes, wait: float) -> bytes:
        """As `Link.ask`."""
        await self._slots.take()
        return await self._begin(peer, message_id, message, wait)

    def _begin(
        self, peer: Peer, message_id: int, message: bytes, wait: float
    ) -> asyncio.Future[bytes]:
        """Send, and enter who waits. The slot is taken already."""
        try:
            self._send(message, peer.address)
        except LinkError:
            self._slots.give()
            raise
        now = self._loop.time()
        waiting = Waiting(self._loop.create_future(), peer, now, wait)
        self._waiting[message_id] = waiting
        self._look(now, waiting.due)
        return waiting.answer

    def _send(self, message: bytes, address: SocketAddress) -> None:
        try:
            self._sock.sendto(message, address)
        except BlockingIOError:  # full: as if it were lost on the way
            return
        except OSError as error:
            raise LinkError(error.strerror or str(error)) from error

    def _look(self, now: float, due: float) -> None:
        """See to it that somebody looks at `due`, or soon after."""
        if self._timer is not None:
            if self._due <= due + TICK:
                return
            self._timer.cancel()
        self._due = max(due, now + TICK)
        self._timer = self._loop.call_at(self._due, self._expire)

    def _expire(self) -> None:
        self._timer = None
        while self._read():  # all that came while the loop was busy counts
            pass
        now = self._loop.time()
        for message_id, waiting in tuple(self._waiting.items()):
            if waiting.sent + HOLD <= now:
                self._let_go(waiting)
            if waiting.until <= now:
                waiting.expire()
            if waiting.answer.done():  # now, or cancelled before
                self._end(message_id, waiting)
        if self._waiting:
            self._look(now, min([waiting.due for waiting in self._waiting.values()]))

    def _end(self, message_id: int, waiting: Waiting) -> None:
        del self._waiting[message_id]
        self._let_go(waiting)

    def _let_go(self, waiting: Waiting) -> None:
        if waiting.holds:
            waiting.holds = False
            self._slots.give()

    def _read(self) -> bool:
        """Read some datagrams. Whether there may be more."""
        receive = self._sock.recvfrom
        for _ in range(READ_AT_ONCE):
            try:
                data, address = receive(LARGEST)
            except BlockingIOError:
                return False
            except OSError:  # an ICMP error, of no request that can be named
                continue
            self._take(data, address)
            if not self._waiting:  # nothing more is to be expected
                return False
        return True

    def _take(self, data: bytes, address: SocketAddress) -> None:
        try:
            message_id = identify(data)
        except WireError as error:
            self._stray()
            for each in self._waiting.values():
                if each.peer.address == address:
                    each.garbage = error
            return
        waiting = self._waiting.get(message_id)
        if waiting is None or waiting.answer.done():
            self._stray()
        elif waiting.peer.address != address and not waiting.peer.anywhere:
            self._stray()
            waiting.stray = address
        else:
            self._end(message_id, waiting)
            waiting.answer.set_result(data)


class UdpLink:
    """The way to one device over the shared socket."""

    def __init__(self, endpoint: Endpoint, peer: Peer, label: str) -> None:
        self.label = label
        self.new_id = endpoint.new_id
        self._endpoint = endpoint
        self._peer = peer

    def ask(self, message_id: int, message: bytes, wait: float) -> Awaitable[bytes]:
        """As `Link.ask`."""
        return self._endpoint.ask(self._peer, message_id, message, wait)

    def launch(self, message_id: int, message: bytes, wait: float) -> asyncio.Future[bytes] | None:
        """As `Link.launch`."""
        return self._endpoint.launch(self._peer, message_id, message, wait)

    def close(self) -> None:
        """Nothing to let go of."""


def _written(address: SocketAddress) -> str:
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _widen(sock: socket.socket) -> None:
    """As wide as root may make it (SO_RCVBUFFORCE), else as wide as the system lets anyone."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, 33, BUFFER)
    except OSError:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
