"""An SNMP agent that misbehaves as it is told, on UDP."""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from orbital_testbench.ports import LOOPBACK
from orbital_testbench.snmp_message import SnmpRequest, read_request

if TYPE_CHECKING:
    from collections.abc import Callable

ELSEWHERE = "127.0.0.9"


@dataclass(frozen=True, slots=True)
class Datagram:
    """One that the agent sends.

    Args:
        data: What.
        after: Seconds later.
        elsewhere: From another address than the one that was asked.
    """

    data: bytes
    after: float = 0.0
    elsewhere: bool = False


ROOM = 4 << 20
"""Bytes of requests that may wait; the system gives what it allows."""


class HostileAgent:
    """Answers each datagram with what `behave` makes of it.

    Args:
        behave: Given the request (v1 and v2c only; `raw` for all), gives datagrams to send, or bytes.
        raw: Given the bytes of the request instead.
    """

    def __init__(
        self,
        behave: Callable[[SnmpRequest], list[Datagram | bytes]] | None = None,
        *,
        raw: Callable[[bytes], list[Datagram | bytes]] | None = None,
    ) -> None:
        self.behave = behave
        self.raw = raw
        self.requests: list[bytes] = []
        """All that came."""
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.setsockopt(
            socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM
        )  # for bursts on a busy machine
        self._sock.bind((LOOPBACK, 0))
        self._other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.host = LOOPBACK
        self.port: int = self._sock.getsockname()[1]
        self._other.bind((ELSEWHERE, self.port))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._timers: list[threading.Timer] = []

    @property
    def parsed(self) -> list[SnmpRequest]:
        """All that came, taken apart."""
        return [read_request(data) for data in self.requests]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", (self.host, self.port))
        self._thread.join(5)
        for timer in self._timers:
            timer.cancel()
            timer.join()
        self._sock.close()
        self._other.close()

    def _serve(self) -> None:
        while True:
            data, address = self._sock.recvfrom(65535)
            if not data:
                return
            self.requests.append(data)
            for each in self._answers(data):
                datagram = each if isinstance(each, Datagram) else Datagram(each)
                if datagram.after:
                    timer = threading.Timer(datagram.after, self._send, (datagram, address))
                    self._timers.append(timer)
                    timer.start()
                else:
                    self._send(datagram, address)

    def _answers(self, data: bytes) -> list[Datagram | bytes]:
        if self.raw is not None:
            return self.raw(data)
        return self.behave(read_request(data)) if self.behave else []

    def _send(self, datagram: Datagram, address: tuple[str, int]) -> None:
        sock = self._other if datagram.elsewhere else self._sock
        sock.sendto(datagram.data, address)


def relay(data: bytes, port: int) -> bytes:
    """What a real agent answers; for behaviours that damage it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.sendto(data, (LOOPBACK, port))
        return sock.recv(65535)
