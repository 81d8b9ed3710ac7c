"""What telemetry may look at. The agent fills it; telemetry only reads, and nothing reads telemetry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

    from orbital_runtime.buffer.commit import Committer
    from orbital_runtime.buffer.contract import Administration
    from orbital_runtime.clock import Clock
    from orbital_runtime.engine.engine import Engine
    from orbital_runtime.guard.watchdog import Watchdog
    from orbital_runtime.hosting.hosts import Hosts
    from orbital_runtime.plugins.instances import Instances
    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.scheduler.scheduler import Scheduler
    from orbital_runtime.sender.sender import Sender
    from orbital_sdk import Identity


@dataclass(frozen=True, slots=True)
class UnusableTask:
    """A task of Core that cannot run here."""

    reason: str
    plugin: str = ""
    """Empty where not even that could be read."""
    device_id: str = ""


@dataclass(frozen=True, slots=True)
class CoreStanding:
    """How it stands between this sentinel and Gravital Core."""

    address: str
    sentinel_id: str
    """Empty while it is not registered."""
    trouble: str
    """Why it is not, or why the last list of tasks did not come; empty when all is well."""
    heartbeats: int
    """Those that Core answered."""
    heartbeats_failed: int
    last_heartbeat_ms: int | None
    """Milliseconds UTC."""
    tasks: int
    """Those of Core that can run."""
    unusable: Mapping[str, UnusableTask]
    """Those that cannot."""
    reports: int
    """Those that Core has."""
    reports_waiting: int
    reports_refused: int
    reports_given_up: int
    """Core broke over them, and over no others."""
    reports_dropped: int
    """More waited than there is room for."""


@dataclass(frozen=True, slots=True)
class Sources:
    """The stations, and what a reload may change as functions."""

    version: str
    """Of the program."""
    started: float
    """Steady seconds."""
    clock: Clock
    state: Callable[[], str]
    """One of the six states."""
    identity: Callable[[], Identity]
    notes: Callable[[], Sequence[str]]
    """What the configuration asks for and does not get."""
    settings_path: Callable[[], Path | None]
    """The configuration's file; None for the built-in one."""
    scheduler: Scheduler
    engine: Engine
    watchdog: Watchdog
    committer: Committer
    buffer: Administration
    sender: Sender
    instances: Instances
    hosts: Hosts
    registry: Registry
    core: Callable[[], CoreStanding | None] = lambda: None
    """None where there is no Core."""

    @property
    def uptime(self) -> float:
        """Seconds since the start."""
        return self.clock.steady() - self.started


@dataclass(frozen=True, slots=True)
class Control:
    """What may be asked of a running agent, by its owner alone."""

    stop: Callable[[], None]
    reload: Callable[[], Awaitable[list[str]]]
    """Gives what changed, a line each; raises `SettingsError`."""
    reloaded: Callable[[], list[str]] = list
    """What the last reload changed, whoever asked for it: files are watched, too."""
