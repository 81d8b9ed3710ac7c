"""The processors `rate`, `increase` and `delta`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orbital_processors.counters.changes import Changes
from orbital_processors.counters.growth import changed, grown
from orbital_processors.counters.settings import CounterConfig, DeltaConfig
from orbital_processors.matching.selector import selects_any
from orbital_sdk import Plan, Processor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orbital_sdk import Layout, Row


class Rate(Processor[CounterConfig]):
    """Per second, since the sample before."""

    name = "rate"
    summary = "Makes rates of counters, by second"

    def __init__(self, config: CounterConfig) -> None:
        super().__init__(config)
        self._changes = Changes(
            config, selects=_counters(config), growth=grown, suffix=":rate", per_second=True,
            uptime=config.uptime,
        )  # fmt: skip

    def plan(self, layout: Layout) -> Plan | Sequence[Row]:
        return self._changes.plan(layout)


class Increase(Processor[CounterConfig]):
    """Since the sample before."""

    name = "increase"
    summary = "Makes increases of counters, from sample to sample"

    def __init__(self, config: CounterConfig) -> None:
        super().__init__(config)
        self._changes = Changes(
            config,
            selects=_counters(config),
            growth=grown,
            suffix=":increase",
            uptime=config.uptime,
        )

    def plan(self, layout: Layout) -> Plan | Sequence[Row]:
        return self._changes.plan(layout)


class Delta(Processor[DeltaConfig]):
    """Since the sample before, of whatever sign."""

    name = "delta"
    summary = "Makes differences of values, from sample to sample"

    def __init__(self, config: DeltaConfig) -> None:
        super().__init__(config)
        self._changes = Changes(
            config, selects=selects_any(config.match), growth=changed, suffix=":delta"
        )

    def plan(self, layout: Layout) -> Plan | Sequence[Row]:
        return self._changes.plan(layout)


def _counters(config: CounterConfig) -> Callable[[Row], bool]:
    """What is selected, or all counters."""
    return selects_any(config.match) if config.match else lambda row: row.kind == "counter"
