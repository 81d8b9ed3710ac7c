"""What the link to Core is told when it is made: the configuration's part, and the agent's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from orbital_runtime.core.client import CoreClient
    from orbital_runtime.core.heartbeat import Counts
    from orbital_runtime.core.registration import Applicant
    from orbital_runtime.model import Task
    from orbital_runtime.settings import HeartbeatSection
    from orbital_runtime.settings.credentials import Credentials
    from orbital_runtime.settings.validation.binding import Binder


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the link asks of the agent."""

    apply: Callable[[], Awaitable[None]]
    """The assigned tasks are others now."""
    trigger: Callable[[str], None]
    """Run this task now, by its key."""
    reload: Callable[[], None]
    """Read the configuration again."""
    binder: Callable[[], Binder]
    """Makes tasks, passing over keys that nobody knows."""
    hurry: Callable[[], None]
    """Core is there again: deliver what waits."""
    counts: Callable[[], Counts]
    runs: Callable[[Task], bool]
    """Whether this task runs here, on this device, still."""
    known_as: Callable[[str], None]
    """Core knows us under this id."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the configuration says about Core."""

    client: CoreClient
    timeout: float
    """Seconds of one call."""
    retry: tuple[float, float]
    """Seconds of the first pause after a failure, and of the longest."""
    applicant: Applicant
    credentials: Path
    """Their file."""
    given: Credentials | None
    """Those of the configuration itself."""
    heartbeat: HeartbeatSection
    fetch_interval: float
    """Seconds."""
    gather: float
    """Seconds that samples wait for others; news of devices waits no longer."""
    tells_states: bool
    """Whether devices' states go to Core: in the modes `core` and `hybrid`."""
    tells_neighbors: bool
    """Whether neighbours go by their own road, since samples do not go there: in `hybrid`."""
    data: Path
    """The data folder."""
