"""A running agent gives hosts to plugins, processors and writers alike, and shows what they count."""

from __future__ import annotations

import asyncio

import pytest
import yaml

from orbital_runtime.agent.agent import Agent
from orbital_runtime.plugins.registry import Registry
from orbital_runtime.settings import load
from orbital_runtime.telemetry.metrics.exposition import Metrics
from orbital_runtime.telemetry.server.connections import ConnectionLimits, Connections
from orbital_sdk import DeviceFields, Metric, Plugin, PluginConfig, Processor, ProcessorConfig
from orbital_sdk.testing import RecordingWriter

DIARY: list[str] = []
FOLDERS: list[str] = []


class Busy:
    """Any part: counts its starts, has a folder, works in the background until it is told to end."""

    async def start(self, host):
        host.counter("starts", "Starts").add()
        host.gauge("busy", "Whether it works").set(1)
        FOLDERS.append(str(host.folder))
        host.spawn(self.tend())

    async def tend(self):
        try:
            await asyncio.Event().wait()
        finally:
            DIARY.append(f"{self.name} tended")

    async def stop(self):
        DIARY.append(f"{self.name} stopped")


class BusyPlugin(Busy, Plugin[DeviceFields, PluginConfig]):
    name = "polling"
    value = Metric("polling_value", "One")

    async def collect(self, device, ctx):
        yield self.value(1)


class BusyProcessor(Busy, Processor[ProcessorConfig]):
    name = "passing"

    def plan(self, layout):
        return None


class BusyWriter(Busy, RecordingWriter):
    name = "keeping"

    def __init__(self, config=None):
        super().__init__(config)


@pytest.fixture
def agent(tmp_path) -> Agent:
    DIARY.clear()
    FOLDERS.clear()
    registry = Registry.of(plugins=[BusyPlugin], writers=[BusyWriter], processors=[BusyProcessor])
    environ = {"XDG_DATA_HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    settings = {
        "sender": {"mode": "direct", "direct": {"main": {"writer": "keeping"}}},
        "telemetry": {"enabled": False},
        "tasks": [{"id": "a", "plugin": "polling", "interval": "1h"}],
        "processors": [{"name": "passing"}],
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(settings))
    return Agent(
        load(tmp_path / "config.yaml", environ, registry=registry),
        registry,
        version="1",
        environ=environ,
    )


async def shown(agent: Agent) -> dict[str, float]:
    snapshot = await Metrics(agent.sources, Connections(ConnectionLimits())).snapshot()
    lines = snapshot.text().decode().splitlines()
    return {
        name: float(value)
        for name, value in (line.rsplit(" ", 1) for line in lines if line.startswith("orbital_"))
    }


async def test_every_part_has_a_host(agent, tmp_path):
    """Metrics under its kind and name, a folder in the agent's data, an end of its tasks before its stop."""
    await agent.start()
    async with asyncio.timeout(60):
        while len(await shown(agent)) < 6:  # noqa: ASYNC110 (what is watched has no event)
            await asyncio.sleep(0.01)
    assert await shown(agent) == {
        "orbital_plugin_polling_starts_total": 1,
        "orbital_plugin_polling_busy": 1,
        "orbital_processor_passing_starts_total": 1,
        "orbital_processor_passing_busy": 1,
        'orbital_writer_keeping_starts_total{output="main"}': 1,
        'orbital_writer_keeping_busy{output="main"}': 1,
    }
    data = tmp_path / "orbital-sentinel"
    wanted = ("plugins/polling", "processors/passing", "writers/main")
    assert sorted(FOLDERS) == [str(data / name) for name in wanted]
    await agent.stop()
    for name in ("polling", "passing", "keeping"):
        assert [line for line in DIARY if line.startswith(name)] == [
            f"{name} tended",
            f"{name} stopped",
        ]
    after = await shown(agent)
    assert {value for name, value in after.items() if "_busy" in name} == {0}
    assert {value for name, value in after.items() if "_starts" in name} == {1}
