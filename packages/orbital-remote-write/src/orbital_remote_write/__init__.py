"""Prometheus remote write: messages, encoder and HTTP client."""

from orbital_remote_write.client import Client
from orbital_remote_write.encoder import Encoded, Encoder
from orbital_remote_write.labels import LabelRules
from orbital_remote_write.settings import BasicAuth, RemoteWriteConfig, Tls
from orbital_remote_write.writer import RemoteWriter

__all__ = [
    "BasicAuth",
    "Client",
    "Encoded",
    "Encoder",
    "LabelRules",
    "RemoteWriteConfig",
    "RemoteWriter",
    "Tls",
]
