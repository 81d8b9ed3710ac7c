"""How an output stands, for status pages and metrics."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orbital_runtime.sender.breaker import State


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
    attempted: int = 0
    """Batches up to this number were in an attempt that failed."""
    tried: int = 0
    """Batches up to this number may have been stored by one: it was sent, with an unknown outcome."""


@dataclass(frozen=True, slots=True)
class OutputStatus:
    """One output at one moment."""

    name: str
    address: str
    phase: Phase
    reason: str
    """Why it backs off or is paused; empty otherwise."""
    until_ms: int | None
    """Milliseconds UTC of the next attempt, while it backs off or is paused."""
    breaker: State
    waiting: int
    """Samples in the buffer that it has not acknowledged."""
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
