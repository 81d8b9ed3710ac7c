"""State and counts of an output, for status and metrics."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from orbital_buffer.model.intervals import Intervals

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from orbital_runtime.processor.totals import Failure
    from orbital_runtime.sender.pacing.breaker import State


class Phase(StrEnum):
    """The current activity of a delivery."""

    WAITING = "waiting"
    """For samples to send."""
    DELIVERING = "delivering"
    BACKING_OFF = "backing off"
    """The last attempt failed; waiting for the next one."""
    PAUSED = "paused"
    """Somebody has to change the settings or the destination. All samples are kept."""
    STOPPED = "stopped"


REMEMBERED: Final = 50
"""Requests of each output."""


class Attempted(NamedTuple):
    """One request, after its end."""

    at_ms: int
    """Its start, milliseconds UTC."""
    seconds: float
    samples: int
    error: str = ""
    """Why the destination did not take it; empty if it did, and if the agent stopped meanwhile."""
    kind: str = ""
    """As in `Tally.errors`; empty without an error."""


@dataclass(slots=True)
class Tally:
    """Counts of one output since the start of the process, also across changes of its settings."""

    samples: int = 0
    """Delivered samples."""
    bytes: int = 0
    """Sent, as reported by the writer."""
    requests: int = 0
    retries: int = 0
    """Further attempts at a chunk."""
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
    first_error: str = ""
    """The first one since the last request that was stored; empty if there is none."""
    first_error_ms: int | None = None
    """Milliseconds UTC."""
    processor_failures: dict[str, Failure] = field(default_factory=dict[str, "Failure"])
    """Failures of the output's processors, by name."""
    attempts: deque[Attempted] = field(default_factory=lambda: deque[Attempted](maxlen=REMEMBERED))
    """The last requests, the oldest first."""
    failed: Intervals = field(default_factory=Intervals)
    """Batches that an attempt did not settle, and that are still waiting."""
    doubtful: Intervals = field(default_factory=Intervals)
    """Waiting batches whose last request has an unknown outcome: the destination may have stored them."""

    def failed_at(self, ms: int, words: str) -> None:
        """A request failed."""
        self.last_error, self.last_error_ms = words, ms
        if self.first_error_ms is None:
            self.first_error, self.first_error_ms = words, ms

    def succeeded_at(self, ms: int) -> None:
        """A request was stored."""
        self.last_success_ms = ms
        self.first_error, self.first_error_ms = "", None

    def left(self, seqs: Iterable[int]) -> None:
        """An attempt did not settle these batches."""
        for seq in seqs:
            self.failed.add(seq, seq + 1)

    def doubt(self, seqs: Iterable[int]) -> None:
        """It is unknown whether the destination stored these batches."""
        for seq in seqs:
            self.doubtful.add(seq, seq + 1)

    def settled(self, seqs: Iterable[int]) -> None:
        """These batches were acknowledged."""
        if self.failed or self.doubtful:
            for seq in seqs:
                self.failed.discard(seq, seq + 1)
                self.doubtful.discard(seq, seq + 1)


@dataclass(frozen=True, slots=True)
class OutputStatus:
    """A snapshot of one output."""

    name: str
    address: str
    phase: Phase
    reason: str
    """Why the last attempt failed; empty after a successful one, and before the first."""
    until_ms: int | None
    """Milliseconds UTC of the next attempt, while it backs off or is paused."""
    breaker: State
    waiting: int
    """Samples in the buffer that it has not acknowledged."""
    lag: float
    """Age of its oldest fresh sample in seconds, without the backlog and the request in flight."""
    backlog: int
    """Samples in the backlog lane; 0 while there is one lane."""
    backlog_seconds: float | None
    """Estimated seconds until the backlog is delivered; None while unknown."""
    stuck: int
    """Abandoned writes that have not returned."""
    sent_samples: int
    sent_bytes: int
    requests: int
    retries: int
    errors: Mapping[str, int]
    dead_letters: int
    last_error: str
    last_error_ms: int | None
    last_success_ms: int | None
    first_error: str
    """The first error since the last request that was stored: the beginning of the present trouble."""
    first_error_ms: int | None

    def flows_since(self, before: OutputStatus) -> bool:
        """Whether samples were delivered since then, or are being delivered without new errors."""
        if self.waiting < before.waiting or self.sent_samples > before.sent_samples:
            return True
        return self.phase is Phase.DELIVERING and self.errors == before.errors
