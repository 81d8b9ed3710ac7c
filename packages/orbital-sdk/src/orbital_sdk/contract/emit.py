"""What a receiver is given: where it hands over what its device sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from orbital_sdk.contract.records import Records


class Emit(Protocol):
    """Hands over what a device sent. Several calls may go on at once."""

    async def __call__(self, records: Records, /) -> None:
        """Return when the buffer has them: only now may a sender be told that they are stored.

        It waits for as long as the buffer is full or slow, and everybody who sends waits with it. What the
        agent's limits leave out (a NaN, a time in the future, a series too many) is counted and no error. A
        value that is `STALE`, bit for bit, ends its series.

        Args:
            records: A sample without a time gets that of its arrival here. `Columns` with `times` is the
                fast way.

        Raises:
            ReceiverStopped: This serving is over.
            EmissionTooLarge: More samples than one emission may have.
            BufferRefused: The buffer does not take them.
            TypeError, ValueError: These are not records.
        """
        ...
