"""Names to addresses, through the system's own resolver, without blocking the loop.

`getaddrinfo` cannot be cancelled, so it runs on daemon threads of its own: a dead name server costs those
who wait for it, and neither the loop nor the agent's exit. Look-ups of one name at one time are one look-up,
so that a name whose server is dead holds one thread, however many tasks ask for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import socket
import threading
from collections.abc import Callable
from typing import Any, Final
from weakref import WeakKeyDictionary

Address = tuple[socket.AddressFamily, socket.SocketKind, int, str, Any]
"""As `getaddrinfo` gives it."""
Lookup = Callable[[str, int, int, int], list[Address]]
"""`getaddrinfo`, or something of its kind."""
Key = tuple[str, int, int]
Answer = asyncio.Future[list[Address]]
Job = tuple[Key, Answer, asyncio.AbstractEventLoop]

THREADS: Final = 32
IDLE: Final = 30.0
"""Seconds after which a thread that has nothing to do ends."""


class Resolver:
    """Up to `threads` look-ups at once, for one event loop."""

    def __init__(
        self,
        threads: int = THREADS,
        idle: float = IDLE,
        getaddrinfo: Lookup = socket.getaddrinfo,
    ) -> None:
        self._limit = threads
        self._idle = idle
        self._getaddrinfo = getaddrinfo
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._flying: dict[Key, Answer] = {}
        self._lock = threading.Lock()
        self.threads = 0
        """How many there are now."""

    async def lookup(self, host: str, port: int, family: int = 0) -> list[Address]:
        """All addresses of `host`, in the system's order of preference.

        Raises:
            OSError: There is none (`socket.gaierror`).
            UnicodeError: It is no name.
        """
        key = (host, port, family)
        answer = self._flying.get(key)
        if answer is None:
            answer = self._flying[key] = self._submit(key)
        return await asyncio.shield(answer)

    def _submit(self, key: Key) -> Answer:
        loop = asyncio.get_running_loop()
        answer: Answer = loop.create_future()
        answer.add_done_callback(lambda done: self._landed(key, done))
        self._jobs.put((key, answer, loop))
        with self._lock:
            if self.threads < min(self._limit, len(self._flying) + 1):
                self.threads += 1
                threading.Thread(target=self._work, name="http-dns", daemon=True).start()
        return answer

    def _landed(self, key: Key, done: Answer) -> None:
        self._flying.pop(key, None)
        if not done.cancelled():
            done.exception()  # nobody may be waiting any more

    def _work(self) -> None:
        while True:
            try:
                (host, port, family), answer, loop = self._jobs.get(timeout=self._idle)
            except queue.Empty:
                if self._may_end():
                    return
                continue
            try:
                found = self._getaddrinfo(host, port, family, socket.SOCK_STREAM)
            except (OSError, UnicodeError) as error:
                _tell(loop, answer, error)
            else:
                _tell(loop, answer, found)

    def _may_end(self) -> bool:
        with self._lock:
            ends = self._jobs.empty()
            self.threads -= ends
            return ends


def _tell(
    loop: asyncio.AbstractEventLoop, answer: Answer, outcome: list[Address] | Exception
) -> None:
    def settle() -> None:
        if answer.done():
            return
        if isinstance(outcome, Exception):
            answer.set_exception(outcome)
        else:
            answer.set_result(outcome)

    with contextlib.suppress(RuntimeError):  # the loop is closed, so nobody waits
        loop.call_soon_threadsafe(settle)


_RESOLVERS: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, Resolver]] = WeakKeyDictionary()


def shared() -> Resolver:
    """The running loop's resolver: one for all plugin instances, so that its threads are bounded."""
    loop = asyncio.get_running_loop()
    resolver = _RESOLVERS.get(loop)
    if resolver is None:
        resolver = _RESOLVERS[loop] = Resolver()
    return resolver


def literal(host: str, port: int) -> list[Address] | None:
    """The address that `host` spells out; None where it is a name."""
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return None
