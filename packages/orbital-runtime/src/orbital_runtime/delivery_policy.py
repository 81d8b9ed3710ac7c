"""Sizes, intervals and limits of the delivery to an output."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeliveryPolicy:
    """Units are seconds, samples and bytes. About 6,000 samples per request cost least."""

    batch_size: int = 6000
    """Maximum samples of a request; this number is sent without further gathering."""
    batch_bytes: int = 1 << 20
    """Maximum bytes of values and timestamps of a request before encoding: 8 per value."""
    flush_interval: float = 10.0
    """Seconds that fewer samples than `batch_size` wait for others, except for the first request."""
    timeout: float = 30.0
    """Timeout of a request."""
    retry_interval: float = 1.0
    """Backoff after the first failure; doubled after each further one."""
    retry_max_interval: float = 60.0
    """Maximum backoff, unless the destination asks for more."""
    breaker_failures: int = 5
    """Consecutive failures that open the circuit breaker."""
    breaker_reset: float = 30.0
    """Seconds until a probe after the breaker opened."""
    pause_retry: float = 60.0
    """Interval of attempts while paused (refused credentials, wrong address)."""
    bisect_requests: int = 256
    """Maximum requests to find refused samples within the batches of a chunk; after that batches are
    refused as a whole.
    """
    stuck_writes: int = 4
    """Maximum of hanging writes; no more are started then."""
    backlog_after: float = 60.0
    """Seconds after which more than one request of waiting samples becomes a backlog, in a lane of its own;
    only if the writer takes old samples.
    """
    backlog_rate: float | None = None
    """Maximum samples per second of the backlog; None: no limit."""
