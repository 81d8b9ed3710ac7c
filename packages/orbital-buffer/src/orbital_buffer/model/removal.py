"""Removal of waiting samples: by hand, or of orphans that expire. Pure: only the index changes."""

from __future__ import annotations

from bisect import bisect_left
from itertools import islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from orbital_buffer.model.index import LogIndex

UNSET: Final = 1_577_836_800_000
"""Milliseconds UTC of 2020. An earlier clock is not set yet, as after the start of a machine without a
battery.
"""
ORPHANED: Final = (
    "output %s has not been configured for %s: %d samples that waited for it are dropped (orphaned)"
)


def counted(log: LogIndex, output: str, before_ms: int | None) -> int:
    """Samples that `remove` would drop."""
    return sum(
        log.record(start).between(start, stop) for start, stop in _pieces(log, output, before_ms)
    )


def remove(log: LogIndex, output: str, before_ms: int | None) -> int:
    """Drop waiting samples of this output with the reason `removed`. Returns their number.

    Args:
        log: The index.
        output: Its name; an orphan without waiting samples is removed.
        before_ms: Only records whose oldest batch is older, milliseconds UTC; None: all.
    """
    samples = 0
    for start, stop in _pieces(log, output, before_ms):
        samples += log.record(start).between(start, stop)
        log.drop(start, stop, "removed", output=output)
    position = log.positions.get(output)
    if position is not None and not position.reading and position.first is None:
        log.detach(output)
    return samples


def expire_orphans(log: LogIndex, now_ms: int, before_ms: float) -> dict[str, int]:
    """Remove outputs that became orphans before this time. Returns the samples that each still had.

    If it is unknown since when one is an orphan, or the clock was not set, it is one from now on.
    """
    gone: dict[str, int] = {}
    for name, position in list(log.positions.items()):
        if position.reading:
            continue
        if position.orphaned_ms < UNSET:
            position.orphaned_ms = now_ms
        if position.orphaned_ms < before_ms:
            gone[name] = position.waiting
            log.detach(name, "orphaned")
    return gone


def _pieces(log: LogIndex, output: str, before_ms: int | None) -> list[tuple[int, int]]:
    """The old enough batches of this output, as one interval for each record."""
    position = log.positions.get(output)
    pieces: list[tuple[int, int]] = []
    for start, stop in () if position is None else position.needs:
        index = bisect_left(log.records, start + 1, key=lambda record: record.first) - 1
        for record in islice(log.records, index, None):
            if record.first >= stop:
                break
            if before_ms is None or record.oldest_ms < before_ms:
                pieces.append((max(start, record.first), min(stop, record.stop)))
    return pieces
