"""How many series there may be, and what it is called when there are more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections import Counter

Scope = Literal["task", "device", "metric", "agent"]

REASONS: Final[dict[Scope, str]] = {
    "task": "series_limit",
    "device": "device_series_limit",
    "metric": "metric_series_limit",
    "agent": "agent_series_limit",
}
"""Under which reason a sample is refused."""
SETTINGS: Final[dict[Scope, str]] = {
    "task": "collector.limits.series_per_task",
    "device": "collector.limits.series_per_device",
    "metric": "collector.limits.series_per_metric",
    "agent": "collector.limits.series",
}


def beyond(refused: Counter[str]) -> int:
    """How many of these refused samples, counted by reason, were refused for a limit of series."""
    return sum([refused[reason] for reason in REASONS.values()])


@dataclass(frozen=True, slots=True)
class SeriesLimits:
    """Series of all tasks at most, at once; None: no limit. A task has a limit of its own, of an hour."""

    device: int | None = None
    """Of one device."""
    metric: int | None = None
    """Of one metric, over all devices."""
    agent: int | None = None
    """Of all."""
    warn_at: float = 0.8
    """Share of a limit from which it is told what grows."""

    @property
    def shared(self) -> bool:
        """Whether there is one that tasks share."""
        return self.device is not None or self.metric is not None or self.agent is not None

    def most(self, scope: Scope) -> int | None:
        """The limit of this scope; None for tasks, which have their own."""
        return {"device": self.device, "metric": self.metric, "agent": self.agent}.get(scope)
