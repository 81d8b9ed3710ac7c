"""The sections about collecting: the collector and its tasks."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from orbital_runtime.settings.model.base import Interval, Labels, Section, ShardText, Share, Timeout
from orbital_runtime.settings.model.processor import ProcessorSection
from orbital_sdk.units import Duration  # noqa: TC001 (pydantic reads annotations)

Series = Annotated[int, Field(gt=0)]
Isolation = Literal["none", "process", "auto"]


class LimitsSection(Section):
    """Limits of samples and series; samples beyond them are discarded and counted, and the run reports it."""

    samples_per_run: Annotated[int, Field(gt=0)] = 1_000_000
    """Samples of one collection, of which the first ones are kept, or of one emission, which is refused."""
    series_per_task: Annotated[int, Field(gt=0)] = 1_000_000
    """Different series of one task within an hour, including those that ended; the first ones are kept, and
    counting starts again in the next hour."""
    series_per_device: Series | None = None
    """Series of one device, over all its tasks; those that are there stay, new ones are refused until others
    end. Default: no limit."""
    series_per_metric: Series | None = None
    """Likewise of one metric, over all devices."""
    series: Series | None = None
    """Likewise of the whole agent."""
    series_warn_at: Share = 0.8
    """Share of a limit of series from which the log and `sentinel cardinality` say which label grows."""
    label_bytes: Annotated[int, Field(gt=0)] = 1024
    """Bytes of one label value; longer ones are truncated."""


class BackpressureSection(Section):
    """Collecting slows down before the buffer is full, tasks of low priority first."""

    high_water: Share = 0.8
    """Fill level of the buffer at which it begins."""
    max_slowdown: Annotated[int, Field(ge=1)] = 4
    """Factor by which a task's interval grows at most."""


class CollectorSection(Section):
    """How tasks run."""

    worker_pool_size: Annotated[int, Field(gt=0, le=100_000)] = 256
    """Collections that run at once. A waiting one costs little, so that hung devices do not delay others."""
    runs_per_target: Annotated[int, Field(gt=0)] = 6
    """Collections that run at once against one host and port: small servers drop further connections."""
    task_fetch_interval: Interval = 60
    """Time between two requests for the tasks that a server assigns."""
    max_execution_time: Timeout = 300
    """Timeout of every run, even if its task sets a longer one."""
    default_interval: Interval = 60
    """Interval of tasks that set none."""
    default_timeout: Timeout = 30
    """Timeout of tasks that set none; never more than the task's interval."""
    shard: ShardText = ""
    """`2/8`: run only the devices that are assigned to the second of 8 sentinels with the same tasks."""
    backoff_max: Interval = 60
    """Longest interval at which a device that stays down is tried."""
    pause_retry: Interval = 60
    """Time between two attempts at a device that refuses the credentials or the settings of its tasks; long
    enough that it does not lock the account. A trigger tries it at once."""
    watchdog: Duration = 1
    """Code that blocks the event loop, and so all other tasks, for this long is named in the log and in
    metrics; 0: off."""
    isolation: Isolation = "auto"
    """Where plugins run. `none`: in the agent. `process`: each in a process of its own. `auto`: in the agent,
    until the watchdog has caught a plugin three times; then in a process of its own. Processes need the
    package orbital-plugin-host."""
    limits: LimitsSection = LimitsSection()
    """Limits of samples and series."""
    backpressure: BackpressureSection = BackpressureSection()
    """How collecting slows down when the buffer fills."""


def _task_id(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be printable text")
    return text


class TaskSection(Section):
    """What to read, from which device, how often."""

    id: Annotated[str, Field(min_length=1, max_length=128), AfterValidator(_task_id)]
    """Unique among the local tasks."""
    device_id: Annotated[str, Field(max_length=128)] = ""
    """Value of the label `device_id` on all its samples. Empty: the task's id."""
    plugin: Annotated[str, Field(min_length=1)]
    """Name of the plugin."""
    interval: Interval | None = None
    """Time between runs, 10ms or more; default: collector.default_interval."""
    timeout: Timeout | None = None
    """Timeout of a run, retries included; default: collector.default_timeout, or the interval if shorter."""
    enabled: bool = True
    """Whether it runs."""
    priority: Annotated[int, Field(ge=0, le=9)] = 5
    """0 to 9; 9 runs first when slots are short."""
    retry_count: Annotated[int, Field(ge=0, le=100)] = 0
    """Retries after the first attempt, within the timeout."""
    labels: Labels = Field(default_factory=dict[str, str])
    """Labels added to all its samples; a metric's own labels take precedence."""
    processors: list[ProcessorSection] = Field(default_factory=list[ProcessorSection])
    """Processors of its samples alone, in this order, before those of all samples."""
    config: dict[str, Any] = Field(default_factory=dict[str, Any], repr=False)
    """Fields of the device and of the plugin."""
    device: dict[str, Any] | None = Field(default=None, repr=False)
    """Fields of the device, if they are to be separate; `config` then holds those of the plugin only."""
