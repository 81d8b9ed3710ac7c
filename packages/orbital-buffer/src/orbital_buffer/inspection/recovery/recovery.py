"""Recovers batches from the quarantine, each once, for the outputs that lost it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from orbital_buffer.model.damage import Damaged
from orbital_buffer.model.intervals import Intervals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orbital_buffer.inspection.recovery.quarantined import (
        QuarantinedRecord,
        QuarantineReader,
    )
    from orbital_buffer.log.log import Log
    from orbital_sdk import Batch

PORTION: Final = 10_000
"""Maximum samples to recover in one write."""


@dataclass
class Portion:
    """Batches for the same outputs."""

    numbers: Intervals = field(default_factory=Intervals)
    batches: list[Batch] = field(default_factory=list["Batch"])
    samples: int = 0

    def add(self, seq: int, batch: Batch) -> None:
        self.numbers.add(seq, seq + 1)
        self.batches.append(batch)
        self.samples += batch.samples


class Recovery:
    """One recovery.

    Args:
        log: Gets the recovered batches.
        quarantine: Source of the batches.
        output: Gets all batches that are neither waiting for it nor recovered before, even if it is not
            known to have lost them: those delivered before the damage are delivered twice. Empty: each
            output gets the batches that it is known to have lost.
        portion: Maximum samples to recover in one write.
    """

    def __init__(
        self, log: Log, quarantine: QuarantineReader, output: str = "", portion: int = PORTION
    ) -> None:
        self.quarantine = quarantine
        self._log = log
        self._portion = portion
        self._output = output
        self._portions: dict[tuple[str, ...], Portion] = {}
        self.readable = Intervals()
        """Batches that can be read."""
        self.unreadable = Intervals()
        """Batches whose layout cannot be read."""
        self.samples: Counter[str] = Counter()
        """Recovered samples by output."""

    async def run(self) -> None:
        """Recover. Each portion is recovered as a whole or not at all, even if this is interrupted.

        Raises:
            BufferFull: The disk cannot be written. Earlier portions stay recovered.
            OSError: The quarantine cannot be read.
        """
        for records in self.quarantine.parts():
            for record in records:
                for seq, outputs in self._wanted(record):
                    await self._take(record, seq, outputs)
            for outputs in list(self._portions):
                await self._bring(outputs)
        self.unreadable.difference_update(self.readable)

    def _wanted(self, record: QuarantinedRecord) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Its batches, each with the outputs that get it."""
        outputs = [self._output] if self._output else self._log.outputs.all()
        wants = {output: lost for output in outputs if (lost := self._lost(output, record))}
        for seq in range(record.first, record.stop):
            yield seq, tuple(name for name, lost in wants.items() if seq in lost)

    def _lost(self, output: str, record: QuarantinedRecord) -> Intervals:
        lost = self._log.outputs.lost(output, record.first, record.stop, known=not self._output)
        for outputs, portion in self._portions.items():
            if output in outputs:
                lost.difference_update(portion.numbers)
        return lost

    async def _take(self, record: QuarantinedRecord, seq: int, outputs: tuple[str, ...]) -> None:
        try:
            batch = record.batch(seq)
        except Damaged:
            self.unreadable.add(seq, seq + 1)
            return
        self.readable.add(seq, seq + 1)
        if outputs:
            portion = self._portions.setdefault(outputs, Portion())
            portion.add(seq, batch)
            if portion.samples >= self._portion:
                await self._bring(outputs)

    async def _bring(self, outputs: tuple[str, ...]) -> None:
        portion = self._portions.pop(outputs)
        await self._log.appending.bring_back(outputs, portion.numbers, portion.batches)
        self.samples.update(dict.fromkeys(outputs, portion.samples))
