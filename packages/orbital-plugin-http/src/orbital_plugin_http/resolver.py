"""Names to addresses, through the system's own resolver, without blocking the loop.

`getaddrinfo` cannot be cancelled, so it runs on a few daemon threads: a dead name server costs those who
wait for it, and neither the loop nor the agent's exit. Look-ups of one name at one time are one look-up.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import socket
import threading
from typing import Any, Final

Address = tuple[socket.AddressFamily, socket.SocketKind, int, str, Any]
"""As `getaddrinfo` gives it."""
Key = tuple[str, int, socket.AddressFamily]
Job = tuple[Key, "asyncio.Future[list[Address]]", asyncio.AbstractEventLoop]

THREADS: Final = 32


class Resolver:
    """Up to `threads` look-ups at once; each thread is started when it is first needed."""

    def __init__(self, threads: int = THREADS) -> None:
        self._limit = threads
        self._threads = 0
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._flying: dict[Key, asyncio.Future[list[Address]]] = {}

    async def lookup(self, host: str, port: int, family: socket.AddressFamily) -> list[Address]:
        """All addresses of `host`, in the system's order of preference.

        Raises:
            OSError: There is none (`socket.gaierror`), or none of that family.
        """
        key = (host, port, family)
        future = self._flying.get(key)
        if future is None:
            future = self._flying[key] = self._submit(key)
        return await asyncio.shield(future)

    def close(self) -> None:
        """Let the threads end. Look-ups under way end when the system answers."""
        for _ in range(self._threads):
            self._jobs.put(None)
        self._threads = 0

    def _submit(self, key: Key) -> asyncio.Future[list[Address]]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[Address]] = loop.create_future()
        future.add_done_callback(lambda done: self._landed(key, done))
        if self._threads <= len(self._flying) and self._threads < self._limit:
            self._threads += 1
            threading.Thread(target=_work, args=(self._jobs,), name="http-dns", daemon=True).start()
        self._jobs.put((key, future, loop))
        return future

    def _landed(self, key: Key, done: asyncio.Future[list[Address]]) -> None:
        self._flying.pop(key, None)
        if not done.cancelled():
            done.exception()  # nobody may be waiting any more


def _work(jobs: queue.SimpleQueue[Job | None]) -> None:
    while job := jobs.get():
        (host, port, family), future, loop = job
        try:
            found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            _tell(loop, future, error)
        else:
            _tell(loop, future, found)


def _tell(
    loop: asyncio.AbstractEventLoop,
    future: asyncio.Future[list[Address]],
    outcome: list[Address] | Exception,
) -> None:
    def settle() -> None:
        if future.done():
            return
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)

    with contextlib.suppress(RuntimeError):  # the loop is closed, so nobody waits
        loop.call_soon_threadsafe(settle)


def literal(host: str, port: int) -> list[Address] | None:
    """The address that `host` spells out; None where it is a name."""
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except OSError:
        return None
