"""Filling a chunk: as many batches as an output asked for, in order, and at least one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orbital_runtime.buffer.contract import Chunk, Entry
from orbital_runtime.buffer.intervals import Intervals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from orbital_runtime.buffer.codec import Opened
    from orbital_runtime.buffer.log import Pieces
    from orbital_sdk import Layout


class Filling:
    """A chunk in the making."""

    def __init__(self, samples: int, size: int) -> None:
        self._room = samples
        self._bytes = size
        self.entries: list[Entry] = []
        self.next = 0
        """The batch that is being taken."""
        self.full = False

    def take(
        self,
        opened: Opened,
        first: int,
        start: int,
        stop: int,
        layout: Callable[[int, int], Layout],
    ) -> None:
        """Add the batches `start` to `stop` of a record that begins with `first`, as far as they fit.

        Raises:
            Damaged: The batch `next` cannot be read.
        """
        for self.next in range(start, stop):
            index = self.next - first
            head = opened.heads[index]
            if self.entries and (head.rows > self._room or head.size > self._bytes):
                self.full = True
                return
            batch = opened.batch(index, layout(opened.segment, head.layout))
            self.entries.append(Entry(self.next, batch))
            self._room -= head.rows
            self._bytes -= head.size

    def chunk(self, output: str, taken: Pieces) -> Chunk | None:
        """The chunk, as far as its batches were there to take."""
        entries = self.entries
        if sum(stop - start for start, stop in taken) < len(entries):
            wanted = Intervals(taken)
            entries = [entry for entry in entries if entry.seq in wanted]
        if not entries:
            return None
        return Chunk(output, tuple(entries), sum(entry.batch.samples for entry in entries))


def runs(entries: Iterable[Entry]) -> Pieces:
    """The sequence numbers of these entries as intervals."""
    pieces: Pieces = []
    for seq, _ in entries:
        if pieces and pieces[-1][1] == seq:
            pieces[-1] = pieces[-1][0], seq + 1
        else:
            pieces.append((seq, seq + 1))
    return pieces
