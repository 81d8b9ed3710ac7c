"""The testing kit: what authors need in their own tests, and nothing to patch."""

from orbital_sdk.testing.batches import make_batch, make_layout, make_origin
from orbital_sdk.testing.collection import (
    Collection,
    Runs,
    collect_once,
    make_context,
    runs_of,
)
from orbital_sdk.testing.emit import FakeEmit
from orbital_sdk.testing.host import FakeClock, FakeHost
from orbital_sdk.testing.plugin_contract import check_plugin
from orbital_sdk.testing.processing import process
from orbital_sdk.testing.processor_contract import check_processor
from orbital_sdk.testing.receiver_contract import check_receiver
from orbital_sdk.testing.recording import Call, Record, RecordingConfig, RecordingWriter
from orbital_sdk.testing.writer_contract import check_writer
from orbital_sdk.testing.writes import Writes

__all__ = [
    "Call",
    "Collection",
    "FakeClock",
    "FakeEmit",
    "FakeHost",
    "Record",
    "RecordingConfig",
    "RecordingWriter",
    "Runs",
    "Writes",
    "check_plugin",
    "check_processor",
    "check_receiver",
    "check_writer",
    "collect_once",
    "make_batch",
    "make_context",
    "make_layout",
    "make_origin",
    "process",
    "runs_of",
]
