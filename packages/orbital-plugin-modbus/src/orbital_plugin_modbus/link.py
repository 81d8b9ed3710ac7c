"""The port behind which the engines stand: one connection that answers one read at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections import Counter

    from orbital_plugin_modbus.tables import Read


class Link(Protocol):
    """A connection. Its user asks one thing at a time, and makes a new one when this one has ended."""

    @property
    def identified(self) -> bool:
        """Whether answers carry the number of their request, so that a late one is known for what it is."""
        ...

    @property
    def connected(self) -> bool: ...

    @property
    def discarded(self) -> Counter[str]:
        """Frames that were no answer to what was asked, by reason; the user of the link empties it."""
        ...

    async def open(self, timeout: float) -> None:  # noqa: ASYNC109 (part of the answer)
        """Connect within `timeout` seconds.

        Raises:
            Cut: It cannot.
        """
        ...

    async def read(self, unit: int, read: Read, timeout: float) -> bytes:  # noqa: ASYNC109 (as above)
        """The data of the answer, `read.size` bytes: registers as on the wire, bits eight a byte.

        Raises:
            ExchangeError: There is none that can be used.
        """
        ...

    def close(self) -> None:
        """End it at once. Safe twice."""
        ...
