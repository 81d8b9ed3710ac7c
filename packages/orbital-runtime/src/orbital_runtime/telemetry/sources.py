"""What telemetry may look at. The agent fills it; telemetry only reads, and nothing reads telemetry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from orbital_runtime.buffer.commit import Committer
    from orbital_runtime.buffer.contract import Administration
    from orbital_runtime.clock import Clock
    from orbital_runtime.engine.engine import Engine
    from orbital_runtime.extensions.extension import Extension
    from orbital_runtime.guard.watchdog.watchdog import Watchdog
    from orbital_runtime.hosting.hosts import Hosts
    from orbital_runtime.plugins.instances import Instances
    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.scheduler.scheduler import Scheduler
    from orbital_runtime.sender.sender import Sender
    from orbital_sdk import Identity


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
    extensions: Sequence[Extension] = ()

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
