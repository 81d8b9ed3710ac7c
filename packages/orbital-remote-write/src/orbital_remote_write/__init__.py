"""Prometheus remote write: messages, encoder and HTTP client."""

from orbital_remote_write.client import Client
from orbital_remote_write.compression import SNAPPY, ZSTD, Codec
from orbital_remote_write.encoder import Encoded, Encoder
from orbital_remote_write.failover import Failover
from orbital_remote_write.labels import LabelRules
from orbital_remote_write.settings import BasicAuth, ProxyUrl, RemoteWriteConfig, Tls
from orbital_remote_write.writer import Poster, RemoteWriter

__all__ = [
    "SNAPPY",
    "ZSTD",
    "BasicAuth",
    "Client",
    "Codec",
    "Encoded",
    "Encoder",
    "Failover",
    "LabelRules",
    "Poster",
    "ProxyUrl",
    "RemoteWriteConfig",
    "RemoteWriter",
    "Tls",
]
