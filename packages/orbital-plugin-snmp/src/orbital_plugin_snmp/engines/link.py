"""How messages travel: by UDP or TCP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable


class LinkError(Exception):
    """The message cannot leave this machine, or nobody listens there; the message says why."""


class AnsweredElsewhere(TimeoutError):  # noqa: N818 (reads as what happened)
    """Time is over, and an answer came from another address than the one that was asked.

    Args:
        sender: That address: `192.0.2.9:161`.
    """

    def __init__(self, sender: str) -> None:
        super().__init__(sender)
        self.sender = sender


class Link(Protocol):
    """The way to one device."""

    label: str
    """The device as people call it: `192.0.2.1:161`."""

    def new_id(self) -> int:
        """An id that no request on its way has, between `pdu.FIRST_ID` and `pdu.LAST_ID`."""
        ...

    def ask(self, message_id: int, message: bytes, wait: float) -> Awaitable[bytes]:
        """Send, and wait for the message with the same id, from where it was sent to.

        Raises:
            TimeoutError: `wait` seconds have passed.
            AnsweredElsewhere: They have, and the answer came from where nobody was asked.
            WireError: They have passed, and what came meanwhile was no SNMP.
            LinkError: It could not be sent.
        """
        ...

    def launch(self, message_id: int, message: bytes, wait: float) -> asyncio.Future[bytes] | None:
        """As `ask`, but it is sent already when this returns; None where there is no room for that now.

        Who does not want the answer any more cancels it.

        Raises:
            LinkError: It could not be sent.
        """
        ...

    def close(self) -> None:
        """Let go of the socket, if it is the device's own. Safe twice."""
        ...
