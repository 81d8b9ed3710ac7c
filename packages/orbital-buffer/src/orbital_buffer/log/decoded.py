"""Decoded records and layouts, read from the store as needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orbital_buffer.format.codec import decode
from orbital_buffer.model.damage import Damaged

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from orbital_buffer.format.codec import Opened
    from orbital_buffer.model.record import Record
    from orbital_buffer.store.port import RecordStore
    from orbital_sdk import Layout


class Decoded:
    """A cache of what was read last.

    Args:
        store: Source of the bytes, and of layouts in use.
    """

    def __init__(self, store: RecordStore) -> None:
        self._store = store
        self._loaded: dict[str, dict[int, bytes | Damaged]] = {}
        """Encoded records that were read ahead, by output."""
        self._opened: dict[str, tuple[Record, Opened]] = {}

    def has(self, output: str, record: Record) -> bool:
        """Whether `record` can return this one."""
        if record.first in self._loaded.get(output, ()):
            return True
        return output in self._opened and self._opened[output][0] is record

    async def load(self, output: str, records: Sequence[Record]) -> None:
        """Read records that the output needs next, at least the first. They replace those read for it before.

        Raises:
            OSError: The first one cannot be read now.
        """
        self._loaded[output] = dict(await self._store.load(records))

    def record(self, output: str, record: Record) -> Opened:
        """A record that was read. The last one of each output is kept, since chunks may end inside of it.

        Raises:
            Damaged: It cannot be read.
        """
        data = self._loaded.get(output, {}).pop(record.first, None)
        if data is None:
            return self._opened[output][1]
        if isinstance(data, Damaged):
            raise data
        opened = decode(data)
        self._opened[output] = record, opened
        return opened

    async def layouts(
        self, segment: int, numbers: Collection[int]
    ) -> Mapping[int, Layout | Damaged]:
        """Layouts, or the damage of one.

        Raises:
            OSError: They cannot be read now.
        """
        found: dict[int, Layout | Damaged] = {}
        missing: list[int] = []
        for number in numbers:
            known = self._store.cache.find(segment, number)
            if known is None:
                missing.append(number)
            else:
                found[number] = known
        if missing:
            for number, data in (await self._store.layouts(segment, missing)).items():
                found[number] = self._layout(segment, number, data)
        return found

    def drop(self, output: str) -> None:
        """Drop what was read for this output."""
        self._loaded.pop(output, None)
        self._opened.pop(output, None)

    def clear(self) -> None:
        """Clear the cache: the records were stored again under other numbers."""
        self._loaded.clear()
        self._opened.clear()

    def _layout(self, segment: int, number: int, data: bytes | Damaged) -> Layout | Damaged:
        if isinstance(data, Damaged):
            return data
        try:
            return self._store.cache.decode(segment, number, data)
        except Damaged as error:
            return error
