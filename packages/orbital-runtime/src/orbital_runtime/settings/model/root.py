"""The whole configuration file."""

from __future__ import annotations

from typing import TypeVar

from pydantic import Field

from orbital_runtime.settings.model.agent import (
    LoggingSection,
    PluginsSection,
    SentinelSection,
    TelemetrySection,
)
from orbital_runtime.settings.model.base import Section
from orbital_runtime.settings.model.collector import CollectorSection, TaskSection
from orbital_runtime.settings.model.delivery import BufferSection, SenderSection
from orbital_runtime.settings.model.processor import ProcessorSection
from orbital_runtime.settings.model.secrets import SecretsSection

S = TypeVar("S", bound=Section)


class Settings(Section):
    """The configuration of a sentinel. Every key is optional."""

    sentinel: SentinelSection = SentinelSection()
    """Identity of this sentinel."""
    collector: CollectorSection = CollectorSection()
    """How tasks run."""
    processors: list[ProcessorSection] = Field(default_factory=list[ProcessorSection])
    """Processors of all samples between plugin and buffer, in this order."""
    buffer: BufferSection = BufferSection()
    """Where samples wait for their outputs."""
    sender: SenderSection = SenderSection()
    """How samples are delivered."""
    plugins: PluginsSection = PluginsSection()
    """Plugins, and reloading."""
    secrets: SecretsSection = SecretsSection()
    """Where `${secret:NAME}` comes from."""
    telemetry: TelemetrySection = TelemetrySection()
    """The agent's own metrics, health and API."""
    logging: LoggingSection = LoggingSection()
    """The agent's log."""
    tasks: list[TaskSection] = Field(default_factory=list[TaskSection])
    """The local tasks."""
    tasks_dir: str = ""
    """Folder of further *.yaml files with tasks. Empty: `tasks.d` beside this file, if it exists."""

    def section(self, model: type[S]) -> S:
        """The section of this model, which an extension added; its defaults where it did not."""
        values = (getattr(self, name) for name in type(self).model_fields)
        return next((value for value in values if isinstance(value, model)), model())
