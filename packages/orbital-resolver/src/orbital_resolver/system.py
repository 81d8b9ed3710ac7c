"""The system's own resolver, for names that only it can find.

`getaddrinfo` cannot be cancelled, so it runs on few daemon threads: one that hangs costs those who ask for
such names, and neither the loop nor the end of the process.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from orbital_resolver.address import Address, NumericAddress, numeric_address
from orbital_resolver.answer import Answer, Failed
from orbital_resolver.errors import BROKEN, INVALID, NO_ADDRESS, SILENT, UNKNOWN

if TYPE_CHECKING:
    from orbital_resolver.errors import Failure

    Job = tuple[str, int, asyncio.Future[Answer]]

LookUp = Callable[..., list[Address]]
"""`socket.getaddrinfo`, or something of its kind."""
THREADS: Final = 8
IDLE: Final = 30.0
"""Seconds after which a thread that has nothing to do ends."""
_FAILURES: Final[dict[int | None, Failure]] = {
    socket.EAI_NONAME: UNKNOWN,
    socket.EAI_AGAIN: SILENT,
    getattr(socket, "EAI_NODATA", None): NO_ADDRESS,
    getattr(socket, "EAI_ADDRFAMILY", None): NO_ADDRESS,
}


class System:
    """Up to `threads` look-ups at once; others wait."""

    def __init__(self, look_up: LookUp, threads: int = THREADS, idle: float = IDLE) -> None:
        self._look_up = look_up
        self._limit = threads
        self._idle = idle
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._busy = self.threads = 0

    async def ask(self, name: str, family: int) -> Answer:
        """As `Channel.ask`."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        with self._lock:
            self._busy += 1
            if self.threads < min(self._limit, self._busy):
                threading.Thread(target=self._work, name="names", daemon=True).start()
                self.threads += 1
        self._jobs.put((name, family, answer))
        return await answer

    def _work(self) -> None:
        while True:
            try:
                name, family, answer = self._jobs.get(timeout=self._idle)
            except queue.Empty:
                if self._may_end():
                    return
                continue
            outcome = Failed(SILENT) if answer.done() else self._outcome(name, family)
            with self._lock:
                self._busy -= 1
            with contextlib.suppress(RuntimeError):  # the loop is closed, so nobody waits
                answer.get_loop().call_soon_threadsafe(_settle, answer, outcome)

    def _outcome(self, name: str, family: int) -> Answer | Failed:
        try:
            found = self._look_up(name, None, family, socket.SOCK_STREAM)
        except UnicodeError:
            return Failed(INVALID)
        except OSError as error:
            return Failed(_FAILURES.get(error.errno, BROKEN))
        places: dict[NumericAddress, None] = dict.fromkeys(
            numeric_address(address) for address in found
        )
        return Answer(tuple(places))

    def _may_end(self) -> bool:
        with self._lock:
            ends = self._jobs.empty()
            self.threads -= ends
            return ends


def _settle(answer: asyncio.Future[Answer], outcome: Answer | Failed) -> None:
    if answer.done():
        return
    if isinstance(outcome, Failed):
        answer.set_exception(outcome)
    else:
        answer.set_result(outcome)
