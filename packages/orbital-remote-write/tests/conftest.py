"""Shared by the tests of this package."""

import struct
from collections import defaultdict

import pytest

from orbital_remote_write import Client, RemoteWriteConfig
from orbital_remote_write.remote_write_pb2 import WriteRequest

HEADER = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}


def bits(value: float) -> bytes:
    """The bits of a double: equal for two NaNs with one payload, unlike for 0.0 and -0.0."""
    return struct.pack("<d", value)


@pytest.fixture
def parse():
    """What protobuf reads out of a body: labels -> [(ts, bits of the value)], in order of the request."""

    def parse(body: bytes) -> dict[tuple[tuple[str, str], ...], list[tuple[int, bytes]]]:
        found = defaultdict(list)
        for series in WriteRequest.FromString(body).timeseries:
            labels = tuple((label.name, label.value) for label in series.labels)
            found[labels] += [(s.timestamp, bits(s.value)) for s in series.samples]
        return dict(found)

    return parse


@pytest.fixture
def connect():
    """Makes clients; closes them."""
    clients = []

    def connect(url: str, **settings) -> Client:
        clients.append(Client(RemoteWriteConfig.model_validate({"url": url, **settings})))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()
