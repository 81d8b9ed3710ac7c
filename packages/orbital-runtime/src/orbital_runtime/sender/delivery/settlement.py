"""Acknowledges delivered and refused batches in the buffer, and releases the others."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from orbital_buffer.format.letter import DeadLetter
from orbital_buffer.model.chunk import Chunk
from orbital_sdk.text import plural

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Container, Iterable, Iterator, Sequence

    from orbital_buffer.contract import Reader
    from orbital_buffer.model.chunk import Entry
    from orbital_runtime.clock import Clock
    from orbital_runtime.sender.delivery.outgoing import Outgoing
    from orbital_runtime.sender.output import Output
    from orbital_runtime.sender.refusals.bisection import RefusedRow
    from orbital_runtime.sender.status import Tally

logger = logging.getLogger(__name__)


class Settlement:
    """Settles the chunks of one output.

    Args:
        output: The output.
        buffer: Source of its chunks.
        clock: For timestamps.
        tally: Counts of the output.
    """

    def __init__(self, output: Output, buffer: Reader, *, clock: Clock, tally: Tally) -> None:
        self._name = output.name
        self._buffer = buffer
        self._clock = clock
        self._tally = tally
        self._said = ""

    async def settle(
        self,
        chunk: Chunk,
        outgoing: Outgoing,
        left: Container[int],
        refused: Sequence[RefusedRow],
    ) -> Chunk | None:
        """Acknowledge a chunk, but release the batches in `left`, which are returned.

        Args:
            chunk: In flight.
            outgoing: What its writer got of it.
            left: Numbers of batches to be sent again.
            refused: The rows of `outgoing` that become dead letters.
        """
        done = part(chunk, [entry for entry in chunk.entries if entry.seq not in left])
        rest = part(chunk, [entry for entry in chunk.entries if entry.seq in left])
        self._buffer.release(rest)
        self._tally.left(entry.seq for entry in rest.entries)
        if done.entries:
            await self._acknowledge(done, outgoing.originals(refused), outgoing.dropped(left))
        return rest if rest.entries else None

    async def _acknowledge(
        self, done: Chunk, refused: Sequence[RefusedRow], dropped: Counter[str]
    ) -> None:
        letters = list(self._letters(done.entries, refused))
        seqs = [entry.seq for entry in done.entries]
        try:
            await self._buffer.acknowledge(done, letters=letters, dropped=dropped)
        except BaseException:
            self._buffer.release(done)  # a no-op if the buffer has acknowledged it
            self._tally.left(seqs)
            self._tally.doubt(seqs)
            raise
        self._tally.settled(seqs)
        self._tally.samples += done.samples - len(letters) - dropped.total()
        self._tally.dead_letters += len(letters)
        if letters and self._said != letters[0].reason:
            self._said = letters[0].reason
            logger.warning(
                "output %s: %s now: %s",
                self._name,
                plural(
                    len(letters), "sample was refused and is a dead letter",
                    "samples were refused and are dead letters",
                ),
                self._said,
            )  # fmt: skip

    def _letters(
        self, done: Iterable[Entry], refused: Sequence[RefusedRow]
    ) -> Iterator[DeadLetter]:
        """The refused samples as dead letters; stale markers are left out."""
        batches = dict(done) if refused else {}
        for seq, row, reason in refused:
            batch = batches[seq]
            if not batch.stale:
                yield DeadLetter(
                    output=self._name,
                    at_ms=self._clock.utc_ms(),
                    origin=batch.layout.origin,
                    row=batch.layout.rows[row],
                    value=batch.values[row],
                    ts=batch.ts if batch.times is None else batch.times[row],
                    reason=reason,
                    seq=seq,
                )


def part(chunk: Chunk, entries: Sequence[Entry]) -> Chunk:
    """A chunk with only these entries."""
    if len(entries) == len(chunk.entries):
        return chunk
    return Chunk(chunk.output, tuple(entries), sum(entry.batch.samples for entry in entries))
