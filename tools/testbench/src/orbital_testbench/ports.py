"""Free loopback ports, and a port on which nobody ever answers."""

from __future__ import annotations

import contextlib
import random
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

LOOPBACK = "127.0.0.1"
RANGE = range(12_000, 32_000)
"""Below the ports that Linux hands to outgoing connections, so that a stopped server finds its own again."""


def free_port(host: str = LOOPBACK, kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port on which nothing listens now."""
    while True:
        port = random.choice(RANGE)  # noqa: S311 (no secret)
        if port_is_free(port, host, kind):
            return port


def port_is_free(
    port: int, host: str = LOOPBACK, kind: socket.SocketKind = socket.SOCK_STREAM
) -> bool:
    """Whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, kind == socket.SOCK_STREAM)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


@contextlib.contextmanager
def silent_port(host: str = LOOPBACK) -> Generator[int]:
    """A port to which connecting takes for ever: its queue of waiting connections is full."""
    with socket.socket() as listener, contextlib.ExitStack() as waiting:
        listener.bind((host, 0))
        listener.listen(0)
        address = listener.getsockname()
        for _ in range(4):
            client = waiting.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(address)
        yield address[1]
