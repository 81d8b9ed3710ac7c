"""Windows of time: open until their end and a delay, then given once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterator, Sequence

    from orbital_processors.aggregate.folds import Fold
    from orbital_processors.aggregate.group import Group, Members


class Window:
    """What came in one window.

    Args:
        start: Milliseconds UTC.
        folds: Kinds of folds.
    """

    def __init__(self, start: int, folds: Sequence[type[Fold]]) -> None:
        self.start = start
        self._kinds = folds
        self._folds: dict[Members, list[Fold]] = {}
        self._restored: dict[Group, dict[str, Any]] = {}

    def take(self, members: Members, values: array[float], ts: int) -> None:
        """Take the values of a batch, of this time (milliseconds UTC)."""
        folds = self._folds.get(members)
        if folds is None:
            folds = self._folds[members] = [kind(len(members.groups)) for kind in self._kinds]
        members.fold(folds, values, ts)

    def restore(self, group: Group, states: dict[str, Any]) -> None:
        """Continue with what was stored of a group."""
        self._restored[group] = states

    def states(self) -> dict[Group, dict[str, Any]]:
        """State of each group by name of the fold."""
        found = dict(self._restored)
        for members, folds in self._folds.items():
            for place, group in enumerate(members.groups):
                states = {fold.name: fold.state(place) for fold in folds}
                known = found.get(group)
                found[group] = self._merged(known, states) if known else states
        return found

    def _merged(self, one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
        return {kind.name: kind.merged(one[kind.name], other[kind.name]) for kind in self._kinds}


class Due(NamedTuple):
    """The windows that are given now."""

    windows: list[Window]
    jumped: bool
    """The clock went back behind the end of a window that was given."""


class Windows:
    """The open windows.

    Args:
        length: Milliseconds of a window.
        delay: Milliseconds that it stays open behind its end.
        folds: Kinds of folds.
    """

    def __init__(self, length: int, delay: int, folds: Sequence[type[Fold]]) -> None:
        self._length, self._delay = length, delay
        self._folds = folds
        self._open: dict[int, Window] = {}
        self._given = 0
        """End of the last window that was given."""

    def __iter__(self) -> Iterator[Window]:
        return iter(self._open.values())

    def at(self, ts: int) -> Window | None:
        """The window of this time (milliseconds UTC); None if it was given already."""
        start = ts - ts % self._length
        window = self._open.get(start)
        if window is None and start >= self._given:
            window = self._open[start] = Window(start, self._folds)
        return window

    def first(self) -> Window | None:
        """The first window that is open, or may be opened: for samples that came too late for theirs."""
        return self.at(min(self._open, default=self._given))

    def due(self, now: int) -> Due:
        """Take out the windows whose time has come.

        Where the clock went back, also those that lie ahead of it: what they have has been collected by the
        clock as it was.
        """
        jumped = now < self._given
        if jumped:
            self._given = now - now % self._length
        latest = now - self._delay - self._length
        starts = sorted(s for s in self._open if s <= latest or (jumped and s > now))
        windows = [self._open.pop(start) for start in starts]
        if starts and not jumped:
            self._given = max(self._given, starts[-1] + self._length)
        return Due(windows, jumped)

    def all(self) -> list[Window]:
        """Take out all windows."""
        windows = [window for _, window in sorted(self._open.items())]
        self._open.clear()
        return windows
