"""The processor `sample`: every so many samples, or one in each interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from orbital_processors.matching.selector import Selector, selects_any
from orbital_processors.thinning.thin import Thin
from orbital_sdk import Duration, Plan, Processor, ProcessorConfig

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from orbital_sdk import Layout, Row


class SampleConfig(ProcessorConfig):
    """Which samples pass."""

    match: tuple[Selector, ...] = ()
    """Selectors of which one has to match; all series if left out."""
    every: int = Field(default=0, ge=0, examples=[10])
    """Pass the first of so many samples of a series."""
    interval: Duration = Field(default=0.0, examples=["1m"])
    """Pass the first sample of a series in each interval, which are aligned to the clock (UTC)."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if bool(self.every) == bool(self.interval):
            raise ValueError("write either every or interval")
        if self.interval and self.interval < 0.001:
            raise ValueError("interval is less than a millisecond")
        return self


class Turn:
    """Where a series stands: how many samples came since the last that passed, or the interval of that
    one.
    """

    __slots__ = ("__weakref__", "at")

    def __init__(self) -> None:
        self.at = -1


class Sample(Processor[SampleConfig]):
    """Leaves out samples between those that pass."""

    name = "sample"
    summary = "Passes every so many samples, or one in each interval"

    def __init__(self, config: SampleConfig) -> None:
        super().__init__(config)
        passes = self._counted if config.every else self._timed
        self._length = max(1, round(config.interval * 1000))
        self._thin = Thin(selects_any(config.match), Turn, passes)

    def plan(self, layout: Layout) -> Plan | Sequence[Row]:
        return self._thin.plan(layout)

    def _counted(self, turn: Turn, ts: int, value: float) -> bool:
        turn.at = (turn.at + 1) % self.config.every
        return turn.at == 0

    def _timed(self, turn: Turn, ts: int, value: float) -> bool:
        interval = ts // self._length
        passes = interval != turn.at
        turn.at = interval
        return passes
