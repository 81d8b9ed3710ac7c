"""Own metrics of a part: what a plugin, writer or processor counts of its own work, for `/metrics`."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Final

from orbital_sdk.metric import LABEL_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orbital_sdk.metric import Kind

MOST_NAMES: Final = 100
"""Metrics of one part."""
MOST_SERIES: Final = 1000
"""Series of one part, over all its metrics."""
LONGEST: Final = 200
"""Characters of a label's value."""

Labels = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Family:
    """One metric of a part, and its value for each set of label values."""

    kind: Kind
    name: str
    help: str
    labels: Labels
    values: dict[Labels, float] = field(default_factory=dict[Labels, float])


class OwnMetrics:
    """The metrics of one part, of all its instances together. May be used from any thread.

    Args:
        crowded: Told once, in words, when there is no room for one more.
        claim: Told the name of each new metric; raises ValueError where it may not have it.
    """

    def __init__(
        self, crowded: Callable[[str], None], claim: Callable[[str], None] | None = None
    ) -> None:
        self._crowded = crowded
        self._claim = claim
        self._families: dict[str, Family] = {}
        self._series = 0
        self._lock = Lock()
        self.refused = 0
        """Values that are shown nowhere: there was no room for their series."""

    def families(self) -> list[Family]:
        """All of them as they are now."""
        with self._lock:
            return [
                Family(one.kind, one.name, one.help, one.labels, one.values.copy())
                for one in self._families.values()
            ]

    def counter(self, name: str, text: str, labels: Sequence[str], fixed: Labels = ()) -> Counter:
        """As `PluginHost.counter`.

        Args:
            name: With `_total` or without.
            text: One sentence.
            labels: All names.
            fixed: Values of the first ones, the same for every value of this counter.
        """
        full = name if name.endswith("_total") else f"{name}_total"
        return Counter(
            self, self._family(Family("counter", full, text, tuple(labels)), fixed), fixed
        )

    def gauge(self, name: str, text: str, labels: Sequence[str], fixed: Labels = ()) -> Gauge:
        """As `PluginHost.gauge`; takes what `counter` takes."""
        return Gauge(self, self._family(Family("gauge", name, text, tuple(labels)), fixed), fixed)

    def add(self, family: Family, key: Labels, amount: float) -> bool:
        """Add to one series. False where there is no room for it."""
        with self._lock:
            known = family.values.get(key)
            if known is None and not self._has_room(family, key):
                self.refused += 1
                first = self.refused == 1
            else:
                self._series += known is None
                family.values[key] = (known or 0.0) + amount
                return True
        if first:
            self._crowded(
                f"there is no room for {family.name}{list(key)}: a part may have {MOST_NAMES} metrics of"
                f" its own, {MOST_SERIES} series of them, and labels of {LONGEST} characters;"
                " such values are only counted from now on"
            )
        return False

    def _has_room(self, family: Family, key: Labels) -> bool:
        return (
            family.name in self._families
            and self._series < MOST_SERIES
            and all(len(value) <= LONGEST for value in key)
        )

    def _family(self, wanted: Family, fixed: Labels) -> Family:
        for name in (wanted.name, *wanted.labels):
            if not LABEL_NAME.fullmatch(name):
                raise ValueError(f"{name!r} is not a name of an own metric, or of a label of one")
        if len(set(wanted.labels)) < len(wanted.labels):
            raise ValueError(f"{wanted.name} has a label twice: {', '.join(wanted.labels)}")
        with self._lock:
            known = self._families.get(wanted.name)
            if known is None and len(self._families) < MOST_NAMES:
                if self._claim is not None:
                    self._claim(wanted.name)
                known = self._families[wanted.name] = wanted
        if known is None:
            return wanted  # of no room
        if (known.kind, known.labels) != (wanted.kind, wanted.labels):
            raise ValueError(
                f"{known.name} is a {known.kind} with the labels {known.labels} already"
            )
        if len(known.labels) == len(fixed):  # one series: it is there from the beginning
            self.add(known, fixed, 0.0)
        return known


class Counter:
    """Counts what happened. Made by `PluginHost.counter`; may be used from any thread."""

    def __init__(self, metrics: OwnMetrics, family: Family, fixed: Labels) -> None:
        self._metrics, self._family, self._fixed = metrics, family, fixed

    def add(self, amount: float = 1.0, *labels: str) -> None:
        """Count so many more.

        Args:
            amount: Zero or more.
            labels: Values of its labels, in their order.

        Raises:
            ValueError: An amount below zero, or other labels than it was made for.
        """
        if not 0 <= amount < math.inf:
            raise ValueError(f"{self._family.name} cannot count {amount!r}")
        self._metrics.add(self._family, key_of(self._family, self._fixed, labels), amount)


class Gauge:
    """Something that goes up and down. Made by `PluginHost.gauge`; may be used from any thread.

    Instances of one part add up.
    """

    def __init__(self, metrics: OwnMetrics, family: Family, fixed: Labels) -> None:
        self._metrics, self._family, self._fixed = metrics, family, fixed
        self._mine: dict[Labels, float] = {}
        self._closed = False
        self._lock = Lock()

    def set(self, value: float, *labels: str) -> None:
        """It is so much now; label values as of `Counter.add`."""
        key = key_of(self._family, self._fixed, labels)
        with self._lock:
            self._change(key, value - self._mine.get(key, 0.0))

    def add(self, amount: float = 1.0, *labels: str) -> None:
        """It is so much more, or less; label values as of `Counter.add`."""
        key = key_of(self._family, self._fixed, labels)
        with self._lock:
            self._change(key, amount)

    def close(self) -> None:
        """Its instance ends: take back all that it gave. What comes later counts no more."""
        with self._lock:
            for key, amount in self._mine.items():
                self._metrics.add(self._family, key, -amount)
            self._mine, self._closed = {}, True

    def _change(self, key: Labels, amount: float) -> None:
        if not math.isfinite(amount):
            raise ValueError(f"{self._family.name} cannot be {amount!r}")
        if not self._closed and self._metrics.add(self._family, key, amount):
            self._mine[key] = self._mine.get(key, 0.0) + amount


def key_of(family: Family, fixed: Labels, given: Labels) -> Labels:
    """The values of all labels of a series."""
    key = (*fixed, *given)
    if len(key) != len(family.labels) or not all(isinstance(value, str) for value in given):  # pyright: ignore[reportUnnecessaryIsInstance] (an author may give anything)
        own = family.labels[len(fixed) :]
        raise ValueError(f"{family.name} has the labels {own}, and was given {given!r}")
    return key
