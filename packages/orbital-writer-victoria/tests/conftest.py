"""Shared by the tests of this package."""

import time

import pytest

from orbital_sdk import Attempt, NotWritten, Written
from orbital_sdk.testing import FakeHost
from orbital_writer_victoria import VictoriaConfig, VictoriaMetrics


class Writes:
    """Calls the `write` of a writer."""

    def __init__(self, writer) -> None:
        self.writer = writer

    def answer(self, *batches, attempt=1, token=""):
        """What it gives."""
        return self.writer.write(batches, Attempt(attempt, token))

    def refusal(self, *batches, attempt=1):
        """What it gives where nothing is stored."""
        answer = self.answer(*batches, attempt=attempt)
        assert isinstance(answer, NotWritten), answer
        return answer

    def __call__(self, *batches, attempt=1, token="") -> int:
        """The bytes that went out; all has to be stored."""
        answer = self.answer(*batches, attempt=attempt, token=token)
        assert isinstance(answer, Written), answer
        assert not answer.refused
        return answer.bytes


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
