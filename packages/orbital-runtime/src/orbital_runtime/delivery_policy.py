"""How an output is delivered to: sizes, times and patience."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeliveryPolicy:
    """Seconds, samples and bytes. About 6,000 samples a request cost least."""

    batch_size: int = 6000
    """Samples in one request; so many waiting are sent at once."""
    batch_bytes: int = 1 << 20
    """Bytes of values and times in one request, before encoding: 8 a value."""
    flush_interval: float = 10.0
    """Fewer samples than `batch_size` wait this long for others, but for the very first."""
    timeout: float = 30.0
    """One request may take this long."""
    retry_interval: float = 1.0
    """The first pause after a failure; each further one may be twice as long."""
    retry_max_interval: float = 60.0
    """No pause is longer, unless the destination asks for it."""
    breaker_failures: int = 5
    """Failures in a row that open the circuit breaker."""
    breaker_reset: float = 30.0
    """Seconds that it stays open before one probe is let through."""
    pause_retry: float = 60.0
    """A paused output (refused credentials, wrong address) tries again this often."""
    bisect_requests: int = 256
    """Requests spent on finding the refused samples inside of a chunk's batches; after that a batch that is
    refused is set aside whole."""
    stuck_writes: int = 4
    """Writes that may hang at once before no more are started."""
    backlog_after: float = 60.0
    """Seconds after which more than one request's worth of waiting samples is a backlog, which goes
    beside the fresh ones; only where the writer takes old samples."""
    backlog_rate: float | None = None
    """Samples a second of the backlog, at most; None: as fast as the destination takes them."""
