"""The series of one task: which it may give, and how many there are of each metric."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from orbital_cardinality.budget import Budget
from orbital_cardinality.growth import Growth
from orbital_cardinality.limits import SETTINGS
from orbital_cardinality.series_limit import SeriesLimit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from orbital_cardinality.limits import Scope
    from orbital_sdk import Row

MANY: Final = 1000
"""New series from which labels are watched, if they are more than the task began with or not."""
SETTLED: Final = 60_000
"""Milliseconds after which the series of a receiver count as those that it began its hour with."""
RETRY: Final = 60_000
"""Milliseconds between two looks of a task that was refused series at whether there is room."""
NONE: Final[Mapping[str, int]] = {}


class Account:
    """What one task has of the budget.

    A series is known for the rest of the hour in which it came. Known ones stay, whatever the limits; a new
    one needs room in all of them. What ended gives its room back: at the next collection of a task that
    polls (`settle`), with the next hour for a receiver, whose senders come one by one.

    Args:
        budget: What all tasks have together.
        task: Its id.
        device: Whose series they are.
        most: Different series of the task within an hour.
        rows: Gives the series that it has now, where nothing was settled.
    """

    def __init__(
        self,
        budget: Budget,
        *,
        task: str,
        device: str,
        most: int,
        rows: Callable[[], Iterable[Row]] = lambda: (),
    ) -> None:
        self.task = task
        self.device = device
        self.most = most
        self.growth: Growth | None = None
        self.held: Counter[str] = Counter()
        """Series of each metric, as the budget counts them."""
        self.fresh: Counter[str] = Counter()
        """Different series of each metric within the hour."""
        self._budget = budget
        self._hour = SeriesLimit(most)
        self._reserved: Counter[str] = Counter()
        """Series of each metric that need no new room: they were there before the hour turned or a reload."""
        self._carried = False
        """Whether known series are among the reserved: after a reload, until the next collection of a task
        that polls."""
        self._now = self._began = 0
        self._rows = rows
        self._left: tuple[Row, ...] = ()
        """The last collection, with its report."""
        self._settled: tuple[Row, ...] | None = None
        """The series of the last collection; None before the first one of an hour, and for receivers."""
        self._retry: tuple[int, int] | None = None
        """When to look for room, and what had been freed when there was none."""
        budget.holders.add(self)

    @property
    def count(self) -> int:
        """Different series within the hour."""
        return self._hour.count

    def turn(self, ts: int) -> bool:
        """A collection begins, at milliseconds UTC. Whether its series have to be asked for again: a new hour
        begins, or there may be room for those that were refused.
        """
        self._now = ts
        if not self._hour.turn(ts):
            return self._may_retry(ts)
        with self._budget.lock:
            live = Counter({m: min(count, self.fresh[m]) for m, count in self.held.items()})
            self._budget.shift(self.device, self.held, live)
            self._budget.forget(self.task)
            self.held, self._reserved = live, live.copy()
            self.fresh = Counter()
        self.growth, self._settled, self._retry, self._began = None, None, None, ts
        self._carried = False
        return True

    def admit(self, row: Row) -> Scope | None:
        """None if the task may give this series; else whose limit it would exceed."""
        key = hash(row.key)
        if self._hour.knows(key):
            if (
                self._carried
            ):  # else it was taken off when it came; processors have it asked for again
                self._reserved[row.name] -= 1
            return None
        with self._budget.lock:
            scope = self._taken(row.name, key)
            if scope is None:
                self._watch(row)
                self._budget.look(self, row.name)
            elif scope != "task" and self._retry is None:
                self._retry = self._now + RETRY, self._budget.freed
        return scope

    def settle(self, left: tuple[Row, ...], reports: int) -> None:
        """The collection has these series, and no others. The same tuple as before costs nothing.

        Args:
            left: The rows of its report, and of its samples.
            reports: How many of these, the first ones, are the report's.
        """
        if left is self._left and self._settled is not None:
            return
        self._left, self._settled = left, left[reports:]
        now = Counter([row.name for row in self._settled])
        with self._budget.lock:
            self._budget.shift(self.device, self.held, now)
            if more := now - self.held:
                self._budget.look(self, more.most_common(1)[0][0])
        self.held, self._reserved, self._carried = now, Counter(), False

    def rows(self) -> Iterable[Row]:
        """The series that it has now."""
        return self._rows() if self._settled is None else self._settled

    def inherit(self, other: Account) -> None:
        """Take the place of another one of the same task: with its hour, and with its room."""
        self._hour.inherit(other._hour)
        polls = other._settled is not None
        self.held, self._carried = other.held, polls or other._carried
        self._reserved = other.held.copy() if polls else other._reserved
        self.fresh = other.fresh
        self.growth, self._began, self._now = other.growth, other._began, other._now
        other.held = Counter()
        other.close()

    def close(self) -> None:
        """The task is gone, and what it had is free."""
        budget, self._budget = self._budget, Budget()
        with budget.lock:
            budget.shift(self.device, self.held, NONE)
            budget.forget(self.task)
            budget.holders.discard(self)
        self.held = Counter()
        self._rows = lambda: ()  # it holds what made it

    def explain(self, scope: Scope, row: Row) -> str:
        """Why this row was refused, for people."""
        limits = self._budget.limits
        if scope == "task":
            return f"the task gave more than {self.most} different series within an hour ({SETTINGS[scope]})"
        subject = {"device": self.device, "metric": row.name}.get(scope, "")
        of = f"{scope} {subject}" if subject else "the agent"
        words = f"{of} has its {limits.most(scope):,} series ({SETTINGS[scope]})"
        with self._budget.lock:
            why = self._budget.culprit(scope, subject, row.name)
        return f"{words}; {why}" if why else words

    def _taken(self, metric: str, key: int) -> Scope | None:
        free = self._reserved[metric] > 0
        full = None if free else self._budget.full(self.device, metric)
        if (
            full is not None and self._carried
        ):  # what a reload renamed takes the place of what it was
            full = self._budget.full(self.device, metric, (+self._reserved).total())
        if full is not None:
            return full
        if not self._hour.take(key):
            return "task"
        if free:
            self._reserved[metric] -= 1
        else:
            self.held[metric] += 1
            self._budget.take(self.device, metric)
        self.fresh[metric] += 1
        return None

    def _watch(self, row: Row) -> None:
        if self.growth is None:
            settled = self._settled  # empty: the device was down, and nothing grows when it is back
            began = bool(settled) if settled is not None else self._now - self._began > SETTLED
            if not began and self.count < MANY:
                return
            self.growth = Growth(self._began, [one for one in self.rows() if one is not row])
        self.growth.add(row)

    def _may_retry(self, ts: int) -> bool:
        if self._retry is None or ts < self._retry[0]:
            return False
        freed = self._retry[1] != self._budget.freed
        self._retry = None if freed else (ts + RETRY, self._retry[1])
        return freed
