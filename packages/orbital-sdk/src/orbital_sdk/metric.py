"""Metrics, series and samples: what a plugin declares once and yields all day.

A `Metric` is declared; a `Series` is one metric with its label values, interned so that everything
costly about it happens once; a `Sample` is one value of a series.
"""

from __future__ import annotations

import re
from collections.abc import Iterable  # noqa: TC003 (help() evaluates the annotations of a Struct)
from typing import TYPE_CHECKING, Final, Literal, get_args
from weakref import WeakValueDictionary

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Kind = Literal["gauge", "counter"]

METRIC_NAME: Final = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
DEVICE_ID: Final = "device_id"
"""The label that the agent puts on every sample."""
LEAST: Final = 1000
"""Series that a metric remembers at least before it forgets those that nobody holds."""


class Series:
    """One metric with its label values. Identity is a cache key and never has meaning."""

    __slots__ = ("__weakref__", "metric", "values")

    def __init__(self, metric: Metric, values: tuple[str, ...]) -> None:
        self.metric = metric
        self.values = values

    def __call__(self, value: float, ts: int | None = None) -> Sample:
        """A sample of this series; `ts` in milliseconds UTC, None for the time of the collection."""
        return Sample(self, value, ts)

    def __repr__(self) -> str:
        pairs = zip(self.metric.labels, self.values, strict=True)
        return f"{self.metric.name}{{{', '.join(f'{k}={v!r}' for k, v in pairs)}}}"


class Sample(msgspec.Struct, frozen=True, gc=False, eq=False):
    """One value of a series at one time."""

    series: Series
    value: float
    ts: int | None = None
    """Milliseconds UTC; None = the time of the collection."""


class Columns(msgspec.Struct, frozen=True, gc=False, eq=False):
    """A whole table at once: `values[i]` belongs to `series[i]`. The cheapest thing to return."""

    series: tuple[Series, ...]
    values: Iterable[float]
    times: Iterable[int] | None = None
    """Milliseconds UTC of each value, where they have times of their own."""

    def samples(self) -> Iterator[Sample]:
        """The same one by one."""
        if self.times is None:
            return map(Sample, self.series, self.values)
        return map(Sample, self.series, self.values, self.times)


class Metric:
    """A declared metric. Calling it gives a sample.

    Args:
        name: By Prometheus' conventions: base units, `_total` on counters.
        help: One sentence.
        kind: `gauge` or `counter`; the series of a histogram (those with `le`, sum and count) are counters.
        unit: `seconds`, `bytes`, `ratio`, ...; empty where there is none.
        labels: Names of its labels, in the order in which values may be given. `device_id` is added
            by the agent to every sample and may not stand here.
        honor_labels: Its samples were collected by somebody else and come with all labels that they have
            there. These win over the agent's, `device_id` included, and a destination's `job` and
            `instance` stay away (Prometheus, `honor_labels`).

    Raises:
        ValueError: A name that no destination would take.
    """

    __slots__ = (
        "__weakref__",
        "_held",
        "_known",
        "_room",
        "help",
        "honor_labels",
        "kind",
        "labels",
        "name",
        "unit",
    )

    def __init__(
        self,
        name: str,
        help: str = "",  # noqa: A002 (the field's word)
        *,
        kind: Kind = "gauge",
        unit: str = "",
        labels: Sequence[str] = (),
        honor_labels: bool = False,
    ) -> None:
        if not METRIC_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not a metric name; use letters, digits, _ and :")
        if kind not in get_args(Kind):
            raise ValueError(f"{name}: {kind!r} is not a kind of metric; use gauge or counter")
        _check_label_names(name, labels, DEVICE_ID if honor_labels else "")
        self.honor_labels = honor_labels
        self.name = name
        self.help = help
        self.kind: Kind = kind
        self.unit = unit
        self.labels = tuple(labels)
        self._known: dict[tuple[str, ...], Series] = {}
        self._held: WeakValueDictionary[tuple[str, ...], Series] = WeakValueDictionary()
        self._room = LEAST

    def __call__(self, value: float, *labels: str, ts: int | None = None, **named: str) -> Sample:
        """A sample; label values in declared order, by name, or some of each.

        Args:
            value: The number. NaN is refused later on, and counted.
            labels: Label values, text only.
            ts: Milliseconds UTC; None = the time of the collection.
            named: Label values by name.

        Raises:
            TypeError: A label is missing, unknown, or not text.
        """
        if named:
            labels = self._positional(labels, named)
        return Sample(self._known.get(labels) or self._find(labels), value, ts)

    def series(self, *labels: str, **named: str) -> Series:
        """The handle of one series: hold it where the same series is read again and again."""
        if named:
            labels = self._positional(labels, named)
        return self._known.get(labels) or self._find(labels)

    def __repr__(self) -> str:
        return f"Metric({self.name!r}, labels={self.labels})"

    def _positional(self, labels: tuple[str, ...], named: dict[str, str]) -> tuple[str, ...]:
        if not labels and tuple(named) == self.labels:  # as declared: no look-up by name needed
            return tuple(named.values())
        rest = self.labels[len(labels) :]
        if named.keys() != set(rest):
            wrong = sorted(named.keys() ^ set(rest))
            raise TypeError(f"{self.name} has labels {self.labels}; look at {', '.join(wrong)}")
        return (*labels, *[named[name] for name in rest])

    def _find(self, labels: tuple[str, ...]) -> Series:
        """Once a series, and again when the metric forgot what nobody uses: check and intern.

        A full dictionary is let go of, and what somebody else holds (the agent does, while a series lives)
        is found again. There is room for as many dead series as there were living ones, so the cost of
        that is the same for each new series. `setdefault` lets threads race harmlessly.
        """
        if len(self._known) >= self._room:
            full, self._known = self._known, {}
            self._held.update(full.copy())  # another thread may be about to add to it
            del full
            self._room = max(LEAST, 2 * len(self._held))
        series = self._held.pop(labels, None) or self._new(labels)
        return self._known.setdefault(series.values, series)

    def _new(self, labels: tuple[str, ...]) -> Series:
        if len(labels) != len(self.labels):
            raise TypeError(f"{self.name} has labels {self.labels}, got {labels!r}")
        return Series(self, tuple([_text(self.name, value) for value in labels]))


def _check_label_names(metric: str, labels: Sequence[str], allowed: str) -> None:
    if isinstance(labels, str):  # a sequence of one-letter names, and never meant
        raise ValueError(f"{metric}: labels is a list of names; write ({labels!r},)")  # noqa: TRY004 (a wrong declaration like the others)
    for label in labels:
        if not LABEL_NAME.fullmatch(label):
            raise ValueError(f"{metric}: {label!r} is not a label name; use letters, digits and _")
        if label != allowed and (label == DEVICE_ID or label.startswith("__")):
            raise ValueError(
                f"{metric}: the label {label!r} is not a plugin's to set; leave it out"
            )
    if len(set(labels)) != len(labels):
        raise ValueError(f"{metric}: a label name appears twice in {tuple(labels)}")


def _text(metric: str, value: object) -> str:
    """Plain text that every destination can carry: 1 and True are one dict key, so neither is text."""
    if not isinstance(value, str):
        raise TypeError(f"{metric}: label values are text, got {value!r}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise TypeError(
            f"{metric}: {value!r} is not text that UTF-8 can carry;"
            " decode what a device sends with errors='replace'"
        ) from None
    return str.__str__(value)  # an enum's member becomes its text
