"""Batches as read by an output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orbital_buffer.model.intervals import Pieces
    from orbital_sdk import Batch


class Entry(NamedTuple):
    """One batch of the log."""

    seq: int
    batch: Batch


class Unsent(NamedTuple):
    """What `read` would return without limits."""

    batches: int
    samples: int
    """Without stale markers."""
    age: float
    """Seconds since the oldest one was accepted; 0 if there is none."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Batches that an output read: in flight until acknowledged or released."""

    output: str
    entries: tuple[Entry, ...]
    samples: int
    """As counted by the ledger: without stale markers."""

    @property
    def token(self) -> str:
        """Identifies these batches; the same when they are read again."""
        return f"{self.entries[0].seq}-{self.entries[-1].seq}"


def runs(entries: Iterable[Entry]) -> Pieces:
    """The sequence numbers of these entries as intervals."""
    pieces: Pieces = []
    for seq, _ in entries:
        if pieces and pieces[-1][1] == seq:
            pieces[-1] = pieces[-1][0], seq + 1
        else:
            pieces.append((seq, seq + 1))
    return pieces
