"""The processors, one after the other. One that fails costs what it was given, and nothing else."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from orbital_runtime.guard.escape import contained
from orbital_sdk import Batch, Processor, Row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_sdk import Origin

log = logging.getLogger("orbital.processor")


class Dropped(NamedTuple):
    """No row is left."""

    reason: str
    """`relabel` (a processor dropped it) or `processor_error`."""


@dataclass(slots=True)
class ChainTotals:
    """Since the start of the process, by processor."""

    dropped: Counter[str] = field(default_factory=Counter[str])
    """Samples that `process` left out."""
    errors: Counter[str] = field(default_factory=Counter[str])
    """Calls that failed."""
    lost: Counter[str] = field(default_factory=Counter[str])
    """Samples lost in failed calls of `process`; those of `relabel` are refused as `processor_error`."""


class Chain:
    """Applies processors in the order of the configuration.

    Args:
        processors: What the configuration names.
        totals: Where to count on.
    """

    def __init__(
        self, processors: Sequence[Processor[Any]] = (), totals: ChainTotals | None = None
    ) -> None:
        self.totals = totals or ChainTotals()
        self._relabelling = [p for p in processors if _overrides(p, "relabel")]
        self._processing = [p for p in processors if _overrides(p, "process")]
        self._told: set[tuple[str, str]] = set()

    def relabel(self, row: Row, origin: Origin) -> Row | Dropped:
        """The row that writers see. Called once a series."""
        for processor in self._relabelling:
            try:
                with contained:
                    answer = _row(processor.relabel(row, origin))
            except Exception as error:  # noqa: BLE001 (a processor's bug costs this series alone)
                self._report(processor, error, f"series {row!r}")
                return Dropped("processor_error")
            if answer is None:
                return Dropped("relabel")
            row = answer
        return row

    def process(self, batch: Batch) -> Batch | None:
        """The batch that goes into the buffer; None if nothing is left. Called for every batch."""
        for processor in self._processing:
            before = len(batch)
            try:
                with contained:
                    answer = processor.process(batch)
                if answer is not None:
                    _check(answer)
            except Exception as error:  # noqa: BLE001 (a processor's bug costs this batch alone)
                self._report(processor, error, f"a batch of {before} samples")
                self.totals.lost[processor.name] += before
                return None
            after = 0 if answer is None else len(answer)
            if after < before:
                self.totals.dropped[processor.name] += before - after
            if answer is None or not after:
                return None
            batch = answer
        return batch

    def _report(self, processor: Processor[Any], error: Exception, what: str) -> None:
        self.totals.errors[processor.name] += 1
        kind = processor.name, type(error).__name__
        if kind not in self._told:
            self._told.add(kind)
            log.error(
                "processor %r failed on %s, which is lost; more of it is only counted",
                processor.name,
                what,
                exc_info=error,
            )


def _overrides(processor: Processor[Any], method: str) -> bool:
    return getattr(type(processor), method) is not getattr(Processor, method)


def _row(answer: object) -> Row | None:
    if answer is None or isinstance(answer, Row):
        return answer
    raise TypeError(f"relabel() gave {type(answer).__name__}, not a Row or None")


def _check(batch: object) -> None:
    """Whether this can go on: a buffer and every writer rely on it."""
    if not isinstance(batch, Batch):
        raise TypeError(f"process() gave {type(batch).__name__}, not a Batch or None")
    rows = batch.layout.rows
    if len(batch.values) != len(rows):
        raise ValueError(f"process() gave {len(batch.values)} values for {len(rows)} rows")
    if batch.times is not None and len(batch.times) != len(rows):
        raise ValueError(f"process() gave {len(batch.times)} times for {len(rows)} rows")
    if _CHECKED not in batch.layout.caches:
        if len({row.key for row in rows}) != len(rows):
            raise ValueError("process() gave a batch in which a series stands twice")
        batch.layout.caches[_CHECKED] = True


_CHECKED = object()
