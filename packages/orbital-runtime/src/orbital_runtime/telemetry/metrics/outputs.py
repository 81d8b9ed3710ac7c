"""Metrics of storage and delivery: buffer, ledger, outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orbital_runtime.sender.pacing.breaker import State
from orbital_runtime.sender.status import Phase
from orbital_runtime.telemetry.metrics.families import counter, counters, gauge, gauges, states

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from prometheus_client.core import Metric

    from orbital_buffer.ledger import Account
    from orbital_runtime.sender.status import OutputStatus, Tally
    from orbital_runtime.telemetry.sources import Sources

BREAKER: Final = tuple(map(str, State))
PHASES: Final = tuple(map(str, Phase))


def buffer(sources: Sources) -> Iterator[Metric]:
    """Metrics of the buffer, over all outputs."""
    yield counters(
        "sentinel_lost_samples_total",
        "Samples that never got into the buffer",
        ("reason",),
        [((reason,), count) for reason, count in sources.committer.lost.items()],
    )
    usage = sources.buffer.usage()
    yield gauge("sentinel_buffer_size", "Samples in the buffer", usage.samples)
    yield gauge(
        "sentinel_buffer_usage_percent", "How full the buffer is, 0 to 100", usage.fill * 100
    )
    yield gauge("sentinel_buffer_bytes", "Bytes in the buffer", usage.size)
    yield gauge(
        "sentinel_buffer_unsaved_bytes",
        "Bytes that are in memory only because the disk cannot be written",
        usage.unsaved,
    )
    yield gauge("sentinel_buffer_batches", "Batches in the buffer", usage.batches)
    now = sources.clock.utc_ms()
    age = max(0, now - (now if usage.oldest_ms is None else usage.oldest_ms)) / 1000
    yield gauge("sentinel_buffer_oldest_seconds", "Age of the oldest batch in the buffer", age)


def ledger(sources: Sources) -> Iterator[Metric]:
    """The ledger of each output: always accepted = delivered + waiting + dead lettered + dropped."""
    accounts = sources.buffer.ledger.accounts()
    for name, text, value in _LEDGER:
        rows = [((output,), value(account)) for output, account in accounts.items()]
        yield counters(f"sentinel_output_{name}_samples_total", text, ("output",), rows)
    yield gauges(
        "sentinel_output_waiting_samples",
        "Samples in the buffer that the output has not acknowledged",
        ("output",),
        [((output,), account.waiting) for output, account in accounts.items()],
    )
    orphans = sources.buffer.orphans()
    yield gauges(
        "sentinel_output_orphaned",
        "1 for an output that is not configured any more and for which samples are kept",
        ("output",),
        [((output,), float(output in orphans)) for output in accounts],
    )
    yield counters(
        "sentinel_output_dropped_samples_total",
        "Samples that the buffer's policy dropped",
        ("output", "reason"),
        [
            ((output, reason), count)
            for output, account in accounts.items()
            for reason, count in account.dropped.items()
        ],
    )


def dead_letters(sources: Sources) -> Iterator[Metric]:
    """Dead letters: samples that destinations refused for good, kept for inspection."""
    accounts, held = sources.buffer.ledger.accounts(), sources.buffer.dead_letters.held()
    rows = [(output, held.get(output, (0, 0))) for output in accounts]
    yield gauges(
        "sentinel_dead_letters",
        "Refused samples that are kept",
        ("output",),
        [((output,), letters) for output, (letters, _) in rows],
    )
    yield gauges(
        "sentinel_dead_letters_bytes",
        "Bytes of these",
        ("output",),
        [((output,), size) for output, (_, size) in rows],
    )
    for reason, text in _GONE.items():
        gone = [((output,), a.letters_gone[reason]) for output, a in accounts.items()]
        yield counters(f"sentinel_dead_letters_{reason}_total", text, ("output",), gone)


def outputs(sources: Sources) -> Iterator[Metric]:
    """Metrics of deliveries."""
    tallies = sources.sender.tallies()
    yield from _sums(tallies.values())
    for name, text, value in _COUNTED:
        rows = [((output,), value(tally)) for output, tally in tallies.items()]
        yield counters(f"sentinel_output_{name}", text, ("output",), rows)
    yield counters(
        "sentinel_output_errors_total",
        "Failed requests",
        ("output", "kind"),
        [((o, kind), count) for o, t in tallies.items() for kind, count in t.errors.items()],
    )
    yield gauges(
        "sentinel_output_last_success_timestamp_seconds",
        "When the output last took samples",
        ("output",),
        [((o,), t.last_success_ms / 1000) for o, t in tallies.items() if t.last_success_ms],
    )
    yield from _present(sources.sender.status())


def _present(status: Mapping[str, OutputStatus]) -> Iterator[Metric]:
    phases = [(output, str(s.phase)) for output, s in status.items()]
    yield states("sentinel_output_state", "1 for what it does now", "output", PHASES, phases)
    breakers = [(output, str(s.breaker)) for output, s in status.items()]
    yield states(
        "sentinel_output_breaker", "1 for the breaker's state", "output", BREAKER, breakers
    )
    yield from _lanes(status)
    yield gauges(
        "sentinel_output_stuck_writes",
        "Writes that were given up and have not returned",
        ("output",),
        [((output,), s.stuck) for output, s in status.items()],
    )


def _lanes(status: Mapping[str, OutputStatus]) -> Iterator[Metric]:
    yield gauges(
        "sentinel_output_lag_seconds",
        "How long the oldest fresh sample waits; the backlog is left out",
        ("output",),
        [((output,), s.lag) for output, s in status.items()],
    )
    yield gauges(
        "sentinel_output_backlog_samples",
        "Samples of an outage that go beside the fresh ones",
        ("output",),
        [((output,), s.backlog) for output, s in status.items()],
    )
    yield gauges(
        "sentinel_output_backlog_drain_seconds",
        "Until the backlog is delivered, at its pace so far",
        ("output",),
        [((o,), s.backlog_seconds) for o, s in status.items() if s.backlog_seconds is not None],
    )


def _sums(tallies: Collection[Tally]) -> Iterator[Metric]:
    """Sums over all outputs that ever existed, so that they are monotonic."""
    samples = sum(tally.samples for tally in tallies)
    yield counter("sentinel_sent_metrics_total", "Samples delivered, over all outputs", samples)
    size = sum(tally.bytes for tally in tallies)
    yield counter("sentinel_sent_bytes_total", "Bytes on the wire, over all outputs", size)
    errors = sum(tally.errors.total() for tally in tallies)
    yield counter("sentinel_send_errors_total", "Failed requests, over all outputs", errors)


_COUNTED: Final[tuple[tuple[str, str, Callable[[Tally], float]], ...]] = (
    ("sent_bytes_total", "Bytes on the wire", lambda t: t.bytes),
    ("requests_total", "Requests that were sent, answered well or not", lambda t: t.requests),
    ("retries_total", "Attempts after the first", lambda t: t.retries),
)
_GONE: Final = {
    "evicted": "Refused samples that had to go for newer ones",
    "expired": "Refused samples that were kept for their time",
    "purged": "Refused samples that were purged",
    "replayed": "Refused samples that were accepted once more",
    "damaged": "Refused samples that cannot be read any more",
}
_LEDGER: Final[tuple[tuple[str, str, Callable[[Account], float]], ...]] = (
    ("accepted", "Samples that the buffer took for this output", lambda a: a.accepted),
    ("delivered", "Samples that the output has", lambda a: a.delivered),
    ("dead_lettered", "Samples that it refused for good", lambda a: a.dead_lettered),
    ("recovered", "Quarantined samples that were accepted once more", lambda a: a.recovered),
)
