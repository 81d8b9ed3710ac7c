"""What every room speaks of: a task, one run of it, and how it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orbital_sdk import DeviceFields, PluginConfig


@dataclass(frozen=True, slots=True)
class Task:
    """A checked task. Two equal tasks are the same work: a reload leaves such a task alone."""

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
    """0 to 9; 9 goes first."""
    retries: int = 0
    """Attempts after the first, within the timeout."""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    """Put on every sample of the task; a metric's own labels win over them."""
    source: str = "local"
    """Who gave it: `local`, or the name of an extension. Ids are unique within a source."""
    warning: str = ""
    """What is odd about its settings, and no reason not to run it: keys that nobody knows."""
    key: str = field(init=False, compare=False, repr=False)
    """Unique over all sources; what the timetable hashes. Kept: each look at a long list asks for it."""

    def __post_init__(self) -> None:
        key = self.id if self.source == "local" else f"{self.source}/{self.id}"
        object.__setattr__(self, "key", key)


class Status(StrEnum):
    """How a task stands, by the original design's names, and one of ours."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    PAUSED = "paused"
    """Its last run was refused: it is retried slowly. No run has this status."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of a task gave."""

    status: Status
    """SUCCESS or FAILED; a partial collection counts as SUCCESS and has an error."""
    up: bool
    """Whether the device answered."""
    started_ms: int
    """Milliseconds UTC."""
    duration: float
    """Seconds."""
    samples: int
    """Samples handed to the buffer, the run's own `up` and its like left out."""
    error: str = ""
    """What happened, for people; empty where nothing did."""
    error_kind: str = ""
    """Class name of the error (`DeviceUnreachable`), `Timeout`, or `Bug`."""
    pauses: bool = False
    """The device refused the credentials or settings: the task is retried slowly."""
    series: int = 0
    """Different series that the task gave within this hour, of `collector.limits.series_per_task`."""


@dataclass(slots=True)
class TaskState:
    """How a task stands; written by the scheduler alone."""

    status: Status = Status.PENDING
    runs: int = 0
    failed: int = 0
    """Failed runs in all."""
    failures: int = 0
    """Failed runs in a row."""
    missed: int = 0
    """Ticks at which it could not start in time."""
    skipped: dict[str, int] = field(default_factory=dict[str, int])
    """Ticks passed over on purpose, by reason: `backoff`, `backpressure`, `paused`."""
    samples: int = 0
    """Samples of all runs."""
    busy: float = 0.0
    """Seconds of all runs."""
    lateness: float = 0.0
    """Seconds by which the last run began after its tick."""
    last: Run | None = None
    next_due: float = 0.0
    """Steady seconds."""
    paused: str = ""
    """Why it looks only now and then; empty if it doesn't."""
    next_look: float = 0.0
    """Steady seconds until which its ticks are passed over, while it is paused."""
