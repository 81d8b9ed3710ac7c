"""The store in memory: the same records as on disk, about 4 bytes a sample, lost when the process ends."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from orbital_buffer.format.layout import encode_layout
from orbital_buffer.format.layout_cache import LayoutCache
from orbital_buffer.model.damage import Damaged
from orbital_buffer.model.index import LogIndex
from orbital_buffer.store.port import Draft, StoreStatus

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from orbital_buffer.model.record import Record
    from orbital_buffer.store.port import LetterOwner, StoreOwner
    from orbital_sdk import Batch, Layout

SEGMENT: Final = 0
"""The only segment: in memory each layout is freed on its own."""


class MemoryStore:
    """A store in memory. Nothing in it ever waits."""

    lasting = False
    owner: StoreOwner

    def __init__(self) -> None:
        self.index = LogIndex(self._forget)
        self.cache = LayoutCache()
        self.letters = MemoryLetterStore()
        self._data: dict[int, bytes] = {}
        self._layouts = StoredLayouts()

    async def open(self) -> None:
        """Does nothing."""

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
        """Does nothing: records do not outlive the process."""

    def fits(self, size: int) -> bool:
        return True

    def surplus(self) -> None:
        """Always None: only the limits of the buffer apply."""

    def set_aside(self, start: int, stop: int, error: Damaged) -> None:
        """There is no quarantine."""

    def status(self) -> StoreStatus:
        return StoreStatus()

    async def note(self, output: str, note: bytes) -> None:
        """Does nothing: there is no next start."""

    async def folder_usage(self) -> None:
        """Always None: there is no folder."""

    async def close(self) -> None:
        """Does nothing."""

    def _forget(self, records: Sequence[Record]) -> None:
        for record in records:
            del self._data[record.first]
        self.cache.release([record.first for record in records])
        oldest = self.index.records[0].first if self.index.records else self.index.next
        self.cache.remove((SEGMENT, number) for number in self._layouts.forget(oldest))
        self.index.shared = self._layouts.size


class MemoryLetterStore:
    """Dead letters in memory."""

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
    """Encoded layouts of the records, by number, least recently used first.

    A layout holds its own number, so that unused layouts are not kept alive here.
    """

    def __init__(self) -> None:
        self._used: OrderedDict[int, int] = OrderedDict()
        """By number: the last batch with this layout."""
        self._encoded: dict[int, bytes] = {}
        self._next = 0
        self.size = 0
        """Bytes of all layouts."""

    def number(self, batches: Sequence[Batch]) -> tuple[list[int], dict[Layout, int]]:
        """The number of each batch's whole layout, and the layouts that no record has yet.

        Numbers are permanent: a layout that returns after its records were removed keeps its number.
        """
        layouts = [batch.layout.whole for batch in batches]
        numbers = [self._known(layout)[0] for layout in layouts]
        pairs = zip(layouts, numbers, strict=True)
        fresh = {layout: number for layout, number in pairs if number not in self._used}
        return numbers, fresh

    def keep(self, draft: Draft, first: int) -> None:
        """Record that this draft was stored, with batches numbered from `first`."""
        for layout, number in draft.fresh.items():
            self._encoded[number] = self._known(layout)[1]
        self.size += draft.shared
        for seq, number in enumerate(draft.numbers, first):
            self._used[number] = seq
            self._used.move_to_end(number)

    def forget(self, oldest: int) -> list[int]:
        """Remove layouts that no batch from `oldest` on has; returns their numbers."""
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
        """Number and encoding of the layout, computed once."""
        known: tuple[int, bytes] | None = layout.caches.get(self)
        if known is None:
            known = layout.caches[self] = self._next, encode_layout(layout)
            self._next += 1
        return known

    def get(self, number: int) -> bytes | Damaged:
        return self._encoded.get(number) or Damaged(f"layout {number} is gone")

    def __len__(self) -> int:
        return len(self._encoded)
