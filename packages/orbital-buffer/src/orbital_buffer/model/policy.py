"""The policies at a buffer's limits. Pure: only the index changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from orbital_buffer.model.index import LogIndex
    from orbital_buffer.model.limits import BufferLimits

RESERVE: Final = 0.1
"""Part of the room that `drop_newest` reserves for outputs that keep up."""


def fits(
    log: LogIndex, limits: BufferLimits, samples: int = 0, size: int = 0, *, part: float = 1.0
) -> bool:
    """Whether this much more fits into this part of the limits."""
    return (limits.samples is None or log.samples + samples <= limits.samples * part) and (
        limits.size is None or log.size + log.shared + size <= limits.size * part
    )


def fill(log: LogIndex, limits: BufferLimits) -> float:
    """0 to 1: the larger of the shares of the two limits."""
    used = ((log.samples, limits.samples), (log.size + log.shared, limits.size))
    return min(1.0, max(held / limit if limit else 0.0 for held, limit in used))


def expire(log: LogIndex, limits: BufferLimits, now: int) -> None:
    """Drop batches older than the limit of age; `now` in steady milliseconds."""
    if limits.age is None:
        return
    while log.records and now - log.records[0].written > limits.age * 1000:
        log.drop(log.records[0].first, log.records[0].stop, "age")


def trim(log: LogIndex, limits: BufferLimits) -> None:
    """Drop the oldest batches until the rest fits: single batches for samples, whole records for bytes."""
    while not fits(log, limits) and log.records:
        start = log.head
        record = log.record(start)
        stop = record.stop
        if limits.size is None or log.size + log.shared <= limits.size:
            stop = record.until(start, log.samples - (limits.samples or 0))
        log.drop(start, stop, "full")


def trim_orphans(log: LogIndex, limits: BufferLimits, samples: int, size: int) -> bool:
    """Drop the oldest batches of orphans until this much more fits. Returns whether any was dropped."""
    dropped = False
    for name, position in log.positions.items():
        while not position.reading and not fits(log, limits, samples, size):
            first = position.first
            if first is None:
                break
            log.drop(first, log.record(first).stop, "full", output=name)
            dropped = True
    return dropped


def takers(log: LogIndex, limits: BufferLimits, samples: int, size: int) -> list[str]:
    """The outputs that get a new record under `drop_newest`; it is counted as refused for the others."""
    if not fits(log, limits, samples, size):
        return []
    if len(log.positions) == 1 or fits(log, limits, samples, size, part=1 - RESERVE):
        return log.readers
    return [name for name in log.readers if log.positions[name].waiting <= log.samples * RESERVE]
