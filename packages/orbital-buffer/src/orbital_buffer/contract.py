"""What a buffer promises, by who asks: whoever appends, whoever reads for an output, and administration.

An append-only log of batches, each with a sequence number that only grows. Every output reads the log
on its own: its position is the set of sequence numbers it has not acknowledged yet. A batch leaves the
log when no output needs it any more. The ledger moves in the same step as the position:

    accepted = delivered + waiting + dead_lettered + sum(dropped by reason)      (samples, per output)

All methods belong to the event loop. A buffer in memory and one on disk keep the same promises.
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
    """Who adds samples: the engine's group commit."""

    async def append(self, batches: Sequence[Batch]) -> None:
        """Add these as one record. On return they are accepted: durable as far as this buffer can be.

        The outputs attached then will read them. With `block` it waits for room. With `drop_oldest` it
        makes room. With `drop_newest` the last tenth of the room is kept for outputs that keep up, so
        that a dead one does not shut them out.

        Raises:
            BufferFull: `drop_newest`, and no output could take them.
            NoReader: No output is attached.
            ValueError: A batch cannot be stored; none of them was.
            BufferClosed: After `close`.
        """
        ...


class Reader(Protocol):
    """Who delivers samples: the sender, for each output."""

    def attach(self, output: str) -> None:
        """Begin (or resume) reading for this output. A new one starts with what comes from now on."""
        ...

    def orphan(self, output: str) -> None:
        """Take nothing more for this output, and keep what it has until `attach` or `detach`.

        Where room is short under `drop_newest` and `block`, what only orphans need goes first.
        """
        ...

    def delivers(self, output: str) -> bool:
        """Whether new samples wait for this output: it is attached, and no orphan."""
        ...

    def name(self, seq: int) -> str:
        """Names the start of this log that gave this number, also after later starts.

        No other start has this name, not even one of a copied folder: with it the number is unique
        everywhere.
        """
        ...

    def edge(self, age: float = 0.0) -> int:
        """The number of the first batch that was accepted in the last `age` seconds, or of the next one."""
        ...

    async def read(
        self, output: str, *, samples: int, size: int, since: int = 0, before: int | None = None
    ) -> Chunk | None:
        """The oldest batches that this output has neither acknowledged nor in flight, in order.

        Args:
            output: Its stable name.
            samples: As many batches as fit into this count, stale markers included, and always at
                least one.
            size: Bytes of values and times, likewise.
            since: Only batches from this number on.
            before: Only batches before this number.

        Returns:
            None when nothing waits.

        Raises:
            BufferUnreadable: The disk does not give it now.
        """
        ...

    async def acknowledge(
        self,
        chunk: Chunk,
        *,
        letters: Sequence[DeadLetter] = (),
        dropped: Mapping[str, int] | None = None,
    ) -> None:
        """These are done with; on return that is as durable as the batches were.

        Args:
            chunk: What `read` gave, or some entries of it. What the policy dropped meanwhile, or what
                was acknowledged before, does not count again.
            letters: Those of its samples that the destination refused for good. They are kept in the very
                step that counts them.
            dropped: How many were dropped, by reason. All others count as delivered.
        """
        ...

    def release(self, chunk: Chunk) -> None:
        """Not delivered: `read` gives the same batches again, in the same order.

        The same limits of rows and bytes give a chunk with the same token, unless some were dropped.
        """
        ...

    async def wait(self, output: str, *, samples: int = 0, since: int = 0) -> None:
        """Return when `read` would give something, at once if it would now.

        Args:
            output: Its stable name.
            samples: Wait until this many are neither acknowledged nor in flight.
            since: Only batches from this number on.
        """
        ...

    async def note(self, output: str, note: bytes) -> None:
        """Remember this of an output until the next note, also over the end of the process, whichever it is.

        Nobody waits for the disk, so a power cut may bring back an earlier one.
        """
        ...

    def noted(self, output: str) -> bytes:
        """The last note; empty where there is none."""
        ...

    def unsent(self, output: str, *, since: int = 0, before: int | None = None) -> Unsent:
        """What this output has neither acknowledged nor in flight, of the batches `since` to `before`.

        Nothing for an output that is not known.
        """
        ...

    def waiting(self, output: str) -> int:
        """Samples not acknowledged yet by this output, in flight ones included."""
        ...


class Administration(Protocol):
    """Who looks after a buffer: the agent, telemetry and the command line."""

    @property
    def ledger(self) -> Ledger:
        """Counts of samples, per output."""
        ...

    @property
    def dead_letters(self) -> DeadLetters:
        """What destinations refused, to look at, to throw away, or to send again."""
        ...

    @property
    def inspection(self) -> Snapshots:
        """Its books and its records, to look at."""
        ...

    def usage(self) -> Usage:
        """What it holds now."""
        ...

    def waiting(self, output: str) -> int:
        """Samples not acknowledged yet by this output, in flight ones included."""
        ...

    def outputs(self) -> Collection[str]:
        """Every output that has a position here, whether or not anything reads for it."""
        ...

    def detach(self, output: str) -> None:
        """Forget an output for good: what waits for it alone is dropped under the reason `removed`."""
        ...

    def orphans(self) -> dict[str, int]:
        """Outputs that get nothing new and for which something is kept, with the time since when
        (milliseconds UTC; 0 where it is not known).
        """
        ...

    def expire_orphans(self, age: float) -> None:
        """Forget the outputs that have been orphans for more than so many seconds.

        What waits for them is dropped under the reason `orphaned`, and logged. The age counts over
        restarts, by the wall clock.
        """
        ...

    async def remove(self, output: str, *, before_ms: int | None = None) -> int:
        """Drop what waits for this output, by hand: the reason is `removed`. Gives how many samples.

        An orphan of which nothing is left is forgotten.

        Args:
            output: Its stable name.
            before_ms: Only records whose oldest batch is older, milliseconds UTC; None: all.
        """
        ...

    def removable(self, output: str, *, before_ms: int | None = None) -> int:
        """Samples that `remove` would drop now."""
        ...

    async def open(self) -> None:
        """Make ready; before anything else, and once.

        Raises:
            BufferUnusable: It cannot be; the message says why and what to do.
        """
        ...

    async def close(self) -> None:
        """Nothing after this. Safe twice. Waiters get `BufferClosed`.

        What a buffer without a disk still holds is dropped under the reason `stopped`, and logged.
        """
        ...
