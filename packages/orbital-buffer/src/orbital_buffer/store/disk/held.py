"""Records that were kept in memory until the database opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orbital_buffer.format.codec import decode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orbital_buffer.format.layout_cache import LayoutCache
    from orbital_buffer.store.disk.journal import Journal
    from orbital_sdk import Batch, Layout


def batches_of(journal: Journal, cache: LayoutCache) -> Mapping[int, list[Batch]]:
    """All batches of a journal that has written nothing yet, by the first batch of their record."""
    return {first: _batches(data, journal, cache) for first, data in journal.records.items()}


def _batches(data: bytes, journal: Journal, cache: LayoutCache) -> list[Batch]:
    opened = decode(data)

    def layout(number: int) -> Layout:
        known = cache.find(opened.segment, number)
        if known is None:
            stored = journal.layouts[opened.segment, number]
            known = cache.decode(opened.segment, number, stored)
        return known

    return [opened.batch(i, layout(head.layout)) for i, head in enumerate(opened.heads)]
