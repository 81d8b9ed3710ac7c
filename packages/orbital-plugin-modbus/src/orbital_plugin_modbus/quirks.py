"""What was learned about a unit: where its holes are, how long a read may be, which fields it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orbital_plugin_modbus.backoff import Backoff
from orbital_plugin_modbus.planner import Hole, ReadLimits

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orbital_plugin_modbus.field import MapField

FIRST_LOOK, LAST_LOOK = 60.0, 3600.0
"""Seconds after which a refused field is tried again, growing from one to the other."""
MOST_HOLES = 10_000

Place = tuple[str, int, int]


class Quirks:
    """Shared by all tasks that read the unit."""

    __slots__ = ("_refused", "holes", "most_bits", "most_registers", "version")

    def __init__(self) -> None:
        self.holes: set[Hole] = set()
        self.most_registers = 125
        self.most_bits = 2000
        self._refused: dict[Place, Backoff] = {}
        self.version = 0
        """Grows with each thing learned, so that plans made before are known to be old."""

    def limits(self, wanted: ReadLimits) -> ReadLimits:
        """The narrower of what the settings and what the device say."""
        return ReadLimits(
            min(wanted.registers, self.most_registers),
            min(wanted.bits, self.most_bits),
            wanted.bridge,
        )

    def learn_hole(self, table: str, start: int, stop: int) -> None:
        """No read may run across these addresses."""
        if len(self.holes) >= MOST_HOLES:
            self.holes.clear()  # a device that changes all the time teaches nothing
        self.holes.add(Hole(table, start, stop))
        self.version += 1

    def learn_limit(self, *, bits: bool, most: int) -> None:
        """The largest read that is known to work, where a larger one was refused for its size."""
        if bits:
            self.most_bits = min(self.most_bits, most)
        else:
            self.most_registers = min(self.most_registers, most)
        self.version += 1

    def restore(self, holes: Iterable[Hole], *, registers: int, bits: int) -> None:
        """What was known of it before a restart."""
        self.holes |= set(holes)
        self.most_registers = min(self.most_registers, registers)
        self.most_bits = min(self.most_bits, bits)
        self.version += 1

    def refuse(self, fields: Iterable[MapField], now: float) -> None:
        """The device refuses these, each read alone: leave them out for a time."""
        for field in fields:
            pause = self._refused.setdefault(_place(field), Backoff(FIRST_LOOK, LAST_LOOK, free=0))
            pause.failed(now)
        self.version += 1

    def accept(self, fields: Iterable[MapField]) -> None:
        """These were read: if they had been refused, they are fields like others again."""
        for field in fields:
            if self._refused.pop(_place(field), None) is not None:
                self.version += 1

    def is_refused(self, field: MapField) -> bool:
        return _place(field) in self._refused

    def wait(self, field: MapField, now: float) -> float:
        """Seconds until a refused field may be tried again; 0 if it may."""
        pause = self._refused.get(_place(field))
        return 0.0 if pause is None else pause.left(now)


def _place(field: MapField) -> Place:
    return field.table.name, field.start, field.stop
