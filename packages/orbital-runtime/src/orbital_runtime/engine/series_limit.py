"""How many different series a task may give within an hour, and whether one more is among them.

A series counts for the whole hour in which it had a sample, however soon it ended: that is what a label
which never repeats costs the destinations.
"""

from __future__ import annotations

from typing import Final

HOUR: Final = 3_600_000
"""Milliseconds."""
FEW: Final = 16_384
"""Series that are known exactly. Above them less than one in 1,000 is taken for one that was there before."""
_BITS: Final = 32
"""Bits a series of the filter behind them, which does not grow with what comes and goes."""
_HASHES: Final = 4


class SeriesLimit:
    """The series of one task, by hour; its first one begins with the first collection.

    Args:
        most: Different series within an hour.
    """

    def __init__(self, most: int) -> None:
        self.count = 0
        """Different series so far."""
        self._most = most
        self._since: int | None = None
        self._few: set[int] = set()
        self._many: _Filter | None = None

    def turn(self, ts: int) -> bool:
        """Whether a new hour begins at this time, in milliseconds UTC: all series are new again."""
        if self._since is not None and 0 <= ts - self._since < HOUR:
            return False
        self.count, self._since, self._few, self._many = 0, ts, set(), None
        return True

    def admit(self, key: object) -> bool:
        """Whether this series is one of those that the task may give."""
        known = hash(key)
        if self._many is not None:
            return self._admit_to(self._many, known)
        if known in self._few:
            return True
        if self.count >= self._most:
            return False
        self.count += 1
        self._few.add(known)
        if len(self._few) >= FEW:
            self._many = _Filter(self._most)
            for one in self._few:
                self._many.add(self._many.places(one))
            self._few.clear()
        return True

    def _admit_to(self, many: _Filter, known: int) -> bool:
        places = many.places(known)
        if many.has(places):
            return True
        if self.count >= self._most:
            return False
        self.count += 1
        many.add(places)
        return True

    def inherit(self, other: SeriesLimit) -> None:
        """Go on with another's hour; a new one begins where a filter for another limit cannot serve."""
        if other._many is None or other._most == self._most:
            self.count, self._since = other.count, other._since
            self._few, self._many = set(other._few), other._many


class _Filter:
    """A Bloom filter of 64-bit hashes (B. H. Bloom, CACM 13/7, 1970; two hashes make all, Kirsch and
    Mitzenmacher, 2006).
    """

    def __init__(self, most: int) -> None:
        self._size = most * _BITS
        self._bits = bytearray(self._size // 8)

    def places(self, known: int) -> list[int]:
        """The bits that stand for this one."""
        first, second = known & 0xFFFF_FFFF, known >> 32 & 0xFFFF_FFFF | 1
        return [(first + turn * second) % self._size for turn in range(_HASHES)]

    def has(self, places: list[int]) -> bool:
        bits = self._bits
        return all(bits[at >> 3] >> (at & 7) & 1 for at in places)

    def add(self, places: list[int]) -> None:
        for at in places:
            self._bits[at >> 3] |= 1 << (at & 7)
