"""Many hosts over one socket: sends at a measured pace, matches replies, and keeps the time."""

from __future__ import annotations

import asyncio
import os
import select
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from orbital_plugin_ping.native.agenda import Agenda
from orbital_plugin_ping.native.endpoint import Reply
from orbital_plugin_ping.native.packet import TOKEN
from orbital_plugin_ping.native.run import Packet, Run
from orbital_plugin_ping.native.socket_pool import FULL, SocketPool
from orbital_plugin_ping.reasons import send_reason
from orbital_plugin_ping.sockets import Options, open_each
from orbital_sdk import CollectError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orbital_plugin_ping.native.endpoint import Endpoint, Failure
    from orbital_plugin_ping.pinger import Outcome, Request

BURST: Final = 32
"""Packets sent in one turn of the loop; then their replies are read before more are sent."""
TOKENS: Final = 64
"""Random tokens made at once."""
ROOM: Final = 0.01
"""Seconds until a full send buffer is tried again."""


class NativePinger:
    """The engine.

    A reply counts when sender, sequence number and a random token in its payload are those of a packet
    on its way. Its time is the kernel's, so a busy loop makes no host look slow and loses no reply.
    """

    _loop: asyncio.AbstractEventLoop
    _agenda: Agenda

    def __init__(self, options: Options) -> None:
        self._options = options
        self.families: frozenset[int] = frozenset()
        self._pools: dict[int, SocketPool] = {}
        self._endpoints: dict[int, Endpoint] = {}
        self._ready: select.epoll | None = None
        self._waiting: dict[tuple[str, int], Packet] = {}
        self._queue: deque[Run] = deque()
        self._runs: set[Run] = set()
        self._tokens: Iterator[bytes] = iter(())
        self._sequence = int.from_bytes(os.urandom(2))
        self._burst = 0
        self.strays = 0
        """Replies that belong to no packet on its way: late, forged, or another program's."""

    async def start(self) -> None:
        opened = open_each(self._options)
        self._loop = asyncio.get_running_loop()
        self._agenda = Agenda(self._loop)
        # An epoll of our own: uvloop stops watching a descriptor that is "in error", as a socket is after
        # each ICMP error; an epoll is only ever readable.
        self._ready = select.epoll()
        self._loop.add_reader(self._ready.fileno(), self._read)
        try:
            for family, sock in opened.items():
                self._pools[family] = SocketPool(sock, self._options, self._watch)
            self.families = frozenset(self._pools)
        except BaseException:
            await self.stop()
            for sock in opened.values():
                sock.close()
            raise

    async def stop(self) -> None:
        for run in self._runs:
            if not run.done.done():
                run.done.set_exception(CollectError("the ping plugin was stopped"))
        if self._ready is not None:
            self._agenda.close()
            self._loop.remove_reader(self._ready.fileno())
            self._ready.close()
            self._ready = None
        for pool in self._pools.values():
            pool.close()
        self._pools.clear()
        self._endpoints.clear()

    async def ping(self, request: Request) -> Outcome:
        run = Run(request, self._loop.create_future())
        self._runs.add(run)
        try:
            self._submit(run)
            await run.done
        finally:
            self._forget(run)
        return run.outcome

    def _forget(self, run: Run) -> None:
        self._runs.discard(run)
        self._agenda.cancel(run)
        for key in run.keys:
            del self._waiting[key]

    # sending

    def _submit(self, run: Run) -> None:
        """Send the run's next packet, now or when it is its turn."""
        if self._burst < BURST and not self._queue:
            self._burst += 1
            self._send(run)
        else:
            if not self._queue:
                self._loop.call_soon(self._drain)
            self._queue.append(run)

    def _drain(self) -> None:
        self._burst = min(BURST, len(self._queue))
        for _ in range(self._burst):
            self._send(self._queue.popleft())
        if self._queue:
            self._loop.call_soon(self._drain)

    def _send(self, run: Run) -> None:
        request = run.request
        if run.done.done():  # cancelled while it was waiting for its turn
            return
        if time.monotonic() >= request.end:
            run.finish()
            return
        key = self._free_key(request.address.text)
        token = self._token()
        try:
            sent = self._pools[request.address.family].send(key[1], token, request.address.sockaddr)
        except OSError as error:
            if error.errno in FULL:
                self._agenda.enter(run, time.monotonic() + ROOM, self._submit)
                return
            run.unsendable(send_reason(error))
        else:
            self._waiting[key] = Packet(run, run.sent(key), token, sent)
        self._plan(run)

    def _token(self) -> bytes:
        """Nobody can guess it. One request to the system gives many."""
        token = next(self._tokens, None)
        if token is None:
            block = os.urandom(TOKENS * TOKEN)
            self._tokens = iter([block[at : at + TOKEN] for at in range(0, len(block), TOKEN)])
            token = next(self._tokens)
        return token

    def _free_key(self, address: str) -> tuple[str, int]:
        while True:
            self._sequence = (self._sequence + 1) & 0xFFFF
            if (address, self._sequence) not in self._waiting:
                return address, self._sequence

    def _plan(self, run: Run) -> None:
        """Look at the run again for its next packet or, after the last, at its end."""
        if not run.all_sent:
            self._agenda.enter(run, run.next_packet(), self._submit)
        elif run.missing:
            self._agenda.enter(run, time.monotonic() + run.request.timeout, self._expire)
        else:
            run.finish()

    def _expire(self, run: Run) -> None:
        self._read()  # a reply may have come while the loop was busy
        run.finish()

    # receiving

    def _watch(self, endpoint: Endpoint) -> None:
        assert self._ready is not None  # noqa: S101 (pools exist between start and stop only)
        self._endpoints[endpoint.fileno()] = endpoint
        self._ready.register(endpoint.fileno(), select.EPOLLIN)

    def _read(self) -> None:
        self._burst = 0
        if self._ready is None:
            return
        for fd, events in self._ready.poll(0):
            for message in self._endpoints[fd].read(failed=bool(events & select.EPOLLERR)):
                if isinstance(message, Reply):
                    self._answer(message)
                else:
                    self._refuse(message)

    def _answer(self, reply: Reply) -> None:
        packet = self._waiting.get((reply.source, reply.echo.sequence))
        if packet is None or packet.token != reply.echo.token:
            self.strays += 1
            return
        elapsed = reply.read - packet.sent
        if 0 <= reply.waited <= elapsed:  # else the wall clock was set in between
            elapsed -= reply.waited
        packet.answer(elapsed / 1e9, reply.hop_limit)

    def _refuse(self, failure: Failure) -> None:
        packet = self._waiting.get((failure.destination, failure.echo.sequence))
        # routers may quote no more than the header, and then there is no token to compare
        if packet is None or not packet.token.startswith(failure.echo.token):
            self.strays += 1
            return
        packet.refuse(failure.reason)
