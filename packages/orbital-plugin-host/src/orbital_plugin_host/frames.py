"""Messages on a unix socket, each behind its length; what is sent in one turn of the loop is one write.

Waking up costs more than a message, so collects that are due together share a write, and their answers do.
"""

from __future__ import annotations

import asyncio
import hmac
from typing import TYPE_CHECKING, Final, cast

from orbital_plugin_host.handshake import PROOF
from orbital_sdk.wire.codec import Bodies
from orbital_sdk.wire.columns import Malformed

if TYPE_CHECKING:
    from collections.abc import Callable

CLOSED: Final = "closed the connection"


class Frames(asyncio.Protocol):
    """One end of a connection. The other end's proof comes before all else.

    Args:
        expected: The proof that the other end knows the cookie.
        opened: Called when it came.
        took: Called with the body of each message; may raise `Malformed`, which ends the connection.
        lost: Called once when the connection has ended, with the reason; not after `close`.
    """

    def __init__(
        self,
        expected: bytes,
        opened: Callable[[], None],
        took: Callable[[bytes], None],
        lost: Callable[[str], None],
    ) -> None:
        self._expected = expected
        self._opened = opened
        self._took = took
        self._lost: Callable[[str], None] | None = lost
        self._head: bytearray | None = bytearray()
        """What came of the proof; None when it is whole."""
        self._bodies = Bodies()
        self._waiting: list[bytes] = []
        self._transport: asyncio.Transport | None = None

    def write(self, data: bytes) -> None:
        """Send this soon; nothing where the connection has ended."""
        if self._transport is None:
            return
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._flush)
        self._waiting.append(data)

    def pause(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()

    def resume(self) -> None:
        if self._transport is not None:
            self._transport.resume_reading()

    def close(self) -> None:
        """Send what waits, and close. Safe twice."""
        self._lost = None
        self._flush()
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.close()

    # ---- called by asyncio ----------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by its class

    def data_received(self, data: bytes) -> None:
        try:
            if self._head is not None:
                data = self._proven(self._head, data)
            for body in self._bodies.feed(data):
                if self._transport is None:
                    return
                self._took(body)
        except Malformed as error:
            self._end(f"does not follow the contract: {error}")

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(f"{CLOSED}: {exc}" if exc else CLOSED)

    # ---- how ------------------------------------------------------------------------------------

    def _proven(self, head: bytearray, data: bytes) -> bytes:
        """What comes behind the proof."""
        head += data
        if len(head) < PROOF:
            return b""
        if not hmac.compare_digest(bytes(head[:PROOF]), self._expected):
            raise Malformed("it does not know the cookie")
        self._head = None
        self._opened()
        return bytes(head[PROOF:])

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        if waiting and self._transport is not None:
            self._transport.write(waiting[0] if len(waiting) == 1 else b"".join(waiting))

    def _end(self, reason: str) -> None:
        lost = self._lost
        self.close()
        if lost is not None:
            lost(reason)
