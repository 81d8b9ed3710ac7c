"""The series of all tasks, counted by device and metric, within the limits of a budget."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from orbital_cardinality.limits import SETTINGS, SeriesLimits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from orbital_cardinality.growth import Growth
    from orbital_cardinality.limits import Scope
    from orbital_sdk import Row

log = logging.getLogger("orbital.cardinality")

CALM: Final = 0.9
"""Share of the mark below which it may be told again."""


QUIET: Final = 3600.0
"""Seconds in which the log says it once of a subject: what comes and goes meets a limit again and again."""


class Told(NamedTuple):
    """A limit that is nearly met, or met."""

    scope: Scope
    subject: str
    """The device, metric or task; empty for the agent."""
    words: str


class Holder(Protocol):
    """A task that has series."""

    task: str
    device: str
    most: int
    """Different series that it may give within an hour."""
    held: Counter[str]
    """Those that the budget counts, by metric."""
    fresh: Counter[str]
    """Different ones within the hour, by metric."""
    growth: Growth | None

    @property
    def count(self) -> int:
        """Different series within the hour."""
        ...

    def rows(self) -> Iterable[Row]:
        """Those that it has now."""
        ...


class Budget:
    """What all tasks have together. Safe for threads: large collections are looked at on one.

    Args:
        limits: Those of now; may be set at any time. Series that are there stay, whatever the limit.
    """

    def __init__(self, limits: SeriesLimits | None = None) -> None:
        self.limits = limits or SeriesLimits()
        self.total = 0
        """Series of all tasks."""
        self.by_device: Counter[str] = Counter()
        self.by_metric: Counter[str] = Counter()
        self.holders: set[Holder] = set()
        self.freed = 0
        """How often series ended: whoever was refused may ask again."""
        self.lock = threading.Lock()
        self._told: dict[tuple[Scope, str], Told] = {}
        self._logged: dict[tuple[Scope, str], float] = {}
        """When the log had it last."""

    @property
    def told(self) -> list[Told]:
        """The limits that are nearly met, or met, with what grows."""
        return [*self._told.values()]

    def full(self, device: str, metric: str, gone: int = 0) -> Scope | None:
        """Which limit one more series would exceed, if so many other ones of the device are gone."""
        if not self.limits.shared:
            return None
        for scope, _, count in self._counts(device, metric):
            most = self.limits.most(scope)
            if most is not None and count - (0 if scope == "metric" else gone) >= most:
                return scope
        return None

    def take(self, device: str, metric: str) -> None:
        """One more series. Under the lock."""
        self.total += 1
        self.by_device[device] += 1
        self.by_metric[metric] += 1

    def shift(self, device: str, before: Mapping[str, int], after: Mapping[str, int]) -> None:
        """A task of this device has other series now; counts by metric. Under the lock."""
        gone = False
        for metric in before.keys() | after.keys():
            more = after.get(metric, 0) - before.get(metric, 0)
            gone = gone or more < 0
            _add(self.by_metric, metric, more)
            _add(self.by_device, device, more)
            self.total += more
        self.freed += gone
        if self._told and gone:
            self._calm()

    def look(self, holder: Holder, metric: str) -> None:
        """A series came: say what grows where a limit is nearly met. Under the lock."""
        share = self.limits.warn_at
        if holder.count >= share * holder.most:
            self._tell("task", holder.task, holder.count, holder.most, metric)
        if not self.limits.shared:
            return
        for scope, subject, count in self._counts(holder.device, metric):
            most = self.limits.most(scope)
            if most is not None and count >= share * most:
                self._tell(scope, subject, count, most, metric)

    def culprit(self, scope: Scope, subject: str, metric: str) -> str:
        """What makes the series of this subject more, in words; empty if nobody knows."""
        among = [one for one in self.holders if _concerns(one, scope, subject)]
        guilty = max(among, key=_gained, default=None)
        if guilty is None or guilty.growth is None:
            return ""
        found = guilty.growth.culprit(metric if scope == "metric" else "")
        return found.on(guilty.device) if found else ""

    def _counts(self, device: str, metric: str) -> Iterator[tuple[Scope, str, int]]:
        yield "device", device, self.by_device[device]
        yield "metric", metric, self.by_metric[metric]
        yield "agent", "", self.total

    def _tell(self, scope: Scope, subject: str, count: int, most: int, metric: str) -> None:
        if (scope, subject) in self._told:
            return
        of = f"{scope} {subject}" if subject else "the agent"
        words = f"{of} has {count:,} of {most:,} series ({SETTINGS[scope]})"
        if why := self.culprit(scope, subject, metric):
            words = f"{words}: {why}"
        self._told[scope, subject] = Told(scope, subject, words)
        now = time.monotonic()
        if now - self._logged.get((scope, subject), -math.inf) >= QUIET:
            self._logged[scope, subject] = now
            log.warning("%s", words)

    def _calm(self) -> None:
        counts = {"device": self.by_device, "metric": self.by_metric}
        for scope, subject in [*self._told]:
            if scope == "task":
                continue  # until its hour ends
            count = self.total if scope == "agent" else counts[scope][subject]
            most = self.limits.most(scope)
            if most is None or count < CALM * self.limits.warn_at * most:
                del self._told[scope, subject]

    def forget(self, task: str) -> None:
        """The hour of this task begins anew, or it is gone. Under the lock."""
        self._told.pop(("task", task), None)


def _add(counts: Counter[str], key: str, more: int) -> None:
    """Add, and keep nothing of what is not there."""
    if more:
        counts[key] += more
        if not counts[key]:
            del counts[key]


def _gained(holder: Holder) -> tuple[int, str]:
    return (0 if holder.growth is None else holder.growth.series), holder.task


def _concerns(holder: Holder, scope: Scope, subject: str) -> bool:
    match scope:
        case "task":
            return holder.task == subject
        case "device":
            return holder.device == subject
        case "metric":
            return bool(holder.held[subject])
        case "agent":
            return True
