"""The sections about delivering: buffer, sender and its outputs."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal, get_type_hints

from pydantic import AfterValidator, Field, create_model

from orbital_runtime.delivery_policy import DeliveryPolicy
from orbital_runtime.settings.model.base import Interval, OpenSection, Section, Timeout
from orbital_runtime.settings.model.processor import ProcessorSection
from orbital_sdk.units import ByteSize, Duration

USUAL: Final = DeliveryPolicy()
"""Defaults."""
Count = Annotated[int, Field(gt=0)]
Tries = Annotated[int, Field(ge=0)]
Size = Annotated[ByteSize, Field(ge=1024)]


class DeadLetterSection(Section):
    """Samples that a destination refused for good, kept to be inspected or replayed."""

    size: Count = 10_000
    """Dead letters kept, over all outputs; those of the output with the most are evicted first."""
    bytes: Size = 16 << 20
    """Bytes of the dead letters kept."""
    max_age: Duration = 30 * 86400
    """Older ones are deleted and counted as expired; 0: never."""


class BufferSection(Section):
    """Where samples wait for their outputs."""

    type: Literal["memory", "disk"] = "memory"
    """Where samples are kept: in memory, lost when the agent ends, or in a folder on disk."""
    size: Count = 1_000_000
    """Samples in the buffer at most."""
    bytes: Size = 256 << 20
    """Bytes in the buffer at most."""
    max_age: Duration = 0
    """Older samples are dropped and counted; 0: never."""
    orphan_age: Duration = 7 * 86400
    """How long samples are kept for an output that is not configured any more; 0: until it is configured
    again or they are dropped by hand."""
    when_full: Literal["drop_oldest", "drop_newest", "block"] = "drop_oldest"
    """What happens when it is full: old samples are dropped, new ones are refused, or collecting waits."""
    flush_interval: Duration = USUAL.flush_interval
    """How long a request waits for more samples before it is sent; the first one after a start does not."""
    commit_window: Duration = 0.1
    """How long collections wait for others, to share one write."""
    disk_path: str = "./data/buffer"
    """Folder of the disk buffer."""
    sync: Literal["always", "interval"] = "always"
    """When the disk buffer syncs: at each write, or every `sync_interval`, so that a power cut loses what was
    written since."""
    sync_interval: Interval = 1
    """Time between two syncs, with `sync: interval`."""
    min_free: ByteSize = 64 << 20
    """Bytes of the volume that stay free; below it new samples are kept in memory until there is space."""
    dead_letters: DeadLetterSection = DeadLetterSection()
    """Samples that destinations refused for good."""


class BreakerSection(Section):
    """The circuit breaker: when requests to a failing output stop for a while."""

    failures: Count | None = None
    """Failures in a row that open it; default: retry_times."""
    reset: Timeout = USUAL.breaker_reset
    """How long it stays open before one probe is sent."""


class DeliverySection(Section):
    """How samples are delivered, for all outputs; each may have its own values."""

    batch_size: Count = USUAL.batch_size
    """Samples of one request, at most."""
    batch_bytes: Size = USUAL.batch_bytes
    """Bytes of values in one request, at most."""
    timeout: Timeout = USUAL.timeout
    """Timeout of one request."""
    retry_times: Tries = 3
    """Failures in a row before the breaker opens. Retries never end as long as the buffer has the samples."""
    retry_interval: Interval = USUAL.retry_interval
    """Pause after the first failure; it doubles with each further one, with jitter."""
    retry_max_interval: Interval = USUAL.retry_max_interval
    """Longest pause between two attempts."""
    pause_retry: Interval = USUAL.pause_retry
    """Time between two attempts of a paused output (refused credentials, wrong address)."""
    backlog_after: Interval = USUAL.backlog_after
    """Samples that have waited this long and fill more than one request are a backlog: fresh samples are sent
    first and the backlog in parallel, if the destination accepts old samples."""
    backlog_rate: Count | None = None
    """Samples of the backlog a second at most, so that a slow link or a recovering server is not overloaded;
    default: as fast as the destination accepts them."""
    breaker: BreakerSection = BreakerSection()
    """The circuit breaker of outputs."""


def _own_values() -> dict[str, Any]:
    """The keys of an output that are fields of its delivery policy: as in the sections, all optional."""
    found: dict[str, Any] = {}
    for at, section in (("buffer", BufferSection), ("sender", DeliverySection)):
        for name, hint in get_type_hints(section, include_extras=True).items():
            if hasattr(USUAL, name):
                found[name] = hint | None, Field(default=None, description=f"As {at}.{name}.")
    return found


class BreakerOverride(Section):
    """The breaker of one output."""

    failures: Count | None = None
    """As in sender.breaker."""
    reset: Timeout | None = None
    """As in sender.breaker."""


class _Destination(OpenSection):
    enabled: bool = True
    """Whether samples go there."""
    writer: str = ""
    """Name of the writer. Empty: the output's own name."""


class OutputSection(create_model("_OwnValues", __base__=_Destination, **_own_values())):
    """One destination. Other keys are its writer's. The defaults are those of `sender`."""

    retry_times: Tries | None = None
    """As sender.retry_times."""
    breaker: BreakerOverride = BreakerOverride()
    """As sender.breaker."""
    processors: list[ProcessorSection] = Field(default_factory=list[ProcessorSection])
    """Processors of what goes to this output alone, in this order: those that keep nothing of the samples."""


def _output_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", name):
        raise ValueError("an output's name is made of letters, digits, _, - and .")
    return name


OutputName = Annotated[str, AfterValidator(_output_name)]


class SenderSection(DeliverySection):
    """How samples are delivered."""

    mode: str = "direct"
    """Who gets samples: `direct`, the outputs below; other modes come with extensions. Default: that of a
    configured extension, if no output is configured."""
    direct: dict[OutputName, OutputSection] = Field(default_factory=dict[str, OutputSection])
    """The outputs, by name."""
