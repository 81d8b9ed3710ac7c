"""The functions: which folds each needs, and its value for what these kept of a group."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from orbital_processors.aggregate.folds import Count, Fold, Last, Max, Min, Spread, Sum
from orbital_processors.aggregate.sketch import Sketches, quantile
from orbital_sdk.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orbital_processors.aggregate.settings import AggregateConfig

    States = Mapping[str, Any]
    """State of a group by name of the fold."""


class Output(NamedTuple):
    """One aggregate."""

    suffix: str
    """Of the metric's name."""
    labels: Mapping[str, str]
    """Added to those of the group."""
    folds: Sequence[type[Fold]]
    value: Callable[[States], float]
    has_unit: bool = True
    """Whether it is in the unit of the samples."""


_FUNCTIONS: Final[Mapping[str, tuple[Sequence[type[Fold]], Callable[[States], float]]]] = {
    "min": ((Min,), lambda states: states["min"]),
    "max": ((Max,), lambda states: states["max"]),
    "sum": ((Sum,), lambda states: states["sum"]),
    "count": ((Count,), lambda states: states["count"]),
    "avg": ((Sum, Count), lambda states: states["sum"] / states["count"]),
    "last": ((Last,), lambda states: states["last"][1]),
    "stddev": ((Spread,), lambda states: math.sqrt(states["spread"][2] / states["spread"][0])),
}


def outputs(config: AggregateConfig) -> list[Output]:
    """What is computed, in the order of the settings."""
    prefix = _prefix(config)
    found = [
        Output(f"{prefix}{name}", {}, *_FUNCTIONS[name], has_unit=name != "count")
        for name in config.functions
    ]
    for phi in config.quantiles:
        labels = {"quantile": f"{phi:g}"}
        found.append(Output(f"{prefix}quantiles", labels, (Sketches,), _quantile(phi)))
    return found


def _quantile(phi: float) -> Callable[[States], float]:
    return lambda states: quantile(states[Sketches.name], phi)


def _prefix(config: AggregateConfig) -> str:
    """`:1m_by_site_`: what two aggregations differ in, so that they do not take each other's names."""
    parts = [f":{format_duration(config.interval)}"]
    for word, names in (("by", config.by), ("without", config.without)):
        if names:
            parts += [word, *sorted(set(names))]
    return "_".join([*parts, ""])
