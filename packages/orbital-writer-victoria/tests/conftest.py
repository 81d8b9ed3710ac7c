"""Shared by the tests of this package."""

import time

import pytest

from orbital_sdk.testing import FakeHost, Writes
from orbital_writer_victoria import VictoriaConfig, VictoriaMetrics


@pytest.fixture
def now() -> int:
    """This second, in milliseconds."""
    return int(time.time()) * 1000


@pytest.fixture
async def connect():
    """Starts writers; stops them. Gives their `write`."""
    writers = []

    async def connect(url: str, **settings):
        writers.append(VictoriaMetrics(VictoriaConfig.model_validate({"url": url, **settings})))
        await writers[-1].start(FakeHost())
        return Writes(writers[-1])

    yield connect
    for writer in writers:
        await writer.stop()
