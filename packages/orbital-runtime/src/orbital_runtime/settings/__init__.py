"""The configuration: one file, checked as a whole before anything starts."""

from orbital_runtime.settings.binding import bind
from orbital_runtime.settings.builtin import builtin, samples_file
from orbital_runtime.settings.collecting import (
    CollectorSection,
    LimitsSection,
    TaskSection,
)
from orbital_runtime.settings.credentials import Credentials, credentials_path
from orbital_runtime.settings.delivering import (
    BufferSection,
    OutputSection,
    ProcessorSection,
    SenderSection,
)
from orbital_runtime.settings.difference import difference
from orbital_runtime.settings.dump import dump, shown
from orbital_runtime.settings.load import Loaded, load, secrets_of
from orbital_runtime.settings.models import Settings
from orbital_runtime.settings.notes import Note, notes
from orbital_runtime.settings.outputs import (
    OutputSettings,
    ProcessorSettings,
    outputs,
    processors,
)
from orbital_runtime.settings.problem import Problem, SettingsError
from orbital_runtime.settings.schema import schema
from orbital_runtime.settings.sections import (
    CoreSection,
    HeartbeatSection,
    LoggingSection,
    PluginsSection,
    SentinelSection,
    TelemetrySection,
)
from orbital_runtime.settings.template import template

__all__ = [
    "BufferSection",
    "CollectorSection",
    "CoreSection",
    "Credentials",
    "HeartbeatSection",
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
    "credentials_path",
    "difference",
    "dump",
    "load",
    "notes",
    "outputs",
    "processors",
    "samples_file",
    "schema",
    "secrets_of",
    "shown",
    "template",
]
