"""The processor `dedup`: only values that changed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pydantic import Field

from orbital_processors.matching.selector import Selector, selects_any
from orbital_processors.thinning.thin import Thin
from orbital_sdk import Duration, Plan, Processor, ProcessorConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_sdk import Layout, Row


class DedupConfig(ProcessorConfig):
    """When a value counts as changed."""

    match: tuple[Selector, ...] = ()
    """Selectors of which one has to match; all series if left out."""
    heartbeat: Duration = Field(default=240.0, gt=0)
    """Pass a value that did not change when the last one passed so long ago. Prometheus takes a series
    without a
    sample for five minutes as ended.
    """
    tolerance: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    """Largest difference from the value that passed last that is no change."""


class Passed:
    """The sample of a series that passed last."""

    __slots__ = ("__weakref__", "ts", "value")

    def __init__(self) -> None:
        self.ts = 0
        self.value = math.nan


class Dedup(Processor[DedupConfig]):
    """Leaves out repeated values."""

    name = "dedup"
    summary = "Drops values that did not change, with a heartbeat"

    def __init__(self, config: DedupConfig) -> None:
        super().__init__(config)
        self._heartbeat = config.heartbeat * 1000
        self._thin = Thin(selects_any(config.match), Passed, self._passes)

    def plan(self, layout: Layout) -> Plan | Sequence[Row]:
        return self._thin.plan(layout)

    def ended(self, layout: Layout) -> None:
        for last in self._thin.series.known(layout):
            last.value = math.nan

    def _passes(self, last: Passed, ts: int, value: float) -> bool:
        before = last.value
        same = value == before or abs(value - before) <= self.config.tolerance
        if same and 0 <= ts - last.ts < self._heartbeat:
            return False
        last.ts, last.value = ts, value
        return True
