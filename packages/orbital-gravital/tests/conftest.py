"""A devcore in either mood, and agents in this process that work for it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any, ClassVar

import msgspec
import pytest
import yaml
from pydantic import SecretStr

from orbital_devcore.app import create_app
from orbital_devcore.core import Core
from orbital_devcore.peer import Peer
from orbital_devcore.serving import listening
from orbital_gravital import Gravital
from orbital_gravital.credentials import Credentials
from orbital_runtime.agent import Agent
from orbital_runtime.clock import ManualClock
from orbital_runtime.plugins.registry import Registry
from orbital_runtime.settings import load
from orbital_sdk import DeviceFields, DeviceUnreachable, Metric, Plugin, PluginConfig
from orbital_sdk.testing import RecordingWriter

NEIGHBOR = ("local_interface", "neighbor_chassis_id", "neighbor_port_id", "ttl")


class Host(DeviceFields):
    host: str


class Recorder(RecordingWriter):
    """Keeps what it got, of all instances."""

    name = "recorder"
    made: ClassVar[list[Recorder]] = []

    def __init__(self, config):
        super().__init__(config)
        Recorder.made.append(self)


class Probe(Plugin[Host, PluginConfig]):
    """Answers for every host but those in `down`."""

    name = "probe"
    metadata: ClassVar[dict[str, str]] = {"neighbors": "lldp_neighbor"}
    down: ClassVar[set[str]] = set()
    held: ClassVar[dict[str, asyncio.Event]] = {}
    """Hosts that answer when their event is set."""
    asked: ClassVar[set[str]] = set()
    value = Metric("probe_value", "One")
    neighbor = Metric("lldp_neighbor", "One", labels=NEIGHBOR)

    async def collect(self, device, ctx):
        self.asked.add(device.host)
        if device.host in self.held:
            await self.held[device.host].wait()
        if device.host in self.down:
            raise DeviceUnreachable(f"{device.host} does not answer")
        yield self.value(1.0)
        if device.host.startswith("lldp"):
            yield self.neighbor(1.0, "Gi0/1", "00:11:22:33:44:55", device.host, "120")


def entry(**more) -> msgspec.Raw:
    """One of a list of tasks, as Core gives it."""
    base = {
        "id": 1, "task_id": "task-1", "device_id": "dev-1", "plugin_name": "snmp",
        "device": {"device_type": "switch", "connection_config": {"host": "10.0.0.1", "port": 161}},
        "config": {"host": "10.0.0.1", "port": 161, "device_type": "switch"},
        "interval_seconds": 300, "timeout_seconds": 30, "retry_count": 3, "priority": 10,
        "enabled": True, "next_execution_at": "2026-11-24T20:31:21.578768Z",
    }  # fmt: skip
    return msgspec.Raw(json.dumps(base | more).encode())


async def until(condition, seconds=120):
    """Wait for something that happens at a server: there is no event for it."""
    async with asyncio.timeout(seconds):
        while not await asyncio.to_thread(condition):  # noqa: ASYNC110 (a server has no event for it)
            await asyncio.sleep(0.02)


def core_of(agent: Agent) -> Gravital:
    """Core's side of an agent."""
    return agent.extensions["core"]


class Site:
    """A folder, a devcore, and agents that know it."""

    def __init__(self, folder, runtime_folder, peer: Peer) -> None:
        self.folder, self.peer = folder, peer
        self.data = folder / "data" / "orbital-sentinel"
        self.environ = {
            "XDG_DATA_HOME": str(folder / "data"),
            "XDG_RUNTIME_DIR": str(runtime_folder),
        }

    def configure(self, **sections: Any) -> None:
        core = {"url": self.peer.address + "/", "credentials_path": str(self.folder / "who.yaml")}
        sections = {
            "core": core | sections.pop("core", {}),
            "heartbeat": {"interval": "100ms", "timeout": "2s"},
            "collector": {"task_fetch_interval": "100ms"},
            "buffer": {"flush_interval": "50ms"},
            "sender": {
                "mode": "core",
                "retry_interval": "50ms",
                "retry_max_interval": "200ms",
                "breaker": {"reset": "100ms"},
            },
            "telemetry": {"enabled": False},
        } | sections
        path = self.folder / "config.yaml"
        path.write_text(yaml.safe_dump(sections))
        path.chmod(0o600)

    @contextlib.asynccontextmanager
    async def agent(self, plugins=(), clock=None, **sections: Any):
        """A running agent that has these plugins too; stopped at the end."""
        if sections or not (self.folder / "config.yaml").exists():
            self.configure(**sections)
        registry = Registry.of(plugins=[Probe, *plugins], writers=[Recorder], extensions=[Gravital])
        loaded = load(self.folder / "config.yaml", self.environ, registry=registry)
        agent = Agent(loaded, registry, clock=clock, version="1.0.0", environ=self.environ)
        await agent.start()
        try:
            yield agent
        finally:
            await agent.stop()

    def who(self) -> Credentials:
        """Credentials of a sentinel that is registered just now."""
        found = self.peer.register()
        token = SecretStr(found["api_token"])
        return Credentials(found["sentinel_id"], token, self.peer.address)

    async def run(self, agent: Agent, *tasks: str) -> None:
        """Run these tasks of Core once, now, as soon as the agent has them."""
        for task in tasks:
            await until(lambda key=f"core/{task}": key in agent.stations.scheduler.states())
            await agent.stations.scheduler.trigger(f"core/{task}")

    def assign(self, **more: Any) -> str:
        """A device and a task for whoever registers, once a day unless told otherwise; the task's id."""
        device = self.peer.device(
            connection_config={"host": more.pop("host", "10.0.0.1"), "port": 22}
        )
        given = {"plugin_name": "probe", "interval_seconds": 86400, "retry_count": 0} | more
        return self.peer.task(device, **given)

    def device(self, task: str) -> str:
        """The id of the device of a task."""
        return self.peer.core.db.row("select device_id from tasks where task_id = ?", task)[
            "device_id"
        ]

    def states(self, device: str) -> list[float]:
        """What was told of a device, newest first."""
        told = self.peer.samples("device_status")
        return [one["value"] for one in told if one["labels"]["device_id"] == device]


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture(scope="session")
def place():
    """Where all of them are, one after the other."""
    app = create_app(Core())
    with listening(app) as address:
        yield app, address


def _peer(place, *, quirks: bool) -> Peer:
    app, address = place
    app.core = Core(quirks=quirks)
    return Peer(address, app.core)


@pytest.fixture(params=["sane", "quirks"])
def peer(request, place):
    """Both moods, one after the other."""
    return _peer(place, quirks=request.param == "quirks")


@pytest.fixture
def sane(tmp_path, runtime_folder, place):
    """A site with a sane Core, for what does not depend on the mood."""
    return _site(tmp_path, runtime_folder, _peer(place, quirks=False))


@pytest.fixture
def site(tmp_path, runtime_folder, peer):
    return _site(tmp_path, runtime_folder, peer)


def _site(tmp_path, runtime_folder, peer):
    for kept in (Probe.down, Probe.held, Probe.asked):
        kept.clear()
    Recorder.made.clear()
    return Site(tmp_path, runtime_folder, peer)
