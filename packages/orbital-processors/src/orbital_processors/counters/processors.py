"""The processors `rate`, `increase` and `delta`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orbital_processors.counters.changes import Changes
from orbital_processors.counters.growth import changed, grown
from orbital_processors.counters.settings import CounterConfig, DeltaConfig
from orbital_processors.matching.selector import names, selects_any
from orbital_sdk import Plan, Processor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orbital_processors.counters.settings import ChangeConfig
    from orbital_processors.matching.selector import Selector
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

    @classmethod
    def makes(cls, config: CounterConfig) -> list[str]:
        return _made(config, config.match, ":rate")

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

    @classmethod
    def makes(cls, config: CounterConfig) -> list[str]:
        return _made(config, config.match, ":increase")

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

    @classmethod
    def makes(cls, config: DeltaConfig) -> list[str]:
        return _made(config, config.match, ":delta")

    def plan(self, layout: Layout) -> Plan | Sequence[Row]:
        return self._changes.plan(layout)


def _made(config: ChangeConfig, match: Sequence[Selector], suffix: str) -> list[str]:
    """Names of what is made; all counters are any names."""
    return [f"{name}{config.suffix or suffix}" for name in (names(match) if match else ["*"])]


def _counters(config: CounterConfig) -> Callable[[Row], bool]:
    """What is selected, or all counters."""
    return selects_any(config.match) if config.match else lambda row: row.kind == "counter"
