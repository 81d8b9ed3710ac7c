"""The parts of the agent that telemetry reads. The agent provides them; nothing depends on telemetry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from orbital_buffer.commit import Committer
    from orbital_buffer.contract import Administration
    from orbital_runtime.clock import Clock
    from orbital_runtime.engine.engine import Engine
    from orbital_runtime.extensions.extension import Extension
    from orbital_runtime.guard.watchdog.watchdog import Watchdog
    from orbital_runtime.hosting.hosts import Hosts
    from orbital_runtime.plugins.instances import Instances
    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.plugins.updates import Updates
    from orbital_runtime.reload import Reload
    from orbital_runtime.scheduler.scheduler import Scheduler
    from orbital_runtime.sender.sender import Sender
    from orbital_runtime.settings import Fallback
    from orbital_sdk import Identity


@dataclass(frozen=True, slots=True)
class Sources:
    """The stations; what a reload may change is given as a function."""

    version: str
    """Version of the program."""
    started: float
    """Start time in monotonic seconds."""
    clock: Clock
    state: Callable[[], str]
    """One of the six states."""
    identity: Callable[[], Identity]
    notes: Callable[[], Sequence[str]]
    """Notes on settings that have no effect or are dangerous."""
    settings_path: Callable[[], Path | None]
    """The configuration file; None for the built-in configuration."""
    reloaded: Callable[[], Reload]
    scheduler: Scheduler
    engine: Engine
    watchdog: Watchdog
    committer: Committer
    buffer: Administration
    sender: Sender
    instances: Instances
    hosts: Hosts
    registry: Registry
    updates: Updates
    extensions: Sequence[Extension] = ()
    fallback: Callable[[], Fallback | None] = lambda: None
    """Set while the last good configuration is in effect."""

    @property
    def uptime(self) -> float:
        """Seconds since the start."""
        return self.clock.steady() - self.started


@dataclass(frozen=True, slots=True)
class Control:
    """Actions of a running agent, for its owner only."""

    stop: Callable[[], None]
    reload: Callable[[], Awaitable[list[str]]]
    """Reloads the configuration; returns the changes, a line each; raises `SettingsError`."""
    update: Callable[[str], Awaitable[str]]
    """Runs the installed version of a plugin in new processes; says what was done, or raises
    `ConfigurationError`."""
    reloaded: Callable[[], list[str]] = list
    """The changes of the last reload, also if it was triggered by a watched file."""
