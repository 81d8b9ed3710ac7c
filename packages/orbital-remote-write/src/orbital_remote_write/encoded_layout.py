"""What is computed once a layout: the wire bytes of its series, and which of its rows clash."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

from orbital_remote_write.wire import opening

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orbital_remote_write.encoded_rows import EncodedRow
    from orbital_sdk import Layout


class EncodedLayout:
    """A layout's series under one set of label rules.

    `clashes` are the rows that are not sent, because under valid names they are the same series as an
    earlier row of this layout.

    Args:
        layout: Its rows.
        rows: The same under these rules.
    """

    __slots__ = ("_heads", "_sizes", "clashes", "pick")

    def __init__(self, layout: Layout, rows: Sequence[EncodedRow]) -> None:
        kept, self.clashes = _distinct(layout, rows)
        self._sizes = [rows[number].size for number in kept]
        self._heads = 1, [rows[number].head for number in kept]
        self.pick = _picker(kept) if self.clashes else None
        """Takes the column of rows that are sent out of one of all rows; None where all are."""

    def heads(self, samples: int) -> list[bytes]:
        """All of each series that comes before its first value, when it has so many samples.

        Only the latest are kept: they are most of what a layout weighs, and mostly the same are asked for.
        """
        known, heads = self._heads
        if known != samples:
            sizes = set(self._sizes)
            begin = {size: opening(size, samples) for size in sizes}
            skip = {size: len(opening(size, known)) for size in sizes}
            pairs = zip(self._sizes, heads, strict=True)
            heads = [begin[size] + head[skip[size] :] for size, head in pairs]
            self._heads = samples, heads
        return heads


def _distinct(layout: Layout, rows: Sequence[EncodedRow]) -> tuple[list[int], dict[int, str]]:
    """The rows that stay, and row -> reason for those that clash."""
    first: dict[bytes, int] = {}
    clashes: dict[int, str] = {}
    for number, row in enumerate(rows):
        other = first.setdefault(row.head, number)
        if other != number:
            clashes[number] = (
                f"{layout.rows[number]!r} is the same series as {layout.rows[other]!r} under valid names"
            )
    return [*first.values()], clashes


def _picker(rows: list[int]) -> Callable[[Any], tuple[bytes, ...]]:
    if len(rows) == 1:  # itemgetter of one gives no tuple
        return lambda column: (column[rows[0]],)
    return itemgetter(*rows)
