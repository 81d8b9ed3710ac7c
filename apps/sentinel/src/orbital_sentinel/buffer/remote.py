"""A view of the buffer of a running agent, which sends encoded records; they are decoded here."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

import msgspec

from orbital_buffer.format.layout import decode_layout
from orbital_buffer.inspection.snapshot import Page
from orbital_buffer.model.damage import Damaged
from orbital_buffer.store.folder_usage import FolderUsage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orbital_buffer.inspection.snapshot import Books
    from orbital_sdk import Layout
    from orbital_sentinel.client.client import Client

LAYOUTS: Final = 500
"""Maximum layouts of one request."""
BEYOND: Final = 1 << 62
"""A sequence number beyond all batches: its page has only the ledgers."""


class RemoteBuffer:
    """Implements `BufferView` of the runtime.

    Args:
        agent: The agent that has the buffer.
    """

    def __init__(self, agent: Client) -> None:
        self._agent = agent

    @property
    def folder_usage(self) -> FolderUsage | None:
        return msgspec.convert(self._agent.get("/api/v1/buffer")["place"], FolderUsage | None)

    def books(self) -> Books:
        return self._page(BEYOND).books

    def pages(self, start: int = 0) -> Iterator[Page]:
        following: int | None = start
        while following is not None:
            page = self._page(following)
            yield page
            following = page.following

    def layouts(self, segment: int, numbers: Sequence[int]) -> dict[int, Layout]:
        found: dict[int, Layout] = {}
        for begin in range(0, len(numbers), LAYOUTS):
            wanted = ",".join(map(str, numbers[begin : begin + LAYOUTS]))
            route = f"/api/v1/buffer/layouts?segment={segment}&numbers={wanted}"
            packed = msgspec.msgpack.decode(self._agent.fetch(route), type=dict[int, bytes])
            for number, data in packed.items():
                with suppress(Damaged):
                    found[number] = decode_layout(data)
        return found

    def has(self, seq: int) -> bool:
        records = self._page(seq).records
        return bool(records) and records[0].first <= seq < records[0].stop

    def _page(self, start: int) -> Page:
        data = self._agent.fetch(f"/api/v1/buffer/page?from={start}")
        return msgspec.msgpack.decode(data, type=Page)
