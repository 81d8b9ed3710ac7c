"""Shared by the tests of this package."""

import time

import pytest

from orbital_sdk.testing import FakeHost, Writes
from orbital_writer_prometheus import Prometheus


@pytest.fixture
def now() -> int:
    """This second, in milliseconds."""
    return int(time.time()) * 1000


@pytest.fixture
async def connect():
    """Starts writers; stops them."""
    writers = []

    async def connect(url: str, **settings):
        writer = Prometheus(Prometheus.config_model.model_validate({"url": url, **settings}))
        writers.append(writer)
        await writer.start(FakeHost())
        return Writes(writer)

    yield connect
    for writer in writers:
        await writer.stop()
