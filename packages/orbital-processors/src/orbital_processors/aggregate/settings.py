"""The settings of `aggregate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from orbital_processors.matching.selector import Selector  # noqa: TC001 (pydantic reads it)
from orbital_processors.names import Some, check_label_names
from orbital_sdk import Duration, ProcessorConfig

if TYPE_CHECKING:
    from typing import Self

Function = Literal["min", "max", "avg", "sum", "count", "last", "stddev"]


class AggregateConfig(ProcessorConfig):
    """What is aggregated, over which time and which series."""

    match: Some[Selector]
    """Selectors of which one has to match. What they select is replaced by its aggregates, unless `keep`
    is set."""
    interval: Duration = Field(ge=1, le=86_400, examples=["1m"])
    """Length of a window. Windows are aligned to the clock (UTC): those of 5m begin at :00, :05 and so on."""
    functions: tuple[Function, ...] = ()
    """What is computed of the samples of a window. `stddev` is that of the population."""
    quantiles: tuple[Annotated[float, Field(ge=0, le=1)], ...] = ()
    """Quantiles to compute, each within 1 % of a value of the window; they have the label `quantile`."""
    by: tuple[str, ...] | None = None
    """Labels that aggregates keep: series that are alike in them are aggregated together. `[]` keeps none."""
    without: tuple[str, ...] | None = None
    """Labels that aggregates do not keep. Without `by` and `without` each series is aggregated alone."""
    over: Literal["task", "device", "agent"] = "task"
    """Whose series are aggregated together: those of a task, of a device, or all. Aggregates of tasks
    and devices
    keep the label `device_id` in any case."""
    keep: bool = False
    """Pass the series themselves as well."""
    delay: Duration = Field(default=10.0, le=3600)
    """How long after its end a window waits for samples. A sample has the time at which its collection
    began, so
    this should be longer than collections take."""
    late: Literal["drop", "next"] = "drop"
    """What happens to samples that come later still: they are dropped, or count in the first window that
    is open."""
    max_groups: int = Field(default=100_000, ge=1)
    """Most groups of series at once. Samples of further ones are dropped."""
    persist: bool = False
    """Keep open windows over a restart, in a file of the agent's data folder. A crash loses up to 30 s
    of samples. If not
    set, what open windows have is given when the agent stops."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.functions and not self.quantiles:
            raise ValueError("nothing is computed; write functions or quantiles")
        if self.by is not None and self.without is not None:
            raise ValueError("write either by or without")
        for kept in (self.by, self.without):
            check_label_names(kept or ())
        if self.interval != int(self.interval):
            raise ValueError("interval has to be whole seconds")
        for chosen in (self.functions, self.quantiles):
            if len(set(chosen)) < len(chosen):
                raise ValueError("a function or quantile is there twice")
        return self
