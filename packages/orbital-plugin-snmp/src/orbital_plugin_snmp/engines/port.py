"""The port: what every engine can do, in the form that is cheapest."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from orbital_plugin_snmp.engines.cost import Cost
    from orbital_plugin_snmp.wire.smi import VarBind


class Flight(NamedTuple):
    """A request that is on its way already."""

    message_id: int
    answer: asyncio.Future[bytes]
    """Cancelled by who does not want it any more."""
    key: object
    """What it was written with; a session that has another one by now asks again."""


class Session(Protocol):
    """One device with one set of credentials. May be used by several tasks at once.

    Each call is one request with its retries, over before `deadline`, a `time.monotonic()`. All raise:

        NoAnswer: Nothing came; a `DeviceUnreachable`.
        Refused: The credentials are wrong, as far as the device says so; an `AuthenticationFailed`.
        TooBig: The answer does not fit; ask for less. An `UnexpectedReply`.
        Malformed: What came is not SNMP; an `UnexpectedReply`.
        ErrorStatus: The device answered with another error; an `UnexpectedReply`.
    """

    cost: Cost
    """What was spent so far."""

    async def get(self, oids: Sequence[bytes], deadline: float) -> list[VarBind]:
        """As many varbinds as OIDs, in their order. What is missing has a tag of EXCEPTIONS, on v1 too."""
        ...

    async def get_next(self, oids: Sequence[bytes], deadline: float) -> list[VarBind]:
        """The successor of each; END_OF_MIB_VIEW where there is none, on v1 too."""
        ...

    async def bulk(
        self,
        oids: Sequence[bytes],
        repetitions: int,
        deadline: float,
        *,
        flight: Flight | None = None,
    ) -> list[VarBind]:
        """GETBULK: successors, row by row; as many as fit. On v1 a GETNEXT, whose answer is one row.

        Args:
            oids: Whose successors.
            repetitions: How many of each.
            deadline: As above.
            flight: The same request, sent by `ahead`.
        """
        ...

    def ahead(self, oids: Sequence[bytes], repetitions: int, deadline: float) -> Flight | None:
        """Send what `bulk` will ask for soon. None where that is not possible now.

        Args:
            oids: As in `bulk`.
            repetitions: Likewise.
            deadline: Likewise.
        """
        ...

    async def close(self) -> None:
        """Let go of sockets. Safe twice."""
        ...
