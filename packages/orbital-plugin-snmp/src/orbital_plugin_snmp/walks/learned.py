"""What is known of how a device likes to be walked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, cast

SMALLEST: Final = 100
"""Bytes of an answer below which nothing can be asked any more."""
CLEAN: Final = 8
"""Walks without trouble until answers may grow again, ..."""
GROWTH: Final = 1.125
"""... by this factor."""
DAY: Final = 86_400.0
COLUMNS: Final = 10
"""Columns of one request at first; halved where a device does not like it."""


@dataclass(slots=True)
class Shape:
    """One column, as it was at the last walk."""

    rows: int
    size: float
    """Bytes of one varbind, on average."""


@dataclass(slots=True)
class Learned:
    """How one device is walked. Times are seconds since 1970, since they outlive the process.

    Args:
        room: Bytes that an answer may have: what requests aim at.
        most: The largest that `room` may become.
    """

    room: float
    most: float
    width: int = COLUMNS
    """Columns of one request."""
    clean: int = 0
    """Walks without trouble since the last halving."""
    shapes: dict[bytes, Shape] = field(default_factory=dict[bytes, Shape])
    absent: dict[bytes, float] = field(default_factory=dict[bytes, float])
    """Column that the device does not implement -> when to look again."""
    changed: bool = False
    """Since it was last stored."""

    def halve(self) -> bool:
        """The device had trouble: ask for less. False where that is not possible any more."""
        self.clean, self.changed = 0, True
        if self.room > SMALLEST:
            self.room = max(SMALLEST, self.room / 2)
            return True
        if self.width > 1:
            self.width //= 2
            return True
        return False

    def went_well(self) -> None:
        """A walk without trouble: now and then, try a little more."""
        if self.room >= self.most and self.width >= COLUMNS:
            return
        self.clean += 1
        if self.clean >= CLEAN:
            self.clean, self.changed = 0, True
            self.room = min(self.most, self.room * GROWTH)
            self.width = min(COLUMNS, self.width + 1)

    def is_absent(self, column: bytes, now: float) -> bool:
        """Whether there is no need to ask."""
        return self.absent.get(column, 0.0) > now

    def miss(self, column: bytes, now: float) -> None:
        """The device does not implement it: look again tomorrow."""
        self.absent[column], self.changed = now + DAY, True

    def to_json(self) -> dict[str, Any]:
        """Plain data. Shapes are left out: the first walk shows them."""
        absent = {column.hex(): int(until) for column, until in self.absent.items()}
        return {"room": self.room, "width": self.width, "absent": absent}

    @classmethod
    def from_json(cls, data: object, *, most: float) -> Learned:
        """What was stored; the beginning where it makes no sense."""
        start = cls(most, most)
        try:
            known = cast("dict[str, Any]", data)
            room, width = float(known["room"]), int(known["width"])
            absent = {bytes.fromhex(c): float(t) for c, t in known["absent"].items()}
        except (TypeError, KeyError, ValueError, AttributeError):
            return start
        start.room = min(max(room, SMALLEST), most)
        start.width = min(max(width, 1), COLUMNS)
        start.absent = absent
        return start
