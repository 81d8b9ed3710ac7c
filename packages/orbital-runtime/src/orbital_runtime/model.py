"""Tasks, their runs and their state."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orbital_sdk import DeviceFields, PluginConfig


@dataclass(frozen=True, slots=True)
class Task:
    """A checked task. A reload does not touch a task that is equal to its new version."""

    id: str
    device_id: str
    plugin: str
    device: DeviceFields
    config: PluginConfig
    interval: float
    """Seconds between runs, above zero; below one second works."""
    timeout: float
    """Seconds a run may take, retries included."""
    priority: int = 5
    """0 to 9; 9 is first."""
    retries: int = 0
    """Attempts after the first, within the timeout."""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    """Added to all samples of the task; labels of the metric override them."""
    source: str = "local"
    """`local`, or the name of an extension. Ids are unique within a source."""
    warning: str = ""
    """A problem of its settings that does not prevent it from running: unknown keys."""
    key: str = field(init=False, compare=False, repr=False)
    """Unique over all sources. Stored, since it is read often."""

    def __post_init__(self) -> None:
        key = self.id if self.source == "local" else f"{self.source}/{self.id}"
        object.__setattr__(self, "key", key)


class Status(StrEnum):
    """Status of a task."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    PAUSED = "paused"
    """The last run was refused, and the task retries slowly. Not a status of runs."""


@dataclass(frozen=True, slots=True)
class Run:
    """The result of a run."""

    status: Status
    """SUCCESS or FAILED; a partial collection counts as SUCCESS and has an error."""
    up: bool
    """Whether the device answered."""
    started_ms: int
    """Milliseconds UTC."""
    duration: float
    """Seconds."""
    samples: int
    """Samples given to the buffer, without those about the run itself, such as `up`."""
    error: str = ""
    """Error message; empty without an error."""
    error_kind: str = ""
    """Class name of the error (`DeviceUnreachable`), `Timeout`, or `Bug`."""
    pauses: bool = False
    """The device refused the credentials or settings: the task is retried slowly."""
    series: int = 0
    """Different series of the task in the current hour, limited by `collector.limits.series_per_task`."""
    measured: Mapping[str, float] = field(default_factory=dict[str, float])
    """What the plugin told in `Context.measured`, and from the engine `open_seconds` (of a session),
    `collect_seconds`, `store_seconds` (processors and buffer), and `attempts` if there were several."""


@dataclass(slots=True)
class TaskState:
    """State of a task; only the scheduler changes it."""

    status: Status = Status.PENDING
    runs: int = 0
    failed: int = 0
    """Failed runs."""
    failures: int = 0
    """Consecutive failed runs."""
    missed: int = 0
    """Ticks at which it could not start in time."""
    skipped: dict[str, int] = field(default_factory=dict[str, int])
    """Skipped ticks by reason: `backoff`, `backpressure`, `paused`."""
    samples: int = 0
    """Samples of all runs."""
    busy: float = 0.0
    """Seconds of all runs."""
    lateness: float = 0.0
    """Seconds from the tick to the start of the last run."""
    last: Run | None = None
    next_due: float = 0.0
    """Steady seconds."""
    paused: str = ""
    """Why it is paused; empty if it is not."""
    next_look: float = 0.0
    """Steady seconds until which ticks are skipped while it is paused."""
