"""The examples as users have them: each in a folder of its own, with nothing of ours but plugin.proto."""

from __future__ import annotations

import asyncio
import shutil
import sys
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from grpc_tools import protoc

from orbital_testbench.node import NpmError, node_modules
from orbital_testbench.programs import MissingProgramError, skip_or_fail

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

PROTO = Path(str(resources.files("orbital_plugin_grpc") / "plugin.proto"))
EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.fixture(scope="session")
def thermometer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the example in Python."""
    folder = tmp_path_factory.mktemp("thermometer")
    shutil.copy(EXAMPLES / "python" / "thermometer.py", folder)
    arguments = [
        "protoc",
        f"-I{PROTO.parent}",
        f"--python_out={folder}",
        f"--grpc_python_out={folder}",
    ]
    assert protoc.main([*arguments, str(PROTO)]) == 0
    return folder


@pytest.fixture(scope="session")
def gadgets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the example in Node.js."""
    folder = tmp_path_factory.mktemp("gadgets")
    shutil.copy(EXAMPLES / "node" / "gadgets.js", folder)
    shutil.copy(PROTO, folder)
    try:
        (folder / "node_modules").symlink_to(node_modules(EXAMPLES / "node"))
    except (MissingProgramError, NpmError) as missing:
        skip_or_fail(missing)
    return folder


@pytest.fixture
def device() -> Callable[..., object]:
    """A device that prints these lines on a TCP port, and gives its fields."""

    @asynccontextmanager
    async def listening(
        text: str = "kitchen 21.5\ncellar 12.25\n",
    ) -> AsyncGenerator[dict[str, object]]:
        async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(text.encode())
            writer.close()

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            yield {"host": "127.0.0.1", "port": server.sockets[0].getsockname()[1]}

    return listening


@pytest.fixture(scope="session")
def python() -> str:
    """The interpreter of the examples."""
    return sys.executable
