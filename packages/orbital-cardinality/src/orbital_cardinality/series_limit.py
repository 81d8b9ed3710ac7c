"""How many different series a task may give within an hour, and whether one more is among them.

A series counts for the whole hour in which it had a sample, however soon it ended: that is what a label
which never repeats costs the destinations.
"""

from __future__ import annotations

from typing import Final

HOUR: Final = 3_600_000
"""Milliseconds."""
FEW: Final = 4_096
"""Series that are known exactly. Above them less than one in 1,000 is taken for one that was there before."""
FIRST: Final = 65_536
"""Series that the first filter behind them takes, ..."""
_GROWTH: Final = 4
"""... and how many times as many each further one."""
_BITS: Final = 32
"""Bits a series of a filter: what comes and goes costs these, and no object."""
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
        self._many: list[_Filter] = []

    def turn(self, ts: int) -> bool:
        """Whether a new hour begins at this time, in milliseconds UTC: all series are new again."""
        if self._since is not None and 0 <= ts - self._since < HOUR:
            return False
        self.count, self._since, self._few, self._many = 0, ts, set(), []
        return True

    def knows(self, key: object) -> bool:
        """Whether this series was there in this hour."""
        known = hash(key)
        if known in self._few:
            return True
        return bool(self._many) and any(known in one for one in self._many)

    def admit(self, key: object) -> bool:
        """Whether this series is one of those that the task may give."""
        return self.knows(key) or self.take(key)

    def take(self, key: object) -> bool:
        """Whether there is room for this one, which was not there; then it is there."""
        if self.count >= self._most:
            return False
        self.count += 1
        self._add(hash(key))
        return True

    def _add(self, known: int) -> None:
        if self._many:
            if self._many[-1].full:
                room = self._many[-1].room * _GROWTH
                self._many.append(_Filter(min(room, self._most)))
            self._many[-1].add(known)
            return
        self._few.add(known)
        if len(self._few) >= FEW:
            self._many = [_Filter(FIRST)]
            for one in self._few:
                self._many[0].add(one)
            self._few = set()

    def inherit(self, other: SeriesLimit) -> None:
        """Go on with another's hour."""
        self.count, self._since = other.count, other._since
        self._few, self._many = set(other._few), other._many


class _Filter:
    """A Bloom filter of 64-bit hashes (B. H. Bloom, CACM 13/7, 1970; two hashes make all, Kirsch and
    Mitzenmacher, 2006).
    """

    def __init__(self, room: int) -> None:
        self.room = room
        """Hashes that it takes."""
        self._count = 0
        self._size = room * _BITS
        self._bits = bytearray(self._size // 8)

    @property
    def full(self) -> bool:
        return self._count >= self.room

    def add(self, known: int) -> None:
        self._count += 1
        for at in self._places(known):
            self._bits[at >> 3] |= 1 << (at & 7)

    def __contains__(self, known: int) -> bool:
        bits = self._bits
        return all(bits[at >> 3] >> (at & 7) & 1 for at in self._places(known))

    def _places(self, known: int) -> list[int]:
        """The bits that stand for this one."""
        first, second = known & 0xFFFF_FFFF, known >> 32 & 0xFFFF_FFFF | 1
        return [(first + turn * second) % self._size for turn in range(_HASHES)]
