"""The sections about collecting: the collector and its tasks."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from orbital_runtime.settings.model.base import Interval, Labels, Section, ShardText, Share, Timeout
from orbital_sdk.units import Duration  # noqa: TC001 (pydantic reads annotations)


class LimitsSection(Section):
    """What one task may give; the rest is left out and counted, and the run says so."""

    samples_per_run: Annotated[int, Field(gt=0)] = 1_000_000
    """Samples of one collection, of which the first ones are kept, or of one emission, which is refused."""
    series_per_task: Annotated[int, Field(gt=0)] = 1_000_000
    """Different series of one task within an hour, those included that ended meanwhile; the first ones are
    kept, and all of them are new again in the next hour."""
    label_bytes: Annotated[int, Field(gt=0)] = 1024
    """Bytes of one label value; a longer one is cut."""


class BackpressureSection(Section):
    """Collecting slows down before the buffer is full, tasks of low priority first."""

    high_water: Share = 0.8
    """How full the buffer is when it begins."""
    max_slowdown: Annotated[int, Field(ge=1)] = 4
    """No task's interval grows by more than this factor."""


class CollectorSection(Section):
    """How tasks run."""

    worker_pool_size: Annotated[int, Field(gt=0, le=100_000)] = 256
    """Collections that run at once. Waiting costs little: a hung device must not hold the others."""
    runs_per_target: Annotated[int, Field(gt=0)] = 6
    """Collections that run at once against one host and port: small servers drop further connections."""
    task_fetch_interval: Interval = 60
    """How often Core is asked for tasks."""
    max_execution_time: Timeout = 300
    """No run takes longer, whatever its task says."""
    default_interval: Interval = 60
    """Time between runs, for tasks that say nothing."""
    default_timeout: Timeout = 30
    """What a run may take, for tasks that say nothing; never more than the task's interval."""
    shard: ShardText = ""
    """`2/8`: run only the devices that fall to number 2 of 8 sentinels with the same tasks."""
    backoff_max: Interval = 60
    """A device that stays down is still asked this often."""
    pause_retry: Interval = 60
    """How often a device that refuses the credentials or the settings of tasks is looked at: not so often
    that it locks the account. A trigger asks it at once."""
    watchdog: Duration = 1
    """Who holds all other tasks for this long, by computing or blocking where it should wait, is named in the
    log and in metrics; 0: nobody is watched."""
    limits: LimitsSection = LimitsSection()
    """What one task may give."""
    backpressure: BackpressureSection = BackpressureSection()
    """What happens when the buffer fills."""


def _task_id(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be printable text")
    if text.startswith("core/"):
        raise ValueError("tasks of Gravital Core are called core/...; choose another name")
    return text


class TaskSection(Section):
    """What to read, from which device, how often."""

    id: Annotated[str, Field(min_length=1, max_length=128), AfterValidator(_task_id)]
    """Unique among the local tasks."""
    device_id: Annotated[str, Field(max_length=128)] = ""
    """Label of all its samples. Empty: the task's id."""
    plugin: Annotated[str, Field(min_length=1)]
    """Name of the plugin."""
    interval: Interval | None = None
    """Time between runs, 10ms or more; left out: collector.default_interval."""
    timeout: Timeout | None = None
    """What a run may take, retries included; left out: collector.default_timeout or the interval."""
    enabled: bool = True
    """Whether it runs."""
    priority: Annotated[int, Field(ge=0, le=9)] = 5
    """0 to 9; 9 goes first when slots are short."""
    retry_count: Annotated[int, Field(ge=0, le=100)] = 0
    """Attempts after the first, within the timeout."""
    labels: Labels = Field(default_factory=dict[str, str])
    """Put on all its samples; a metric's own labels win."""
    config: dict[str, Any] = Field(default_factory=dict[str, Any], repr=False)
    """The plugin's fields: those of the device and those of the plugin together."""
    device: dict[str, Any] | None = Field(default=None, repr=False)
    """The device's fields, for those who keep them apart; `config` then holds the plugin's alone."""
