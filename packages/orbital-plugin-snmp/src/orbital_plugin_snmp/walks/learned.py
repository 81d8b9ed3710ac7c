"""What is known of how a device likes to be walked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, cast

COLUMNS: Final = 10
"""Columns of one request."""
REPETITIONS: Final = 100
"""Rows of one request: more than any device needs to be asked for at once."""
MOST: Final = COLUMNS * REPETITIONS
CLEAN: Final = 8
"""Walks without trouble until requests may grow again, ..."""
GROWTH: Final = 1.125
"""... by this factor."""
LEGS: Final = 1000
"""Requests of which it is remembered what their answers meant."""
DAY: Final = 86_400.0


@dataclass(slots=True)
class Shape:
    """One column, as it was at the last walk."""

    rows: int
    size: float
    """Bytes of one varbind, on average."""


class Leg(NamedTuple):
    """What the answer to one request meant for each of its columns."""

    names: tuple[bytes, ...]
    """The OIDs of that answer: see `port.Rows.names`."""
    ends: tuple[tuple[int, bytes, bool], ...]
    """Rows that belong to the column, where it stands then, and whether it is over."""


@dataclass(slots=True)
class Learned:
    """How one device is walked."""

    cells: int = MOST
    """Varbinds that one request may ask for."""
    clean: int = 0
    """Walks without trouble since the last halving."""
    shapes: dict[bytes, Shape] = field(default_factory=dict[bytes, Shape])
    absent: dict[bytes, float] = field(default_factory=dict[bytes, float])
    """Column that the device does not implement -> when to look again, in seconds since 1970: it outlives
    the process."""
    legs: dict[tuple[bytes, ...], Leg] = field(default_factory=dict[tuple[bytes, ...], Leg])
    """By the OIDs asked for."""
    changed: bool = False
    """Since it was last stored."""

    @property
    def columns(self) -> int:
        """Columns that one request may have."""
        return min(COLUMNS, self.cells)

    def halve(self, asked: int) -> bool:
        """The device had trouble: ask for half. False where that is not possible any more.

        Args:
            asked: Varbinds that were asked for.
        """
        self.clean, self.changed = 0, True
        if asked <= 1:
            return False
        self.cells = max(1, min(self.cells, asked) // 2)
        return True

    def went_well(self) -> None:
        """A walk without trouble: now and then, try a little more."""
        if self.cells >= MOST:
            return
        self.clean += 1
        if self.clean >= CLEAN:
            self.clean, self.changed = 0, True
            self.cells = min(MOST, max(self.cells + 1, int(self.cells * GROWTH)))

    def keep(self, asked: tuple[bytes, ...], leg: Leg) -> None:
        """Remember what an answer meant."""
        if len(self.legs) >= LEGS:
            self.legs.clear()
        self.legs[asked] = leg

    def is_absent(self, column: bytes, now: float) -> bool:
        """Whether there is no need to ask."""
        return bool(self.absent) and self.absent.get(column, 0.0) > now

    def miss(self, column: bytes, now: float) -> None:
        """The device does not implement it: look again tomorrow."""
        self.absent[column], self.changed = now + DAY, True

    def to_json(self) -> dict[str, Any]:
        """Plain data. Shapes are left out: the first walk shows them."""
        absent = {column.hex(): int(until) for column, until in self.absent.items()}
        return {"cells": self.cells, "absent": absent}

    @classmethod
    def from_json(cls, data: object) -> Learned:
        """What was stored; the beginning where it makes no sense."""
        try:
            known = cast("dict[str, Any]", data)
            cells = int(known["cells"])
            absent = {bytes.fromhex(c): float(t) for c, t in known["absent"].items()}
        except (TypeError, KeyError, ValueError, AttributeError, OverflowError):
            return cls()
        return cls(min(max(cells, 1), MOST), absent=absent)
