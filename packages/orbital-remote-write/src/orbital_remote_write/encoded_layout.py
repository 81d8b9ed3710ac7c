"""What is computed once a layout: the wire bytes of its series, and which of its rows clash."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

from orbital_remote_write.wire import opening

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orbital_remote_write.encoded_rows import EncodedRow
    from orbital_sdk import Layout


class EncodedLayout:
    """A layout's series under one set of label rules.

    `clashes` are the rows that are not sent, because under valid names they are the same series as an
    earlier row of this layout.

    Args:
        sizes: Bytes of the labels of each series.
        heads: All of each series that comes before its first value, when it has one sample.
        clashes: Row -> why it is not sent.
        pick: Takes the column of rows that are sent out of one of all rows; None where all are.
    """

    __slots__ = ("_heads", "_sizes", "clashes", "pick")

    def __init__(
        self,
        sizes: list[int],
        heads: list[bytes],
        clashes: Mapping[int, str],
        pick: Callable[[Any], tuple[bytes, ...]] | None,
    ) -> None:
        self._sizes = sizes
        self._heads = 1, heads
        self.clashes = clashes
        self.pick = pick

    @classmethod
    def of(cls, layout: Layout, rows: Sequence[EncodedRow]) -> EncodedLayout:
        """A layout whose rows are these under the rules."""
        kept, clashes = _distinct(layout, rows)
        sizes = [rows[number].size for number in kept]
        heads = [rows[number].head for number in kept]
        return cls(sizes, heads, clashes, _picker(kept) if clashes else None)

    def part(self, start: int, stop: int) -> EncodedLayout:
        """That of rows `start` to `stop` of a layout without clashes."""
        return EncodedLayout(self._sizes[start:stop], self.heads(1)[start:stop], {}, None)

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
