"""Records and layouts of a buffer as objects, read where they are not known yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orbital_runtime.buffer.codec import decode
from orbital_runtime.buffer.layout_cache import LayoutCache
from orbital_runtime.storage.errors import Damaged

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping

    from orbital_runtime.buffer.codec import Opened
    from orbital_runtime.buffer.log import Record
    from orbital_sdk import Layout


class Decoded:
    """What was read lately.

    Args:
        load: Gives the bytes of a record.
        layout_bytes: Gives those of layouts of a segment, or why one cannot be read.
    """

    def __init__(
        self,
        load: Callable[[Record], Awaitable[bytes]],
        layout_bytes: Callable[[int, Collection[int]], Awaitable[Mapping[int, bytes | Damaged]]],
    ) -> None:
        self._load = load
        self._layout_bytes = layout_bytes
        self._opened: dict[str, tuple[Record, Opened]] = {}
        self.cache = LayoutCache()

    async def record(self, output: str, record: Record) -> Opened:
        """A record; the last one of each output is kept, as chunks may end inside.

        Raises:
            Damaged, OSError: It cannot be read.
        """
        known, opened = self._opened.get(output, (None, None))
        if known is not record or opened is None:
            opened = decode(await self._load(record))
            self._opened[output] = record, opened
        return opened

    async def layouts(
        self, segment: int, numbers: Collection[int]
    ) -> Mapping[int, Layout | Damaged]:
        """These layouts, or why one cannot be read.

        Raises:
            OSError: The disk does not give them now.
        """
        found: dict[int, Layout | Damaged] = {}
        missing: list[int] = []
        for number in numbers:
            known = self.cache.find(segment, number)
            if known is None:
                missing.append(number)
            else:
                found[number] = known
        if missing:
            for number, data in (await self._layout_bytes(segment, missing)).items():
                found[number] = self._layout(segment, number, data)
        return found

    def let_go(self, output: str) -> None:
        """This output has read all there is, or reads no more."""
        self._opened.pop(output, None)

    def clear(self) -> None:
        """All of it is stored anew, by other numbers."""
        self._opened.clear()
        self.cache = LayoutCache()

    def _layout(self, segment: int, number: int, data: bytes | Damaged) -> Layout | Damaged:
        if isinstance(data, Damaged):
            return data
        try:
            return self.cache.decode(segment, number, data)
        except Damaged as error:
            return error
