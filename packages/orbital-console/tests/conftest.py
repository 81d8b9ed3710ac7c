"""An agent with the console, and a client."""

from __future__ import annotations

from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import msgspec
import pytest
import yaml

from orbital_console import Console
from orbital_runtime.agent import Agent
from orbital_runtime.plugins.registry import Registry
from orbital_runtime.settings import load
from orbital_runtime.threads import in_background
from orbital_runtime_testing.parts import Store
from orbital_sdk import DeviceFields, DeviceUnreachable, Metric, Plugin, PluginConfig
from orbital_testbench import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

HOSTILE = "<script>alert(1)</script>"


NEIGHBOURS = {"core": ("router", "ge-0/0/1"), "access": ("sw-core", "24")}


class Host(DeviceFields):
    host: str


class Door(Plugin[Host, PluginConfig]):
    """Answers, except the broken one."""

    name = "door"
    metrics = (Metric("door_open", labels=("leaf",)), Metric("door_neighbor", labels=(
        "local_interface", "neighbor_system_name", "neighbor_port_id",
    )))  # fmt: skip
    metadata = MappingProxyType({"neighbors": "door_neighbor"})

    async def collect(self, device: Host, ctx: Any) -> Any:
        if device.host == "broken":
            raise DeviceUnreachable(f"{HOSTILE} does not answer")
        if device.host == "silent":
            raise DeviceUnreachable("no answer from 192.0.2.7 port 161 within 2 s")
        ctx.measured["knock_seconds"] = 0.001
        ctx.measured["requests"] = 2
        return [
            self.metrics[0](1, HOSTILE),
            self.metrics[1](1, "eth0", *NEIGHBOURS.get(device.host, ("gate/<b>", "port <1>"))),
        ]


class Answer(NamedTuple):
    """What came back."""

    status: int
    text: str
    headers: dict[str, str]

    @property
    def data(self) -> Any:
        return msgspec.json.decode(self.text)


class Site:
    """A running agent with pages."""

    def __init__(self, url: str, agent: Agent) -> None:
        self.url = url
        self.agent = agent

    @property
    def console(self) -> Console:
        return self.agent.extensions["console"]

    @property
    def token(self) -> str:
        return self.agent.telemetry.token

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.ask(path, "GET", **headers)

    async def ask(self, path: str, method: str, **headers: str) -> Answer:
        def fetch() -> Answer:
            request = Request(self.url + path, headers=headers, method=method)
            try:
                with urlopen(request, timeout=20) as reply:
                    return Answer(reply.status, reply.read().decode(), dict(reply.headers))
            except HTTPError as error:
                return Answer(error.code, error.read().decode(), dict(error.headers))

        return await in_background(fetch)


COMMON = {"plugin": "door", "interval": "1h"}
TASKS = (
    COMMON | {"id": "good", "device_id": "gate", "config": {"host": "h"}},
    COMMON | {"id": "bad", "device_id": "gate/<b>", "config": {"host": "broken"}},
)
"""One good device, and a broken one whose name is hostile."""

SETTINGS = {
    "tasks": [*TASKS],
    "sender": {"direct": {"store": {"url": "http://store.test/"}}},
    "buffer": {"type": "memory"},
}


@asynccontextmanager
async def _serving(
    folder: Path, ran: Sequence[str] = ("good", "bad"), **settings: Any
) -> AsyncIterator[Site]:
    """An agent that ran these tasks once."""
    registry = Registry.of(plugins=[Door], writers=[Store], extensions=[Console])
    listen = f"127.0.0.1:{free_port()}"
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(SETTINGS | {"telemetry": {"listen": listen}} | settings))
    file.chmod(0o600)
    environ = {"XDG_DATA_HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
    agent = Agent(load(file, environ, registry=registry), registry, version="1", environ=environ)
    await agent.start()
    try:
        for key in ran:
            await agent.stations.scheduler.trigger(key)
        yield Site(f"http://{listen}", agent)
    finally:
        await agent.stop(0)


@pytest.fixture(scope="session")
def serving():
    """Starts an agent with the console."""
    return _serving


@pytest.fixture
async def site(tmp_path):
    """One good device and a broken one whose name is hostile."""
    async with _serving(tmp_path) as served:
        yield served
