"""What is computed once a layout: the wire bytes of its series, and which of its rows clash."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

from orbital_remote_write.labels import LabelRules, Pairs, render
from orbital_remote_write.wire import SAMPLE_HEAD, label, opening

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_sdk import Layout


class EncodedLayout:
    """A layout's series under one set of label rules.

    `clashes` are the rows that are not sent, because under valid names they are the same series as an
    earlier row of this layout.
    """

    __slots__ = ("_heads", "_sizes", "clashes", "pick")

    def __init__(self, layout: Layout, rules: LabelRules) -> None:
        kept, self.clashes = _distinct(layout, rules)
        pieces: dict[tuple[str, str], bytes] = {}
        labels = [_encode(pairs, pieces) for pairs in kept]
        self._sizes = [len(encoded) for encoded in labels]
        self._heads = 1, [opening(len(encoded), 1) + encoded + SAMPLE_HEAD for encoded in labels]
        self.pick = _picker(list(kept.values())) if self.clashes else None
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


def _distinct(layout: Layout, rules: LabelRules) -> tuple[dict[Pairs, int], dict[int, str]]:
    """Labels -> row for the rows that stay, and row -> reason for those that clash."""
    target, added = rules.target(layout.origin), rules.added(layout.origin)
    first: dict[Pairs, int] = {}
    clashes: dict[int, str] = {}
    for number, row in enumerate(layout.rows):
        other = first.setdefault(render(row, target, added), number)
        if other != number:
            clashes[number] = (
                f"{row!r} is the same series as {layout.rows[other]!r} under valid names"
            )
    return first, clashes


def _encode(pairs: Pairs, pieces: dict[tuple[str, str], bytes]) -> bytes:
    """The labels of a series; pairs that come again are encoded once."""
    for pair in pairs:
        if pair not in pieces:
            pieces[pair] = label(*pair)
    return b"".join([pieces[pair] for pair in pairs])


def _picker(rows: list[int]) -> Callable[[Any], tuple[bytes, ...]]:
    if len(rows) == 1:  # itemgetter of one gives no tuple
        return lambda column: (column[rows[0]],)
    return itemgetter(*rows)
