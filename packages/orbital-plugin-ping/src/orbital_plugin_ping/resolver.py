"""Name resolution beside the event loop: bounded, and never longer than its caller will wait.

Each look-up has a daemon thread of its own, because the system's resolver cannot be interrupted: neither a
run that gives up nor the end of the process waits for one that hangs. At most `limit` hang at once.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING, Final

from orbital_plugin_ping.address import Address, look_up

if TYPE_CHECKING:
    from collections.abc import Callable

NO_ADDRESS: Final = "it has no address of this IP version"
_REASONS: Final = {
    socket.EAI_NONAME: "no such name",
    socket.EAI_AGAIN: "the name server does not answer",
    socket.EAI_FAIL: "the name server failed",
    socket.EAI_FAMILY: NO_ADDRESS,
    getattr(socket, "EAI_NODATA", None): NO_ADDRESS,
    getattr(socket, "EAI_ADDRFAMILY", None): NO_ADDRESS,
}


class Unresolved(Exception):  # noqa: N818 (reads as what happened)
    """The name has no address; the message says why."""


class Resolver:
    """Finds addresses of names.

    Args:
        limit: Look-ups at once.
        ask: What looks up, and may block: takes the host and the address family, 0 for any.
    """

    def __init__(
        self, limit: int = 16, *, ask: Callable[[str, int], list[Address]] = look_up
    ) -> None:
        self._slots = asyncio.Semaphore(limit)
        self._look_up = ask

    async def resolve(self, host: str, *, family: int = 0, timeout: float) -> list[Address]:  # noqa: ASYNC109 (part of the answer)
        """All addresses of `host`, best first.

        Raises:
            Unresolved: None, or none within `timeout` seconds.
        """
        try:
            async with asyncio.timeout(timeout):
                return await self._ask(host, family)
        except TimeoutError:
            raise Unresolved(f"no answer from the name server within {timeout:.3g} s") from None
        except OSError as error:
            raise Unresolved(_REASONS.get(error.errno) or error.strerror or str(error)) from error
        except UnicodeError as error:  # a label that is empty or too long
            raise Unresolved("this cannot be a name") from error

    async def _ask(self, host: str, family: int) -> list[Address]:
        await self._slots.acquire()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[Address]] = loop.create_future()

        def work() -> None:
            try:
                found: list[Address] | Exception = self._look_up(host, family)
            except Exception as error:  # noqa: BLE001 (handed to the one who asked)
                found = error
            try:
                loop.call_soon_threadsafe(self._give, answer, found)
            except RuntimeError:  # the loop has ended, and with it everyone who asked
                return

        try:
            threading.Thread(target=work, name="ping-resolve", daemon=True).start()
        except RuntimeError as error:  # the system gives no more threads
            self._slots.release()
            raise Unresolved(str(error)) from error
        return await answer

    def _give(
        self, answer: asyncio.Future[list[Address]], found: list[Address] | Exception
    ) -> None:
        self._slots.release()
        if answer.done():
            return
        if isinstance(found, Exception):
            answer.set_exception(found)
        else:
            answer.set_result(found)
