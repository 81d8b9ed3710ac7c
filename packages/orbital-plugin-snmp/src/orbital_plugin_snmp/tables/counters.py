"""32-bit counters that are carried on when they wrap.

Who reads counters (Prometheus' `rate`) takes every decrease for a restart at zero. For a counter that wrapped
that loses what it counted up to 2^32, so such a counter is carried on beyond. A counter that did start
again does so here too: as sysUpTime or ifCounterDiscontinuityTime tells, or because a wrap would mean that it
counted more than half its range between two polls. 64-bit counters are passed on as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orbital_plugin_snmp.wire.smi import COUNTER32

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orbital_plugin_snmp.wire.smi import VarBind

TURN: Final = 1 << 32
HALF: Final = 1 << 31


class Unwrapper:
    """The counters of one column."""

    def __init__(self) -> None:
        self._last: dict[bytes, float] = {}
        self._turns: dict[bytes, int] = {}

    def carry(self, cells: Sequence[VarBind], numbers: Sequence[float]) -> list[float]:
        """The numbers of some cells, each with the turns that it has made added."""
        last, turns = self._last, self._turns
        for (oid, tag, _), number in zip(cells, numbers, strict=True):
            if tag != COUNTER32:
                continue
            before = last.get(oid, 0)
            if number < before:
                wrapped = TURN - before + number < HALF
                turns[oid] = turns.get(oid, 0) + 1 if wrapped else 0
            last[oid] = number
        if len(last) > 2 * len(cells) + 100:  # rows that came and went
            self.forget(set(last).difference(oid for oid, _, _ in cells))
        if not turns:
            return list(numbers)
        pairs = zip(cells, numbers, strict=True)
        return [number + TURN * turns.get(cell[0], 0) for cell, number in pairs]

    def restart(self) -> None:
        """The device started again: all counters did."""
        self._last.clear()
        self._turns.clear()

    def forget(self, oids: Iterable[bytes]) -> None:
        """These counters started again."""
        for oid in oids:
            self._last.pop(oid, None)
            self._turns.pop(oid, None)
