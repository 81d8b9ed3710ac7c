"""Writers of one file, and its lines read as strictly as JSON's standard has it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from orbital_sdk import Attempt, Written
from orbital_sdk.testing import FakeHost
from orbital_writer_file import File, FileConfig


def _strict(text: bytes | str) -> dict:
    def refuse(name: str) -> None:
        raise ValueError(f"{name} is not JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.fixture(scope="session")
def strict() -> Callable[[bytes | str], dict]:
    """JSON as its standard has it: no NaN and no Infinity outside of strings."""
    return _strict


@pytest.fixture(scope="session")
def read() -> Callable[[Path], list[dict]]:
    """All lines of a file, each of them whole."""

    def read(path: Path) -> list[dict]:
        content = path.read_bytes()
        assert not content or content.endswith(b"\n")
        return [_strict(line) for line in content.splitlines()]

    return read


@pytest.fixture(scope="session")
def write() -> Callable[..., int]:
    """Writes batches in one call."""

    def write(writer: File, *batches, attempt: int = 1) -> int:
        answer = writer.write(batches, Attempt(attempt))
        assert answer == Written(answer.bytes)  # a file refuses nothing
        return answer.bytes

    return write


@pytest.fixture
async def make(tmp_path):
    """Starts writers of one file; stops them."""
    writers = []

    async def make(path: Path | None = None, **settings) -> File:
        path = path or tmp_path / "data" / "samples.jsonl"
        writers.append(File(FileConfig.model_validate({"path": str(path), **settings})))
        await writers[-1].start(FakeHost())
        return writers[-1]

    yield make
    for writer in writers:
        await writer.stop()
