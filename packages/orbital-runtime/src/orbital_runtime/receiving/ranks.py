"""The ranks of series: one in 8 has rank 1 or more, one in 16 rank 2, and so on, as a hash says."""

from __future__ import annotations

from typing import Final
from zlib import crc32

from orbital_sdk import Series

SMALLEST: Final = 8
"""One in this many series has a rank."""
GROWTH: Final = 2
"""One in this many of these has the next rank, too."""
RANKS: Final = 7


class Ranks:
    """Ranks of series, computed once each."""

    def __init__(self) -> None:
        self._known: dict[Series, int] = {}

    def __call__(self, series: Series) -> int:
        """The rank of a series; 0 if it has none."""
        rank = self._known.get(series)
        if rank is None:
            rank = self._known[series] = _ranked(series)
        return rank

    def of(self, series: tuple[Series, ...]) -> list[int]:
        """The ranks of these series."""
        ranks = [*map(self._known.get, series)]
        return [
            self(one) if rank is None else rank for one, rank in zip(series, ranks, strict=True)
        ]


def _ranked(series: object) -> int:
    if not isinstance(series, Series):
        return 0
    text = "\xff".join((series.metric.name, *series.values))
    number, rank = crc32(text.encode("utf-8", "surrogatepass")), 0
    size = SMALLEST
    while rank < RANKS and number % size == 0:
        rank, size = rank + 1, size * GROWTH
    return rank
