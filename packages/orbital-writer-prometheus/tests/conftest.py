"""Shared by the tests of this package."""

import time

import pytest

from orbital_sdk import Attempt
from orbital_writer_prometheus import Prometheus, VictoriaMetrics


@pytest.fixture
def now() -> int:
    """This second, in milliseconds."""
    return int(time.time()) * 1000


@pytest.fixture(params=[Prometheus, VictoriaMetrics], ids=lambda cls: cls.name)
def place(request, prometheus, victoria_metrics):
    """A writer's class and the server that it writes to."""
    return request.param, prometheus if request.param is Prometheus else victoria_metrics


@pytest.fixture
async def connect():
    """Starts writers; stops them."""
    writers = []

    async def connect(cls, url: str, **settings):
        writer = cls(cls.config_model.model_validate({"url": url, **settings}))
        writers.append(writer)
        await writer.start()
        return lambda *batches, attempt=1: writer.write(batches, Attempt(attempt))

    yield connect
    for writer in writers:
        await writer.stop()
