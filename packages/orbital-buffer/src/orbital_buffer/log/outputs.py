"""The outputs of a log: attach, orphan, detach, remove waiting samples."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from orbital_buffer.model import removal
from orbital_buffer.model.ageing import Ageing
from orbital_sdk.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Collection

    from orbital_buffer.log.state import LogState
    from orbital_buffer.model.intervals import Intervals

logger = logging.getLogger(__name__)


class Outputs:
    """The outputs of a log.

    Args:
        state: Of the log.
    """

    def __init__(self, state: LogState) -> None:
        self._state = state
        self._ageing = Ageing(state.clock)

    def attach(self, output: str) -> None:
        self._state.check_open()
        self._state.index.attach(output)

    def orphan(self, output: str) -> None:
        self._state.decoded.drop(output)
        position = self._state.index.positions.get(output)
        if position is not None and position.reading:
            position.reading, position.orphaned_ms = False, self._state.clock.utc_ms()

    def delivers(self, output: str) -> bool:
        return output in self._state.index.readers

    def detach(self, output: str) -> None:
        self._state.index.detach(output)
        self._state.forget(output)

    def all(self) -> Collection[str]:
        return tuple(self._state.index.positions)

    def waiting(self, output: str) -> int:
        position = self._state.index.positions.get(output)
        return 0 if position is None else position.waiting

    def orphans(self) -> dict[str, int]:
        positions = self._state.index.positions.items()
        return {n: p.orphaned_ms for n, p in positions if not p.reading and p.first is not None}

    def expire_orphans(self, age: float) -> None:
        """See `Administration.expire_orphans`."""
        now, before = self._state.clock.utc_ms(), self._ageing.before_ms(age)
        for name, samples in removal.expire_orphans(self._state.index, now, before).items():
            self._state.forget(name)
            if samples:
                logger.warning(removal.ORPHANED, name, format_duration(age), samples)

    async def remove(self, output: str, *, before_ms: int | None = None) -> int:
        self._state.check_open()
        samples = removal.remove(self._state.index, output, before_ms)
        self._state.forget(output)
        await self._state.store.commit()
        return samples

    def removable(self, output: str, *, before_ms: int | None = None) -> int:
        return removal.counted(self._state.index, output, before_ms)

    def lost(self, output: str, start: int, stop: int, *, known: bool = True) -> Intervals:
        """See `Position.lost_of`."""
        return self._state.position(output).lost_of(start, stop, known=known)
