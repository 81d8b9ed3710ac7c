"""The settings of `rate`, `increase` and `delta`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from orbital_processors.matching.selector import Selector  # noqa: TC001 (pydantic reads it)
from orbital_processors.names import Some, check_metric_name
from orbital_sdk import Duration, ProcessorConfig

if TYPE_CHECKING:
    from typing import Self


class ChangeConfig(ProcessorConfig):
    """What the three have in common."""

    keep: bool = False
    """Pass the series themselves as well."""
    suffix: str = ""
    """Added to the name of the metric; `:rate`, `:increase` or `:delta` if left out."""
    max_gap: Duration = Field(default=3600.0, gt=0)
    """Longest time between two samples of a series. After a longer one it begins anew, without a sample."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        check_metric_name(f"x{self.suffix}", self.suffix)
        return self


class CounterConfig(ChangeConfig):
    """Which counters, and how a restart of the device is known."""

    match: tuple[Selector, ...] = ()
    """Selectors of which one has to match; all counters if left out."""
    uptime: str = "sysUpTime"
    """Metric in the same collection that says for how many hundredths of a second the device has been
    running. If it
    falls, all counters of the collection have begun anew; if it does not, one that falls may have
    wrapped at 2^32.
    """


class DeltaConfig(ChangeConfig):
    """Which series."""

    match: Some[Selector]
    """Selectors of which one has to match."""
