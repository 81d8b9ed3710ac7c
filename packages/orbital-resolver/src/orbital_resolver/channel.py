"""c-ares on the running event loop: no thread, and nothing that a dead name server could hold."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any, Final

import pycares as typed_pycares

from orbital_resolver.address import NumericAddress
from orbital_resolver.answer import Answer, Failed
from orbital_resolver.errors import (
    BROKEN,
    CROWDED,
    INVALID,
    NO_ADDRESS,
    REFUSED,
    SILENT,
    UNKNOWN,
    Failure,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

pycares: Any = typed_pycares  # half of its types are missing

TRIES: Final = 4
"""Times that a server is asked. c-ares waits five times as long as answers took of late, a quarter of a
second at least, and twice as long each time; `timeout` of resolv.conf counts before the first answer.
"""
MOST: Final = 4096
"""Questions under way, those included that nobody waits for any more."""
_FAILURES: Final[dict[str, Failure]] = {
    "ARES_ENOTFOUND": UNKNOWN,
    "ARES_ENODATA": NO_ADDRESS,
    "ARES_EBADNAME": INVALID,
    "ARES_EREFUSED": REFUSED,
    "ARES_ETIMEOUT": SILENT,
    "ARES_ECONNREFUSED": SILENT,
    "ARES_ENOSERVER": SILENT,
}
NOTHING: Final[int] = pycares.ARES_SOCKET_BAD
"""No socket."""


class Channel:
    """Asks the hosts file, then name servers, as resolv.conf and nsswitch.conf say.

    Args:
        servers: `address` or `address:port` of name servers, in place of those of resolv.conf.

    Raises:
        pycares.AresError: It cannot be set up.
    """

    def __init__(self, servers: Sequence[str] = ()) -> None:
        self._watched: set[int] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._closing = False
        self.pending = 0
        """Questions under way."""
        self._ares = pycares.Channel(tries=TRIES, sock_state_cb=self._watch, servers=servers)

    async def ask(self, name: str, family: int) -> Answer:
        """What is known of a name.

        Raises:
            Failed: No address.
        """
        if self.pending >= MOST:
            raise Failed(CROWDED)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.pending += 1
        self._ares.getaddrinfo(
            name, None, family=family, type=socket.SOCK_STREAM, callback=self._settles(answer)
        )
        self._set_timer()
        return await answer

    def close(self) -> None:
        """Let go of the sockets, as soon as nothing is under way any more."""
        self._closing = True
        if not self.pending:
            self._end()

    def _settles(self, answer: asyncio.Future[Answer]) -> Callable[[Any, int | None], None]:
        def settle(result: Any, error: int | None) -> None:
            self.pending -= 1
            if not answer.done():
                _settle(answer, result, error)
            if self._closing and not self.pending:
                answer.get_loop().call_soon(self._end)  # not while c-ares is calling

        return settle

    def _watch(self, fd: int, readable: bool, writable: bool) -> None:  # noqa: FBT001 (c-ares calls it so)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # it has ended, and c-ares tidies up on a thread of its own
            return
        loop.remove_reader(fd)
        loop.remove_writer(fd)
        if readable:
            loop.add_reader(fd, self._process, fd, NOTHING)
        if writable:
            loop.add_writer(fd, self._process, NOTHING, fd)
        (self._watched.add if readable or writable else self._watched.discard)(fd)

    def _process(self, readable: int = NOTHING, writable: int = NOTHING) -> None:
        self._ares.process_fd(readable, writable)
        self._set_timer()

    def _set_timer(self) -> None:
        """c-ares wants to be called when the next of its time-outs is over."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.pending:
            wait = max(self._ares.timeout(), 0.001)
            self._timer = asyncio.get_running_loop().call_later(wait, self._process)

    def _end(self) -> None:
        loop = asyncio.get_running_loop()
        for fd in self._watched:
            loop.remove_reader(fd)
            loop.remove_writer(fd)
        self._watched.clear()
        self._ares.close()


def _settle(answer: asyncio.Future[Answer], result: Any, error: int | None) -> None:
    if error is not None:
        answer.set_exception(Failed(_FAILURES.get(pycares.errno.errorcode[error], BROKEN)))
        return
    places = tuple(
        NumericAddress(socket.AddressFamily(node.family), node.addr[0].decode(), *node.addr[3:])
        for node in result.nodes
    )
    if places:
        answer.set_result(Answer(places, min(node.ttl for node in result.nodes)))
    else:
        answer.set_exception(Failed(NO_ADDRESS))
