"""How an output stands, for status pages and metrics."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from orbital_buffer.model.intervals import Intervals

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from orbital_runtime.sender.pacing.breaker import State


class Phase(StrEnum):
    """What a delivery is doing."""

    WAITING = "waiting"
    """Nothing to send yet."""
    DELIVERING = "delivering"
    BACKING_OFF = "backing off"
    """The last attempt failed; the next one has its time."""
    PAUSED = "paused"
    """A person has to change something. Everything is kept."""
    STOPPED = "stopped"


@dataclass(slots=True)
class Tally:
    """Counts of one output; they go on when its settings change."""

    samples: int = 0
    """Delivered, each once."""
    bytes: int = 0
    """On the wire, as far as the writer says."""
    requests: int = 0
    retries: int = 0
    """Attempts at a chunk after its first."""
    errors: Counter[str] = field(default_factory=Counter[str])
    """Failed requests by kind: `unavailable`, `timeout`, `misconfigured`, `too_large`, `rejected`,
    `bug`."""
    dead_letters: int = 0
    """Samples refused for good."""
    last_error: str = ""
    last_error_ms: int | None = None
    """Milliseconds UTC."""
    last_success_ms: int | None = None
    """Milliseconds UTC."""
    failed: Intervals = field(default_factory=Intervals)
    """Batches that waited at the end of an attempt, and are not settled yet."""
    doubtful: Intervals = field(default_factory=Intervals)
    """Batches that the destination may have stored although they wait: sent, with an unknown outcome."""

    def left(self, seqs: Iterable[int]) -> None:
        """These batches wait at the end of an attempt."""
        for seq in seqs:
            self.failed.add(seq, seq + 1)

    def doubt(self, seqs: Iterable[int]) -> None:
        """The destination may have stored these batches, or not."""
        for seq in seqs:
            self.doubtful.add(seq, seq + 1)

    def settled(self, seqs: Iterable[int]) -> None:
        """These batches are done with, for good."""
        if self.failed or self.doubtful:
            for seq in seqs:
                self.failed.discard(seq, seq + 1)
                self.doubtful.discard(seq, seq + 1)


@dataclass(frozen=True, slots=True)
class OutputStatus:
    """One output at one moment."""

    name: str
    address: str
    phase: Phase
    reason: str
    """Why the last attempt failed; empty once one succeeded, and before the first."""
    until_ms: int | None
    """Milliseconds UTC of the next attempt, while it backs off or is paused."""
    breaker: State
    waiting: int
    """Samples in the buffer that it has not acknowledged."""
    lag: float
    """Seconds that its oldest fresh sample waits; the backlog and a request under way are left out."""
    backlog: int
    """Samples that wait in the backlog lane; 0 while there is one lane."""
    backlog_seconds: float | None
    """Until the backlog is delivered, at its pace so far; None while there is no telling."""
    stuck: int
    """Writes that were given up and have not returned."""
    sent_samples: int
    sent_bytes: int
    requests: int
    retries: int
    errors: Mapping[str, int]
    dead_letters: int
    last_error: str
    last_error_ms: int | None
    last_success_ms: int | None

    def flows_since(self, before: OutputStatus) -> bool:
        """Whether samples left since that moment, or are on their way and nothing has failed since."""
        if self.waiting < before.waiting or self.sent_samples > before.sent_samples:
            return True
        return self.phase is Phase.DELIVERING and self.errors == before.errors
