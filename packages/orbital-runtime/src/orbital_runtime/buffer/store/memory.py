"""The memory buffer: the same records as on disk, about 4 bytes a sample, gone when the process ends."""

from __future__ import annotations

import logging
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from orbital_runtime.buffer.format.codec import encode
from orbital_runtime.buffer.format.layout import encode_layout, layout_size
from orbital_runtime.buffer.log.log import LogBuffer
from orbital_runtime.buffer.model.damage import Damaged
from orbital_runtime.buffer.model.limits import LETTERS, LetterLimits
from orbital_runtime.buffer.store.letters import MemoryLetterStore
from orbital_runtime.buffer.store.port import Draft

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from orbital_runtime.buffer.model.limits import BufferLimits
    from orbital_runtime.buffer.model.record import Record
    from orbital_runtime.clock import Clock
    from orbital_sdk import Batch, Layout

logger = logging.getLogger(__name__)

SEGMENT: Final = 0
"""There is one alone: memory lets go of each layout by itself."""


class MemoryBuffer(LogBuffer):
    """A buffer without a disk. `append`, `read` and `acknowledge` never wait, but for room (`block`)."""

    def __init__(self, limits: BufferLimits, clock: Clock, letters: LetterLimits = LETTERS) -> None:
        super().__init__(limits, clock, letters)
        self._data: dict[int, bytes] = {}
        self._layouts = Layouts()

    def _draft(self, batches: Sequence[Batch], written: int) -> Draft:
        numbers, fresh = self._layouts.number(batches)
        data = encode(batches, numbers, segment=SEGMENT, written=written)
        samples, shared = sum(b.samples for b in batches), sum(map(layout_size, fresh))
        return Draft(batches, data, numbers, fresh, samples, shared)

    async def _store(self, record: Record, draft: Draft, readers: Sequence[str]) -> None:
        self._data[record.first] = draft.data
        self._layouts.keep(draft, record.first)
        self._decoded.cache.put(record.first, SEGMENT, draft.fresh)
        self._log.shared = self._layouts.size

    async def _load(self, records: Sequence[Record]) -> Mapping[int, bytes | Damaged]:
        return {record.first: self._data[record.first] for record in records}

    async def _layout_bytes(
        self, segment: int, numbers: Collection[int]
    ) -> Mapping[int, bytes | Damaged]:
        return {number: self._layouts.get(number) for number in numbers}

    def _letter_store(self) -> MemoryLetterStore:
        return MemoryLetterStore()

    def _segment(self, first: int) -> int:
        return SEGMENT

    def _forget(self, records: Sequence[Record]) -> None:
        for record in records:
            del self._data[record.first]
        self._decoded.cache.release([record.first for record in records])
        oldest = self._log.records[0].first if self._log.records else self._log.next
        self._decoded.cache.let_go((SEGMENT, number) for number in self._layouts.forget(oldest))
        self._log.shared = self._layouts.size

    async def _moved(self, output: str) -> None:
        """Nothing outlives the process anyway."""

    async def _shut(self) -> None:
        for output, (letters, _) in self.dead_letters.held().items():
            logger.warning(
                "output %s: %d dead letters were kept in memory and are lost (stopped)",
                output, letters,
            )  # fmt: skip
            self.count_gone(output, "stopped", letters)
        for output in self._log.positions:
            waiting = self.waiting(output)
            if waiting:
                logger.warning(
                    "output %s: %d samples were still waiting in memory and are lost (stopped)",
                    output, waiting,
                )  # fmt: skip
        if self._log.records:
            self._log.drop(self._log.records[0].first, self._log.next, "stopped")


class Layouts:
    """The layouts that records refer to, encoded, by number. Those used longest ago come first.

    Each knows its own number, so that nothing here keeps one whose series have ended.
    """

    def __init__(self) -> None:
        self._used: OrderedDict[int, int] = OrderedDict()
        """Number -> the last batch that has this layout."""
        self._encoded: dict[int, bytes] = {}
        self._next = 0
        self.size = 0
        """Bytes of all of them."""

    def number(self, batches: Sequence[Batch]) -> tuple[list[int], dict[Layout, int]]:
        """The number of each batch's layout, and which of these layouts no record has yet.

        Numbers are for good: a layout that comes again when its records are gone has the one it had.
        """
        numbers = [self._known(batch.layout)[0] for batch in batches]
        pairs = zip(batches, numbers, strict=True)
        fresh = {batch.layout: number for batch, number in pairs if number not in self._used}
        return numbers, fresh

    def keep(self, draft: Draft, first: int) -> None:
        """This draft is stored; its batches count from `first`."""
        for layout, number in draft.fresh.items():
            self._encoded[number] = self._known(layout)[1]
        self.size += draft.shared
        for seq, number in enumerate(draft.numbers, first):
            self._used[number] = seq
            self._used.move_to_end(number)

    def forget(self, oldest: int) -> list[int]:
        """Let go of the layouts that no batch from `oldest` on has; gives their numbers."""
        gone: list[int] = []
        while self._used:
            number, last = next(iter(self._used.items()))
            if last >= oldest:
                break
            del self._used[number]
            self.size -= len(self._encoded.pop(number))
            gone.append(number)
        return gone

    def _known(self, layout: Layout) -> tuple[int, bytes]:
        """Its number, and the layout encoded: worked out once."""
        known: tuple[int, bytes] | None = layout.caches.get(self)
        if known is None:
            known = layout.caches[self] = self._next, encode_layout(layout)
            self._next += 1
        return known

    def get(self, number: int) -> bytes | Damaged:
        return self._encoded.get(number) or Damaged(f"layout {number} is gone")

    def __len__(self) -> int:
        return len(self._encoded)
