"""32-bit counters that are carried on when they wrap.

Who reads counters (Prometheus' `rate`) takes every decrease for a restart at zero. For a counter that wrapped
that loses what it counted up to 2^32, so such a counter is carried on beyond. A counter that did start
again, as sysUpTime or ifCounterDiscontinuityTime tells, does so here too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

TURN: Final = 1 << 32
COUNTER64: Final = 0x46


class Unwrapper:
    """The counters of one column."""

    def __init__(self) -> None:
        self._last: dict[bytes, float] = {}
        self._turns: dict[bytes, int] = {}

    def carry(self, oids: Sequence[bytes], numbers: Sequence[float]) -> list[float]:
        """The numbers, each with the turns that it has made added."""
        last, turns = self._last, self._turns
        for oid, number in zip(oids, numbers, strict=True):
            if number < last.get(oid, 0):
                turns[oid] = turns.get(oid, 0) + 1
            last[oid] = number
        if len(last) > 2 * len(oids) + 100:  # rows that came and went
            self.forget(set(last).difference(oids))
        if not turns:
            return list(numbers)
        return [n + TURN * turns.get(oid, 0) for oid, n in zip(oids, numbers, strict=True)]

    def restart(self) -> None:
        """The device started again: all counters did."""
        self._last.clear()
        self._turns.clear()

    def forget(self, oids: Iterable[bytes]) -> None:
        """These counters started again."""
        for oid in oids:
            self._last.pop(oid, None)
            self._turns.pop(oid, None)
