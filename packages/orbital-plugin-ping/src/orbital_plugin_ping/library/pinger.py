"""One thread a packet."""

from __future__ import annotations

import asyncio
import itertools
import secrets
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from orbital_plugin_ping.library.wire import Codec, Wire
from orbital_plugin_ping.pinger import Outcome
from orbital_plugin_ping.reasons import send_reason
from orbital_plugin_ping.sockets import RECVERR, Options, open_each, open_icmp
from orbital_sdk import CollectError, ConfigurationError

if TYPE_CHECKING:
    from orbital_plugin_ping.address import Address
    from orbital_plugin_ping.pinger import Request

THREADS: Final = 16
SLICE: Final = 0.05
"""Seconds after which a waiting thread looks whether its run still wants it."""
SELECT_LIMIT: Final = 1024
LARGEST: Final = 65535


@dataclass(frozen=True, slots=True)
class Echo:
    """What became of one packet."""

    sent: float | None = None
    """`time.monotonic()`; None if no thread was free in time."""
    rtt: float | None = None
    reason: str = ""


class Ping3Pinger:
    """The engine. Runs where the native one does not; slower, and thread switches are part of its times.
    It sees neither duplicates nor hop limits.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self.families: frozenset[int] = frozenset()
        self._stopping = threading.Event()
        self._sequences = itertools.count(1)
        self._pool: ThreadPoolExecutor | None = None
        self._codec: Codec | None = None
        self._pair: tuple[socket.socket, ...] = ()

    async def start(self) -> None:
        opened = open_each(self._options)
        self.families = frozenset(opened)
        for sock in opened.values():
            sock.close()
        self._codec = Codec(secrets.randbelow(1 << 16))
        self._pair = socket.socketpair()
        self._pair[1].send(b"x")  # so that the other end is always readable
        if sys.platform != "win32" and self._pair[0].fileno() >= SELECT_LIMIT:
            await self.stop()
            raise ConfigurationError(
                "ping3 needs a file descriptor below 1024 and all of them are taken; use engine: native",
                field="engine",
            )
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="ping3")

    async def stop(self) -> None:
        self._stopping.set()
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None
        for end in self._pair:
            end.close()
        self._pair = ()

    async def ping(self, request: Request) -> Outcome:
        started, unwanted = time.monotonic(), threading.Event()
        try:
            echoes = await asyncio.gather(
                *[
                    self._packet(request, started + number * request.gap, unwanted)
                    for number in range(request.packets)
                ]
            )
        finally:
            unwanted.set()
        sent = [echo for echo in echoes if echo.sent is not None]
        if not sent:
            raise CollectError(
                f"all {THREADS} threads of the ping3 engine were busy; use engine: native"
            )
        return Outcome(
            rtts=[echo.rtt for echo in sent],
            setup=min(echo.sent or started for echo in sent) - started,
            reason=next((echo.reason for echo in reversed(sent) if echo.reason), ""),
        )

    async def _packet(self, request: Request, due: float, unwanted: threading.Event) -> Echo:
        await asyncio.sleep(due - time.monotonic())
        loop = asyncio.get_running_loop()
        echo = loop.run_in_executor(self._pool, self._echo, request, unwanted)
        try:
            return await asyncio.wait_for(echo, request.end - time.monotonic() + SLICE)
        except TimeoutError:  # no thread took it
            return Echo()

    def _echo(self, request: Request, unwanted: threading.Event) -> Echo:
        """On a thread: send one packet and wait for its reply."""
        began = time.monotonic()
        if began >= request.end or self._over(unwanted):
            return Echo()
        try:
            with open_icmp(request.address.family, self._options) as sock:
                if sys.platform == "linux":
                    sock.setsockopt(*RECVERR[request.address.family], 1)
                sock.connect(request.address.sockaddr)  # so that ICMP errors are told
                return self._exchange(sock, request, unwanted)
        except OSError as error:  # nothing left, or an ICMP error came back
            return Echo(began, None, send_reason(error))

    def _exchange(self, sock: socket.socket, request: Request, unwanted: threading.Event) -> Echo:
        assert self._codec is not None  # noqa: S101 (set by `start`)
        wire = Wire(sock, self._pair[0].fileno())
        sequence = next(self._sequences) & 0xFFFF
        self._codec.send(wire, _spelled(request.address), sequence, self._options.payload)
        end = min(request.end, wire.sent + request.timeout)
        while (left := end - time.monotonic()) > 0 and not self._over(unwanted):
            sock.settimeout(min(SLICE, left))
            try:
                packet, source = sock.recvfrom(LARGEST)
            except TimeoutError:
                continue
            rtt = time.monotonic() - wire.sent
            ours = source[0].partition("%")[0] == request.address.text
            if ours and (answer := self._codec.understand(wire, packet, sequence)):
                return Echo(wire.sent, rtt) if answer is True else Echo(wire.sent, None, answer)
        return Echo(wire.sent)

    def _over(self, unwanted: threading.Event) -> bool:
        return unwanted.is_set() or self._stopping.is_set()


def _spelled(address: Address) -> str:
    scope = address.sockaddr[3] if len(address.sockaddr) == 4 else 0
    return f"{address.text}%{scope}" if scope else address.text
