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
    """The configuration of a sentinel. Every key may be left out."""

    sentinel: SentinelSection = SentinelSection()
    """Who collects."""
    core: CoreSection = CoreSection()
    """Gravital Core, the central server."""
    heartbeat: HeartbeatSection = HeartbeatSection()
    """Signs of life to Core."""
    collector: CollectorSection = CollectorSection()
    """How tasks run."""
    processors: list[ProcessorSection] = Field(default_factory=list[ProcessorSection])
    """What happens to samples between plugin and buffer, in this order."""
    buffer: BufferSection = BufferSection()
    """Where samples wait for their outputs."""
    sender: SenderSection = SenderSection()
    """How samples are delivered."""
    plugins: PluginsSection = PluginsSection()
    """Plugins, and reloading."""
    telemetry: TelemetrySection = TelemetrySection()
    """What the agent says about itself."""
    logging: LoggingSection = LoggingSection()
    """Logs of the agent."""
    tasks: list[TaskSection] = Field(default_factory=list[TaskSection])
    """The local tasks."""
    tasks_dir: str = ""
    """Folder whose *.yaml files hold more tasks. Empty: `tasks.d` beside this file, if it is there."""
