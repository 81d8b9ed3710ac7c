"""The rows of one task: each series is named, labelled, relabelled and checked once."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from orbital_runtime.processor.chain import Chain, Dropped
from orbital_sdk import Row, Series

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orbital_runtime.engine.limits import Limits
    from orbital_sdk import Origin

log = logging.getLogger("orbital.engine")

LEAST: Final = 64
"""Rows that are remembered at least before the unused ones are forgotten."""


class Rows:
    """Series -> its row, or the reason why it has none.

    Two dictionaries make a cache that needs no sweep: the full one becomes the
    older generation, and what is still in use moves back into the younger. So a task whose series come
    and go keeps what its last two collections had, however long it runs.

    Args:
        origin: Where the samples come from.
        labels: The task's; a metric's own win over them, and the device's id wins over all.
        chain: Relabels each row.
        limits: What is refused.
    """

    def __init__(
        self, origin: Origin, labels: Mapping[str, str], chain: Chain, limits: Limits
    ) -> None:
        self._origin = origin
        self._labels = dict(labels)
        self._chain = chain
        self._limits = limits
        self._young: dict[Series, Row | str] = {}
        self._old: dict[Series, Row | str] = {}
        self._told: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def make_room(self, series: int) -> None:
        """A collection of so many series comes: forget what was long unused, if it is time."""
        if len(self._young) >= max(LEAST, series):
            self._young, self._old = {}, self._young

    def find(self, series: Series) -> Row | str:
        """The row of this series, or why it is refused."""
        row = self._young.get(series)
        if row is None:
            row = self._old.get(series)
            if row is None:
                row = self._make(series)
            self._young[series] = row
        return row

    def tell(self, reason: str, message: str) -> None:
        """Log the first refusal of a kind."""
        if reason not in self._told:
            self._told |= {reason}
            log.warning(
                "refused (%s): %s; more of it is only counted",
                reason,
                message,
                extra={"task": self._origin.task, "device": self._origin.device_id},
            )

    def _make(self, series: Series) -> Row | str:
        if not isinstance(series, Series):  # pyright: ignore[reportUnnecessaryIsInstance] (a plugin made it)
            self.tell("not_a_sample", f"{type(series).__name__} stands where a Series should")
            return "not_a_sample"
        metric = series.metric
        labels = self._labels | dict(zip(metric.labels, series.values, strict=True))
        labels["device_id"] = self._origin.device_id
        row = self._chain.relabel(Row(metric.name, labels, metric.kind, metric.unit), self._origin)
        return row.reason if isinstance(row, Dropped) else self._checked(row)

    def _checked(self, row: Row) -> Row | str:
        for name, value in row.labels:
            try:
                size = len(value.encode())
            except UnicodeEncodeError:
                self.tell(
                    "bad_label", f"label {name!r} of {row.name} is not text that UTF-8 can carry"
                )
                return "bad_label"
            if size > self._limits.label_bytes:
                self.tell(
                    "label_too_long",
                    f"label {name!r} of {row.name} has {size} bytes,"
                    f" {self._limits.label_bytes} are allowed (collector.limits.label_bytes)",
                )
                return "label_too_long"
        return row
