"""The port to what carries messages between the agent and a program: frames on a socket, or gRPC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from orbital_plugin_host.handshake import Address
    from orbital_sdk.wire.answers import FromProgram
    from orbital_sdk.wire.calls import FromAgent

    Connector = Callable[[Address, str, "Receiver"], Awaitable["Connection"]]
    """Connects to the address that a program announced. The text is the cookie: both ends show that they
    know it before anything else crosses. Raises OSError or `Malformed` where there is no such program."""


class Receiver(Protocol):
    """Takes what comes from a program. Called on the event loop."""

    def received(self, message: FromProgram) -> None:
        """One message."""
        ...

    def lost(self, reason: str) -> None:
        """Nothing comes any more. Called once, unless the agent closed the connection.

        Args:
            reason: What happened, as a clause: `closed the connection`.
        """
        ...


class Connection(Protocol):
    """An open connection. Used on the event loop; no method waits."""

    def send(self, message: FromAgent) -> None:
        """Send this soon. What is sent in one turn of the loop goes together.

        Nothing is sent where the connection is lost: the receiver was told.

        Raises:
            TooLarge: The message is longer than may cross.
        """
        ...

    def pause(self) -> None:
        """Read nothing more, so that the program is slowed."""
        ...

    def resume(self) -> None:
        """Read on."""
        ...

    def close(self) -> None:
        """Send what waits, and close. Safe twice."""
        ...
