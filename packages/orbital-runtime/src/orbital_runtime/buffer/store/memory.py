"""The store in memory: the same records as on disk, about 4 bytes a sample, gone when the process ends."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from orbital_runtime.buffer.format.layout import encode_layout
from orbital_runtime.buffer.format.layout_cache import LayoutCache
from orbital_runtime.buffer.model.damage import Damaged
from orbital_runtime.buffer.model.index import LogIndex
from orbital_runtime.buffer.store.port import Draft, StoreStatus

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from orbital_runtime.buffer.model.record import Record
    from orbital_runtime.buffer.store.port import LetterOwner, StoreOwner
    from orbital_sdk import Batch, Layout

SEGMENT: Final = 0
"""There is one alone: memory lets go of each layout by itself."""


class MemoryStore:
    """A store without a disk. Nothing in it ever waits."""

    lasting = False
    owner: StoreOwner

    def __init__(self) -> None:
        self.index = LogIndex(self._forget)
        self.cache = LayoutCache()
        self.letters = MemoryLetterStore()
        self._data: dict[int, bytes] = {}
        self._layouts = StoredLayouts()

    async def open(self) -> None:
        """It is open."""

    def draft(self, batches: Sequence[Batch], written: int) -> Draft:
        numbered = self._layouts.number(batches)
        return Draft.of(batches, numbered, segment=SEGMENT, written=written)

    async def add(self, record: Record, draft: Draft, readers: Sequence[str]) -> None:
        self._data[record.first] = draft.data
        self._layouts.keep(draft, record.first)
        self.cache.put(record.first, SEGMENT, draft.fresh)
        self.index.shared = self._layouts.size

    def kept(self, first: int) -> bool:
        return True

    async def load(self, records: Sequence[Record]) -> Mapping[int, bytes | Damaged]:
        return {record.first: self._data[record.first] for record in records}

    async def layouts(
        self, segment: int, numbers: Collection[int]
    ) -> Mapping[int, bytes | Damaged]:
        return {number: self._layouts.get(number) for number in numbers}

    def segment(self, first: int) -> int:
        return SEGMENT

    async def commit(self) -> None:
        """Nothing outlives the process anyway."""

    def fits(self, size: int) -> bool:
        return True

    def surplus(self) -> None:
        """The limits alone say what is too much."""

    def set_aside(self, start: int, stop: int, error: Damaged) -> None:
        """There is no quarantine."""

    def status(self) -> StoreStatus:
        return StoreStatus()

    async def note(self, output: str, note: bytes) -> None:
        """There is no next start."""

    async def place(self) -> None:
        """It has no folder."""

    async def close(self) -> None:
        """There is nothing to close."""

    def _forget(self, records: Sequence[Record]) -> None:
        for record in records:
            del self._data[record.first]
        self.cache.release([record.first for record in records])
        oldest = self.index.records[0].first if self.index.records else self.index.next
        self.cache.let_go((SEGMENT, number) for number in self._layouts.forget(oldest))
        self.index.shared = self._layouts.size


class MemoryLetterStore:
    """Dead letters without a disk."""

    owner: LetterOwner

    def __init__(self) -> None:
        self._letters: dict[int, bytes] = {}

    def put(self, letter: int, data: bytes) -> None:
        self._letters[letter] = data

    async def get(self, letter: int) -> bytes:
        try:
            return self._letters[letter]
        except KeyError as error:
            raise Damaged("it is gone") from error

    def drop(self, letters: Iterable[int], *, after: int = 0) -> None:
        for letter in letters:
            self._letters.pop(letter, None)

    def set_aside(self, letter: int, reason: str) -> None:
        """There is no quarantine."""


class StoredLayouts:
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
