"""The contract for plugin and writer authors: all that it consists of. Helpers have modules of their own."""

from orbital_sdk.batch import STALE, STALE_BYTES, Batch, Identity, Layout, Origin, Row
from orbital_sdk.context import Attempt, Context
from orbital_sdk.emit import Emit
from orbital_sdk.errors import (
    AuthenticationFailed,
    BufferRefused,
    CollectError,
    ConfigurationError,
    DeviceUnreachable,
    EmissionTooLarge,
    OrbitalError,
    PartialCollect,
    ReceiverStopped,
    UnexpectedReply,
    WriteError,
    WriterMisconfigured,
    WriterUnavailable,
)
from orbital_sdk.fields import (
    HOSTNAME,
    DeviceFields,
    Fields,
    Host,
    PluginConfig,
    Port,
    ProcessorConfig,
    WriterConfig,
)
from orbital_sdk.host import Clock, PluginHost
from orbital_sdk.manifest import manifest, plugin_yaml
from orbital_sdk.metric import Columns, Kind, Metric, Sample, Series
from orbital_sdk.own_metrics import Counter, Gauge
from orbital_sdk.plugin import Plugin
from orbital_sdk.processor import Plan, Processor
from orbital_sdk.records import Records
from orbital_sdk.series_state import PerSeries
from orbital_sdk.session import Session
from orbital_sdk.state_file import StateFile
from orbital_sdk.units import ByteSize, Duration
from orbital_sdk.writer import Writer
from orbital_sdk.written import NotWritten, Refusal, Refused, WriteAnswer, Written

__all__ = [
    "HOSTNAME",
    "STALE",
    "STALE_BYTES",
    "Attempt",
    "AuthenticationFailed",
    "Batch",
    "BufferRefused",
    "ByteSize",
    "Clock",
    "CollectError",
    "Columns",
    "ConfigurationError",
    "Context",
    "Counter",
    "DeviceFields",
    "DeviceUnreachable",
    "Duration",
    "EmissionTooLarge",
    "Emit",
    "Fields",
    "Gauge",
    "Host",
    "Identity",
    "Kind",
    "Layout",
    "Metric",
    "NotWritten",
    "OrbitalError",
    "Origin",
    "PartialCollect",
    "PerSeries",
    "Plan",
    "Plugin",
    "PluginConfig",
    "PluginHost",
    "Port",
    "Processor",
    "ProcessorConfig",
    "ReceiverStopped",
    "Records",
    "Refusal",
    "Refused",
    "Row",
    "Sample",
    "Series",
    "Session",
    "StateFile",
    "UnexpectedReply",
    "WriteAnswer",
    "WriteError",
    "Writer",
    "WriterConfig",
    "WriterMisconfigured",
    "WriterUnavailable",
    "Written",
    "manifest",
    "plugin_yaml",
]
