"""The whole configuration file."""

from __future__ import annotations

from pydantic import Field

from orbital_runtime.settings.model.agent import (
    CoreSection,
    HeartbeatSection,
    LoggingSection,
    PluginsSection,
    SentinelSection,
    TelemetrySection,
)
from orbital_runtime.settings.model.base import Section
from orbital_runtime.settings.model.collector import CollectorSection, TaskSection
from orbital_runtime.settings.model.delivery import BufferSection, ProcessorSection, SenderSection


class Settings(Section):
    """The configuration of a sentinel. Every key is optional."""

    sentinel: SentinelSection = SentinelSection()
    """Identity of this sentinel."""
    core: CoreSection = CoreSection()
    """Gravital Core, the central server."""
    heartbeat: HeartbeatSection = HeartbeatSection()
    """Heartbeats to Core."""
    collector: CollectorSection = CollectorSection()
    """How tasks run."""
    processors: list[ProcessorSection] = Field(default_factory=list[ProcessorSection])
    """Processors of samples between plugin and buffer, in this order."""
    buffer: BufferSection = BufferSection()
    """Where samples wait for their outputs."""
    sender: SenderSection = SenderSection()
    """How samples are delivered."""
    plugins: PluginsSection = PluginsSection()
    """Plugins, and reloading."""
    telemetry: TelemetrySection = TelemetrySection()
    """The agent's own metrics, health and API."""
    logging: LoggingSection = LoggingSection()
    """The agent's log."""
    tasks: list[TaskSection] = Field(default_factory=list[TaskSection])
    """The local tasks."""
    tasks_dir: str = ""
    """Folder of further *.yaml files with tasks. Empty: `tasks.d` beside this file, if it exists."""
