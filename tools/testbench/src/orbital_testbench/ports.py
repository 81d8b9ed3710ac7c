"""Free loopback ports, and a port on which nobody ever answers."""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import socket
import tempfile
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

LOOPBACK = "127.0.0.1"
RANGE = range(12_000, 32_000)
"""Below the ports that Linux hands to outgoing connections, so that a stopped server finds its own again."""

KINDS = (socket.SOCK_STREAM, socket.SOCK_DGRAM)


def free_port(host: str = LOOPBACK) -> int:
    """A port on which nothing listens now, neither TCP nor UDP, and which nobody else got: no other call of
    this process, and no other process that runs.

    Raises:
        RuntimeError: There is none.
    """
    start = random.randrange(len(RANGE))  # noqa: S311 (no secret)
    for port in chain(RANGE[start:], RANGE[:start]):
        if _claims().add(port) and all(port_is_free(port, host, kind) for kind in KINDS):
            return port
    raise RuntimeError(f"no port of {RANGE} is free")


class _Claims:
    """The ports of this process: bytes of a common file that it locks until it ends."""

    def __init__(self) -> None:
        path = Path(tempfile.gettempdir()) / "orbital-testbench-ports"
        with contextlib.suppress(OSError):  # it exists, and is another user's
            os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o666))
            path.chmod(0o666)
        self._file = os.open(path, os.O_RDWR)
        self._own: set[int] = set()

    def add(self, port: int) -> bool:
        """Claim it, unless it was claimed before."""
        if port in self._own:
            return False
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
        except OSError:
            return False
        self._own.add(port)
        return True


@lru_cache(maxsize=1)
def _claims() -> _Claims:
    return _Claims()


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
