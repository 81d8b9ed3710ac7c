"""The series that came before, by the bytes of their labels."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final
from weakref import WeakValueDictionary

from orbital_remote_write.remote_write_pb2 import TimeSeries
from orbital_remote_write.templates import LENGTH, Templates
from orbital_sdk import Metric, Series

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

AGE: Final = 600.0
"""Seconds after which a series that did not come again may be forgotten; after twice as many it is."""
MOST: Final = 1_000_000
"""Series of one such time: more of them, and it ends early."""
_NAME: Final = "__name__"
_COUNTERS: Final = ("_total", "_count", "_sum", "_bucket")
"""How names of counters end, by custom. A request says of no series what it is."""


class KnownSeries:
    """Each series is one object for as long as it comes.

    Two dictionaries make a cache that needs no sweep: from time to time the younger one becomes the older,
    and what is still in use moves back.

    Args:
        clock: Steady seconds.
        run: Series of a run.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, run: int = LENGTH) -> None:
        self.looked_into = 0
        """Series so far that were not known by their bytes."""
        self._clock = clock
        self._run = run
        self._since = clock()
        self._young: dict[bytes, Series] = {}
        self._old: dict[bytes, Series] = {}
        self.templates = Templates(self._young, run)
        """The runs in which they came."""
        self._metrics: WeakValueDictionary[tuple[str, ...], Metric] = WeakValueDictionary()

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Those of the series that are known."""
        return tuple(self._metrics.values())

    @property
    def by_bytes(self) -> Mapping[bytes, Series]:
        """Labels as protobuf writes them -> series, until the next turn."""
        return self._young

    def turn(self) -> None:
        """Before each request: forget what came no more for long."""
        if self._clock() - self._since >= AGE or len(self._young) >= MOST:
            self._since = self._clock()
            self._young, self._old = {}, self._young
            self.templates = Templates(self._young, self._run)

    def of(self, labels: Mapping[str, str]) -> Series:
        """The series with these labels, `__name__` among them.

        Raises:
            ValueError: They name none; in words.
        """
        one = TimeSeries()
        for name, value in sorted(labels.items()):
            one.labels.add(name=name, value=value)
        return self.learn(one)

    def learn(self, one: TimeSeries) -> Series:
        """The series with these labels.

        Raises:
            ValueError: They name none; in words.
        """
        self.looked_into += 1
        labels = TimeSeries(labels=one.labels).SerializeToString()
        series = self._young.get(labels)
        if series is None:
            series = self._young[labels] = self._old.pop(labels, None) or self._make(one)
            self.templates.new(series)
        return series

    def _make(self, one: TimeSeries) -> Series:
        pairs = sorted([(label.name, label.value) for label in one.labels])
        name = next((value for key, value in pairs if key == _NAME), "")
        if not name:
            raise ValueError(f"a series has no name: {dict(pairs)}")
        names = tuple([key for key, _ in pairs if key != _NAME])
        if len(names) != len(pairs) - 1:
            raise ValueError(f"the label {_NAME} appears twice: {dict(pairs)}")
        metric = self._metrics.get((name, *names))
        if metric is None:
            kind = "counter" if name.endswith(_COUNTERS) else "gauge"
            metric = Metric(name, kind=kind, labels=names, honor_labels=True)
            self._metrics[name, *names] = metric
        return Series(metric, tuple([value for key, value in pairs if key != _NAME]))
