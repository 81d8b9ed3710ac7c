"""The raw kind of ICMP socket (raw(7)).

Everything is ours to make and to check, and it sees all ICMP traffic of the machine but for what a filter
keeps away.
"""

from __future__ import annotations

import contextlib
import secrets
import socket
from typing import TYPE_CHECKING

from orbital_plugin_ping.native.endpoint import Endpoint, Failure, Reply, reply
from orbital_plugin_ping.native.filter import attach
from orbital_plugin_ping.native.packet import REPLY, header_length, read_echo, read_refusal
from orbital_plugin_ping.reasons import icmp_reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orbital_plugin_ping.sockets import Options


class RawEndpoint(Endpoint):
    """A raw socket."""

    def __init__(self, sock: socket.socket, options: Options) -> None:
        super().__init__(sock, options)
        self.ident = secrets.randbelow(1 << 16)
        self.summed = self.family == socket.AF_INET
        with contextlib.suppress(OSError):  # it saves work; what passes without it is dropped below
            attach(sock, self.ident)

    def read(self, *, failed: bool) -> Iterator[Reply | Failure]:
        for data, ancillary, source in self._packets():
            start = header_length(data) if self.family == socket.AF_INET else 0
            echo = read_echo(data, start)
            if echo is None:
                continue
            if data[start] == REPLY[self.family]:
                if echo.ident == self.ident:
                    yield reply(source, echo, ancillary)
            elif (failure := self._failure(data, start, source)) is not None:
                yield failure

    def _failure(self, data: bytes, start: int, source: str) -> Failure | None:
        refusal = read_refusal(self.family, data, start)
        if refusal is None or refusal.echo.ident != self.ident:
            return None
        reason = icmp_reason(self.family, refusal.kind, refusal.code, source)
        return Failure(refusal.destination, refusal.echo, reason)
