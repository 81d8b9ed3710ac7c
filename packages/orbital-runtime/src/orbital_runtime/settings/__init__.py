"""The configuration: one file, checked as a whole before anything starts."""

from orbital_runtime.settings.load import Fallback, Loaded, load, place_plugins, secrets_of
from orbital_runtime.settings.model.addition import Addition
from orbital_runtime.settings.model.agent import (
    LoggingSection,
    PluginsSection,
    SentinelSection,
    TelemetrySection,
)
from orbital_runtime.settings.model.collector import (
    CollectorSection,
    LimitsSection,
    TaskSection,
)
from orbital_runtime.settings.model.delivery import (
    BufferSection,
    OutputSection,
    SenderSection,
)
from orbital_runtime.settings.model.processor import ProcessorSection
from orbital_runtime.settings.model.root import Settings
from orbital_runtime.settings.note import Note
from orbital_runtime.settings.problem import SettingsError
from orbital_runtime.settings.rendering.difference import difference
from orbital_runtime.settings.rendering.dump import dump, shown
from orbital_runtime.settings.rendering.schema import schema
from orbital_runtime.settings.rendering.template import template
from orbital_runtime.settings.source.builtin import builtin, samples_file
from orbital_runtime.settings.validation.binding import bind
from orbital_runtime.settings.validation.notes import notes
from orbital_runtime.settings.validation.outputs import OutputSettings, delivery_policy, outputs
from orbital_runtime.settings.validation.processors import ProcessorSettings, processors
from orbital_sdk.problems import Problem

__all__ = [
    "Addition",
    "BufferSection",
    "CollectorSection",
    "Fallback",
    "LimitsSection",
    "Loaded",
    "LoggingSection",
    "Note",
    "OutputSection",
    "OutputSettings",
    "PluginsSection",
    "Problem",
    "ProcessorSection",
    "ProcessorSettings",
    "SenderSection",
    "SentinelSection",
    "Settings",
    "SettingsError",
    "TaskSection",
    "TelemetrySection",
    "bind",
    "builtin",
    "delivery_policy",
    "difference",
    "dump",
    "load",
    "notes",
    "outputs",
    "place_plugins",
    "processors",
    "samples_file",
    "schema",
    "secrets_of",
    "shown",
    "template",
]
