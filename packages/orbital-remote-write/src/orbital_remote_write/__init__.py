"""Prometheus remote write: messages, encoder, decoder and HTTP client."""

from orbital_remote_write.client import Client
from orbital_remote_write.compression import SNAPPY, ZSTD, Codec
from orbital_remote_write.decoder import Decoded, Decoder, MalformedRequestError
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
    "Decoded",
    "Decoder",
    "Encoded",
    "Encoder",
    "Failover",
    "LabelRules",
    "MalformedRequestError",
    "Poster",
    "ProxyUrl",
    "RemoteWriteConfig",
    "RemoteWriter",
    "Tls",
]
