"""Prometheus remote write: messages, encoder, decoder and HTTP client."""

from orbital_remote_write.client import Client
from orbital_remote_write.compression import SNAPPY, ZSTD, Codec
from orbital_remote_write.decoder import Decoded, Decoder
from orbital_remote_write.decompression import (
    RequestTooLargeError,
    UnknownEncodingError,
    decompressed,
)
from orbital_remote_write.encoder import Encoded, Encoder
from orbital_remote_write.failover import Failover
from orbital_remote_write.known import KnownSeries
from orbital_remote_write.labels import LabelRules
from orbital_remote_write.malformed import MalformedRequestError
from orbital_remote_write.settings import RemoteWriteConfig
from orbital_remote_write.writer import Poster, RemoteWriter

__all__ = [
    "SNAPPY",
    "ZSTD",
    "Client",
    "Codec",
    "Decoded",
    "Decoder",
    "Encoded",
    "Encoder",
    "Failover",
    "KnownSeries",
    "LabelRules",
    "MalformedRequestError",
    "Poster",
    "RemoteWriteConfig",
    "RemoteWriter",
    "RequestTooLargeError",
    "UnknownEncodingError",
    "decompressed",
]
