"""The state of a buffer as JSON types, for `/api/v1/buffer` and `sentinel buffer status`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_buffer.inspection.snapshot import Books, OutputBook
    from orbital_buffer.store.folder_usage import FolderUsage


def view(
    books: Books,
    place: FolderUsage | None,
    now_ms: int,
    *,
    running: bool,
    damage: Sequence[str] = (),
) -> dict[str, Any]:
    """All fields. Ages are seconds.

    Args:
        books: Its state.
        place: Its folder; None for a buffer in memory.
        now_ms: Current milliseconds UTC.
        running: Whether an agent uses it.
        damage: Messages about what cannot be read.
    """
    return {
        "type": "memory" if place is None else "disk",
        "running": running,
        "place": msgspec.to_builtins(place),
        "records": books.records,
        "batches": books.batches,
        "samples": books.samples,
        "size": books.size,
        "fill": books.fill,
        "oldest_age": _age(books.oldest_ms, now_ms),
        "unsaved": books.unsaved,
        "trouble": books.trouble,
        "damage": list(damage),
        "outputs": [_output(book, now_ms) for book in books.outputs],
    }


def _output(book: OutputBook, now_ms: int) -> dict[str, Any]:
    return {
        "name": book.name,
        "state": book.state,
        "accepted": book.accepted,
        "delivered": book.delivered,
        "waiting": book.waiting,
        "dead_lettered": book.dead_lettered,
        "letters": book.letters,
        "letters_gone": {reason: count for reason, count in book.letters_gone.items() if count},
        "dropped": {reason: count for reason, count in book.dropped.items() if count},
        "recovered": book.recovered,
        "oldest_age": _age(book.oldest_ms, now_ms),
        "orphaned_age": _age(book.orphaned_ms, now_ms),
        "needs": book.needs,
    }


def _age(since_ms: int | None, now_ms: int) -> float | None:
    return None if since_ms is None else max(0, now_ms - since_ms) / 1000
