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
ROUTES: Final = 50
"""Walks of which it is remembered by which requests they went."""
AHEAD: Final = 4
"""Requests that are on their way to a device at once: a burst of more is what small devices lose."""
DOUBTS: Final = 4
"""Requests in a row without an answer until what a device could answer once no longer counts."""
HOUR: Final = 3600.0
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
    """The OIDs of that answer: see `smi.Rows.names`."""
    ends: tuple[tuple[int, bytes, bool], ...]
    """Rows that belong to the column, where it stands then, and whether it is over."""


class Step(NamedTuple):
    """One request of a walk."""

    asked: tuple[bytes, ...]
    repetitions: int


Route = tuple[Step, ...]


@dataclass(slots=True)
class Learned:
    """How one device is walked."""

    cells: int = MOST
    """Varbinds that one request may ask for."""
    clean: int = 0
    """Walks without trouble since the last halving."""
    proven: int = 0
    """Varbinds of the largest request that was answered while this process knows the device."""
    doubts: int = 0
    """Requests that were no larger, and not answered by a device that answers others."""
    shapes: dict[bytes, Shape] = field(default_factory=dict[bytes, Shape])
    absent: dict[bytes, float] = field(default_factory=dict[bytes, float])
    """Column that the device does not implement -> when to look again, in seconds of a steady clock."""
    legs: dict[tuple[bytes, ...], Leg] = field(default_factory=dict[tuple[bytes, ...], Leg])
    """By the OIDs asked for."""
    routes: dict[tuple[bytes, ...], Route] = field(default_factory=dict[tuple[bytes, ...], "Route"])
    """Columns -> the requests that walk them, as long as the device has the same rows."""
    ahead: int = 1
    """Requests of a walk that are sent at once."""
    most_ahead: int = AHEAD
    """How many that may become, ..."""
    narrow_until: float = 0.0
    """... until then, in seconds since 1970."""
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

    def answered(self, asked: int) -> None:
        """A request for so many varbinds was answered."""
        if asked >= self.proven:
            self.proven, self.doubts = asked, 0
        elif self.doubts and asked > self.proven // 2:
            self.doubts = 0

    def unanswered(self, asked: int) -> None:
        """A device that answers others did not answer this one: half as much, where the size may be why.

        What was answered before can be answered again, so the device is slow then, or was away. Only where it
        goes on so that is forgotten.
        """
        if asked > self.proven:
            self.halve(asked)
        elif asked > self.proven // 2:
            self.doubts += 1
            if self.doubts >= DOUBTS:
                self.proven = self.doubts = 0
                self.halve(asked)

    def went_well(self) -> None:
        """A walk without trouble: now and then, try a little more."""
        if self.cells >= MOST:
            return
        self.clean += 1
        if self.clean >= CLEAN:
            self.clean, self.changed = 0, True
            self.cells = min(MOST, max(self.cells + 1, int(self.cells * GROWTH)))

    def set_out(self, columns: tuple[bytes, ...], now: float) -> Route:
        """The requests by which a walk of these columns went; none where that is not known."""
        if self.most_ahead < AHEAD and now >= self.narrow_until:
            self.most_ahead = AHEAD
        return self.routes.get(columns, ())

    def arrived(self, columns: tuple[bytes, ...], route: Route) -> None:
        """A walk without trouble went this way. Next time, one more request may go ahead."""
        if self.routes.get(columns) == route:
            self.ahead = min(self.ahead + 1, self.most_ahead)
            return
        if len(self.routes) >= ROUTES:
            self.routes.clear()
        self.routes[columns] = route

    def strayed(self) -> None:
        """The device has other rows now: what was sent ahead was in vain."""
        self.ahead = 1

    def limit(self, now: float) -> None:
        """Something was lost while several requests were on their way: half as many, until tomorrow."""
        self.ahead = self.most_ahead = max(1, self.ahead // 2)
        self.narrow_until, self.changed = now + DAY, True

    def keep(self, asked: tuple[bytes, ...], leg: Leg) -> None:
        """Remember what an answer meant."""
        if len(self.legs) >= LEGS:
            self.legs.clear()
        self.legs[asked] = leg

    def is_absent(self, column: bytes, now: float) -> bool:
        """Whether there is no need to ask."""
        return bool(self.absent) and self.absent.get(column, 0.0) > now

    def miss(self, column: bytes, now: float) -> None:
        """The device does not implement it: look again in an hour."""
        self.absent[column] = now + HOUR

    def look_again(self) -> None:
        """The device started again, and may have more than it had."""
        self.absent.clear()

    def to_json(self) -> dict[str, Any]:
        """Plain data. Shapes and what is absent are left out: the first walk shows them."""
        narrow = {"ahead": self.most_ahead, "until": int(self.narrow_until)}
        return {"cells": self.cells} | ({"narrow": narrow} if self.most_ahead < AHEAD else {})

    @classmethod
    def from_json(cls, data: object) -> Learned:
        """What was stored; the beginning where it makes no sense."""
        try:
            known = cast("dict[str, Any]", data)
            cells = int(known["cells"])
            narrow = known.get("narrow", {"ahead": AHEAD, "until": 0})
            ahead, until = int(narrow["ahead"]), float(narrow["until"])
        except (TypeError, KeyError, ValueError, AttributeError, OverflowError):
            return cls()
        return cls(
            min(max(cells, 1), MOST),
            most_ahead=min(max(ahead, 1), AHEAD),
            narrow_until=until,
        )
