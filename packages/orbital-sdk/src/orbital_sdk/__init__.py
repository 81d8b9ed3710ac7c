"""The contract for plugin and writer authors: all that it consists of. Helpers have modules of their own."""

from orbital_sdk.contract.batch import STALE, STALE_BYTES, Batch, Identity, Layout, Origin, Row
from orbital_sdk.contract.context import Attempt, Context
from orbital_sdk.contract.emit import Emit
from orbital_sdk.contract.plugin import Plugin
from orbital_sdk.contract.processor import Plan, Processor
from orbital_sdk.contract.records import Records
from orbital_sdk.contract.series_state import PerSeries
from orbital_sdk.contract.session import Session
from orbital_sdk.contract.writer import Writer
from orbital_sdk.contract.written import NotWritten, Refusal, Refused, WriteAnswer, Written
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
from orbital_sdk.hosting.host import Clock, PluginHost
from orbital_sdk.hosting.own_metrics import Counter, Gauge
from orbital_sdk.hosting.state_file import StateFile
from orbital_sdk.metric import Columns, Kind, Metric, Sample, Series
from orbital_sdk.schema.manifest import manifest, plugin_yaml
from orbital_sdk.units import ByteSize, Duration

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
