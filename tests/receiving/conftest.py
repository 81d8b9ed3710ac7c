"""An agent with one receiver, and the server that it writes to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cramjam import snappy

from orbital_remote_write.remote_write_pb2 import WriteRequest
from orbital_testbench import Answer, HostileServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def destination() -> Iterator[HostileServer]:
    """A server whose answers a test decides, at first 204."""
    with HostileServer() as server:
        server.default = Answer(204)
        yield server


@pytest.fixture
def receive(sentinel) -> Callable[..., None]:
    """Starts an agent with this task, which writes to an address and tries again soon."""

    def start(
        task: dict[str, Any], url: str, *, compression: str = "snappy", **buffer: Any
    ) -> None:
        out = {"writer": "victoria_metrics", "url": url, "compression": compression}
        sentinel.configure(
            buffer={"flush_interval": "100ms", **buffer},
            sender={
                "retry_interval": "50ms",
                "retry_max_interval": "200ms",
                "breaker": {"failures": 1000},
                "direct": {"out": out},
            },
            tasks=[task],
        )
        sentinel.start()

    return start


@pytest.fixture(scope="session")
def sent() -> Callable[[HostileServer, str], Iterator[tuple[dict[str, str], int, float]]]:
    """Labels, time and value of each sample of this name that a server was sent, as often as it was."""

    def read(server: HostileServer, name: str) -> Iterator[tuple[dict[str, str], int, float]]:
        for request in list(server.requests):
            body = WriteRequest.FromString(bytes(snappy.decompress_raw(request.body)))
            for one in body.timeseries:
                labels = {label.name: label.value for label in one.labels}
                if labels["__name__"] == name:
                    yield from ((labels, each.timestamp, each.value) for each in one.samples)

    return read
