"""Windows of time: open until their end and a delay, then given once."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from orbital_processors.aggregate.folds import Fold
    from orbital_processors.aggregate.group import Group, Members

    Part: TypeAlias = tuple[Sequence[Group], Iterable[Sequence[Any]]]
    """Groups and the states of each, one for each kind of fold. A group may be in several parts."""

AT_ONCE: Final = 100_000
"""Groups that are merged at once while a window waits for late samples."""


class Window:
    """What came in one window.

    Args:
        start: Milliseconds UTC.
        folds: Kinds of folds.
    """

    def __init__(self, start: int, folds: Sequence[type[Fold]]) -> None:
        self.start = start
        self._kinds = folds
        self._merge = [kind.merged for kind in folds]
        self._folds: dict[Members, list[Fold]] = {}
        self._merged: dict[Group, Sequence[Any]] = {}
        """State of each kind of fold."""

    def take(self, members: Members, values: array[float], ts: int) -> None:
        """Take the values of a batch, of this time (milliseconds UTC)."""
        folds = self._folds.get(members)
        if folds is None:
            folds = self._folds[members] = [kind(len(members.groups)) for kind in self._kinds]
        members.fold(folds, values, ts)

    def parts(self) -> Iterator[Part]:
        """What it has, for another thread: it stays as it is when more comes."""
        yield [*self._merged], [*self._merged.values()]
        for members, folds in self._folds.items():
            yield members.groups, zip(*[fold.states() for fold in folds], strict=True)

    def restore(self, group: Group, states: Sequence[Any]) -> None:
        """Continue with what a part had of a group.

        Raises:
            ValueError: It is not of these folds.
        """
        if len(states) != len(self._kinds):
            raise ValueError(f"{len(states)} states are stored of {len(self._kinds)} folds")
        self._add(group, states)

    def settle(self, most: float = math.inf, *, ended: bool = True) -> None:
        """Merge the states of layouts, until they had so many groups.

        Done in parts once a window has ended, as a million series would else hold the event loop when it is
        given. Before that only those of layouts that are gone: a chain that leaves out other series each
        time has another layout for each batch.
        """
        for members in [*self._folds] if ended else self._gone():
            if most <= 0:
                return
            folds = self._folds.pop(members)
            most -= len(members.groups)
            states = zip(*[fold.states() for fold in folds], strict=True)
            for group, ours in zip(members.groups, states, strict=True):
                self._add(group, ours)

    def _add(self, group: Group, ours: Sequence[Any]) -> None:
        known = self._merged.get(group)
        self._merged[group] = ours if known is None else [*map(_call, self._merge, known, ours)]

    def _gone(self) -> list[Members]:
        return [members for members in self._folds if members.holder() is None]

    def states(self) -> dict[Group, dict[str, Any]]:
        """State of each group by name of the fold."""
        self.settle()
        names = [kind.name for kind in self._kinds]
        return {
            group: dict(zip(names, states, strict=True)) for group, states in self._merged.items()
        }


def _call(merge: Callable[[Any, Any], Any], one: Any, other: Any) -> Any:
    return merge(one, other)


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
        for window in self._open.values():
            window.settle(AT_ONCE, ended=window.start + self._length <= now)
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
