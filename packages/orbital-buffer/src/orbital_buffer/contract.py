"""The protocols of a buffer, by user: `Appender`, `Reader` and `Administration`.

A buffer is an append-only log of batches with increasing sequence numbers. Every output reads it
independently: its position is the set of sequence numbers that it has not acknowledged. A batch is removed
when no output needs it. The ledger changes in the same step as a position:

    accepted = delivered + waiting + dead_lettered + sum(dropped by reason)      (samples, per output)

Not thread-safe: for the event loop. Buffers in memory and on disk behave the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from orbital_buffer.format.letter import DeadLetter
    from orbital_buffer.inspection.sources.live import Snapshots
    from orbital_buffer.ledger import Ledger
    from orbital_buffer.letters.dead_letters import DeadLetters
    from orbital_buffer.model.chunk import Chunk, Unsent
    from orbital_buffer.model.limits import Usage
    from orbital_sdk import Batch


class Appender(Protocol):
    """For the group commit."""

    async def append(self, batches: Sequence[Batch]) -> None:
        """Append batches as one record for all attached outputs. On return it is as durable as this buffer
        can be.

        With `block` it waits for room, with `drop_oldest` it makes room. With `drop_newest` the last tenth of
        the room is reserved for outputs that keep up, so that a dead one does not block them.

        Raises:
            BufferFull: `drop_newest`, and there is no room for any output.
            NoReader: No output is attached.
            ValueError: A batch cannot be stored; none was.
            BufferClosed: After `close`.
        """
        ...


class Reader(Protocol):
    """For the delivery of one output."""

    def attach(self, output: str) -> None:
        """Attach an output, or attach it again. A new one gets batches from now on."""
        ...

    def orphan(self, output: str) -> None:
        """Add no more batches for this output, and keep those that it has until `attach` or `detach`.

        If room is short under `drop_newest` and `block`, batches that only orphans need are dropped first.
        """
        ...

    def delivers(self, output: str) -> bool:
        """Whether this output gets new batches: it is attached, and no orphan."""
        ...

    def name(self, seq: int) -> str:
        """The unique name of the start of this log that assigned this number.

        With it the number is unique everywhere: no other start has this name, not even one of a copied
        folder.
        """
        ...

    def edge(self, age: float = 0.0) -> int:
        """The number of the first batch of the last `age` seconds, or of the next batch."""
        ...

    async def read(
        self, output: str, *, samples: int, size: int, since: int = 0, before: int | None = None
    ) -> Chunk | None:
        """The oldest batches of this output that are neither acknowledged nor in flight, in order, at least
        one.

        Args:
            output: Its name.
            samples: Maximum of samples, stale markers included.
            size: Maximum of bytes of values and timestamps.
            since: Only batches from this number on.
            before: Only batches before this number.

        Returns:
            None if there are none.

        Raises:
            BufferUnreadable: The disk cannot be read now.
        """
        ...

    async def acknowledge(
        self,
        chunk: Chunk,
        *,
        letters: Sequence[DeadLetter] = (),
        dropped: Mapping[str, int] | None = None,
    ) -> None:
        """Acknowledge batches; on return that is as durable as the batches were.

        Args:
            chunk: From `read`, or some of its entries. Batches that were dropped meanwhile, or acknowledged
                before, are not counted again.
            letters: Refused samples of it. They are stored in the same step that counts them.
            dropped: Numbers of dropped samples by reason. All others count as delivered.
        """
        ...

    def release(self, chunk: Chunk) -> None:
        """Return batches to the buffer: `read` returns them again, in the same order.

        With the same limits of rows and bytes the chunk has the same token, unless some were dropped.
        """
        ...

    async def wait(self, output: str, *, samples: int = 0, since: int = 0) -> None:
        """Wait until `read` would return something.

        Args:
            output: Its name.
            samples: Wait for this number of samples that are neither acknowledged nor in flight.
            since: Only batches from this number on.
        """
        ...

    async def note(self, output: str, note: bytes) -> None:
        """Store a note about an output, which also survives a kill of the process.

        It is not synced, so after a power failure there may be an earlier one.
        """
        ...

    def noted(self, output: str) -> bytes:
        """The last note; empty if there is none."""
        ...

    def unsent(self, output: str, *, since: int = 0, before: int | None = None) -> Unsent:
        """What this output has neither acknowledged nor in flight, of the batches from `since` to `before`.

        Nothing for an unknown output.
        """
        ...

    def waiting(self, output: str) -> int:
        """Samples that this output has not acknowledged, those in flight included."""
        ...


class Administration(Protocol):
    """For the agent, telemetry and the command line."""

    @property
    def ledger(self) -> Ledger:
        """Counts of samples by output."""
        ...

    @property
    def dead_letters(self) -> DeadLetters:
        """Refused samples: list, purge, replay."""
        ...

    @property
    def inspection(self) -> Snapshots:
        """Read access to its state and records."""
        ...

    def usage(self) -> Usage:
        """Its current contents."""
        ...

    def waiting(self, output: str) -> int:
        """Samples that this output has not acknowledged, those in flight included."""
        ...

    def outputs(self) -> Collection[str]:
        """All outputs with a position, orphans included."""
        ...

    def detach(self, output: str) -> None:
        """Remove an output. Its waiting samples are dropped with the reason `removed`."""
        ...

    def orphans(self) -> dict[str, int]:
        """Outputs that get no new batches but have waiting ones, with the time since when (milliseconds
        UTC; 0 if unknown).
        """
        ...

    def expire_orphans(self, age: float) -> None:
        """Remove outputs that have been orphans for more than `age` seconds.

        Their waiting samples are dropped with the reason `orphaned`, and logged. The age includes restarts,
        by the wall clock.
        """
        ...

    async def remove(self, output: str, *, before_ms: int | None = None) -> int:
        """Drop waiting samples of this output with the reason `removed`. Returns their number.

        An orphan without waiting samples is removed.

        Args:
            output: Its name.
            before_ms: Only records whose oldest batch is older, milliseconds UTC; None: all.
        """
        ...

    def removable(self, output: str, *, before_ms: int | None = None) -> int:
        """Samples that `remove` would drop now."""
        ...

    async def open(self) -> None:
        """Open the buffer; called once, before all other methods.

        Raises:
            BufferUnusable: It cannot be opened; the message says why and what to do.
        """
        ...

    async def close(self) -> None:
        """Close the buffer. Idempotent. Waiting calls raise `BufferClosed`.

        What a buffer without a disk still holds is dropped under the reason `stopped`, and logged.
        """
        ...
