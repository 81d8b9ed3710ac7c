"""The agent as a whole, in this process: states, order of stopping, reload, and what must not stop it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from typing import Any, ClassVar

import pytest
import uvloop
import yaml

from orbital_runtime.agent import Agent, State
from orbital_runtime.agent.extending import Host
from orbital_runtime.agent.lifecycle.signals import Signals
from orbital_runtime.clock import ManualClock
from orbital_runtime.model import Status
from orbital_runtime.plugins.registry import Registry
from orbital_runtime.settings import SettingsError, load
from orbital_runtime.telemetry.server.listen import CannotListen
from orbital_runtime_testing.depot import Depot
from orbital_sdk import (
    ConfigurationError,
    DeviceFields,
    Metric,
    Plugin,
    PluginConfig,
    PluginHost,
    WriterUnavailable,
)
from orbital_sdk.testing import RecordingWriter


class Recorder(RecordingWriter):
    """Keeps every instance, by the order in which outputs were made."""

    made: ClassVar[list[Recorder]] = []

    def __init__(self, config: Any = None) -> None:
        super().__init__(config)
        Recorder.made.append(self)


class Steady(Plugin[DeviceFields, PluginConfig]):
    """Answers at once."""

    name = "steady"
    log: ClassVar[list[str]] = []
    value = Metric("steady_value", "One")

    async def start(self, host: PluginHost) -> None:
        Steady.log.append("start")

    async def stop(self) -> None:
        Steady.log.append("stop")

    async def collect(self, device, ctx):
        yield self.value(1.0)


class Hanging(Plugin[DeviceFields, PluginConfig]):
    """Never answers."""

    name = "hanging"

    async def collect(self, device, ctx):
        await asyncio.Event().wait()
        return []


class Forbidden(Plugin[DeviceFields, PluginConfig]):
    """Is not allowed to start."""

    name = "forbidden"

    async def start(self, host: PluginHost) -> None:
        raise ConfigurationError("needs CAP_NET_RAW; grant it or remove its tasks")

    async def collect(self, device, ctx):
        return []


@pytest.fixture(autouse=True)
def fresh():
    Recorder.made.clear()
    Steady.log.clear()


@pytest.fixture
def registry() -> Registry:
    return Registry.of(plugins=[Steady, Hanging, Forbidden], writers=[Recorder], extensions=[Depot])


@pytest.fixture
def environ(tmp_path) -> dict[str, str]:
    return {"XDG_DATA_HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}


@pytest.fixture
def agent_of(tmp_path, registry, environ):
    """Writes a configuration with these tasks (id -> plugin) and makes an agent of it."""

    def make(tasks: dict[str, str], **sections: Any) -> Agent:
        write(tmp_path, tasks, **sections)
        loaded = load(tmp_path / "config.yaml", environ, registry=registry)
        return Agent(loaded, registry, version="1", environ=environ)

    return make


def write(folder, tasks: dict[str, str], *, outputs: tuple[str, ...] = ("one",), **sections: Any):
    direct = {name: {"writer": "recording", "flush_interval": "50ms"} for name in outputs}
    settings = {
        "sentinel": {"id": "s1", "name": "s1"},
        "sender": {"mode": "direct", "direct": direct},
        "telemetry": {"listen": "127.0.0.1:0"},
        "tasks": [
            {"id": each, "plugin": plugin, "interval": "100ms", "timeout": "5s"}
            for each, plugin in tasks.items()
        ],
        **sections,
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(settings))


async def until(condition) -> None:
    """Give the loop its turns until this is so."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 (states have no event)
            await asyncio.sleep(0.01)


async def test_it_collects_delivers_and_stops_in_order(agent_of):
    """Samples flow; at stop runs end, the last samples are delivered, then plugins stop."""
    agent = agent_of({"a": "steady"})
    assert agent.state is State.INITIALIZING
    await agent.start()
    assert agent.state is State.RUNNING
    (writer,) = Recorder.made
    await writer.received(8)
    await agent.stop()
    await agent.stop()  # safe twice
    assert agent.state is State.STOPPED
    account = agent.stations.buffer.ledger.account("one")
    assert account.accepted == account.delivered == writer.samples
    assert account.waiting == 0
    assert writer.stopped == 1
    assert Steady.log == ["start", "stop"]


async def test_sigterm_ends_run_with_success(agent_of):
    """Defect B-1: the process ends by itself on SIGTERM, with exit code 0, an empty buffer included."""
    agent = agent_of({})
    running = asyncio.ensure_future(agent.run())
    await until(lambda: agent.state is State.RUNNING)
    os.kill(os.getpid(), signal.SIGTERM)
    async with asyncio.timeout(60):
        assert await running == 0
    assert agent.state is State.STOPPED


async def test_a_second_signal_means_now(agent_of):
    """A collection that hangs holds the first stop for its grace, and the second one not at all."""
    agent = agent_of({"a": "hanging"}, collector={"default_timeout": "60s"})
    running = asyncio.ensure_future(agent.run())
    await until(lambda: agent.state is State.RUNNING)
    await until(lambda: agent.stations.scheduler.states()["a"][1].status is Status.RUNNING)
    os.kill(os.getpid(), signal.SIGTERM)
    await until(lambda: agent.state is State.STOPPING)
    while not running.done():  # as an impatient person does
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.wait({running}, timeout=0.1)
    assert running.result() == 0
    assert agent.state is State.STOPPED


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_signal_between_two_runs_of_the_loop_stops(new_loop):
    """The loop is started again after a KeyboardInterrupt of a plugin; what came meanwhile is not lost."""
    loop, stops = new_loop(), []

    async def enter():
        signals = Signals(stop=lambda: stops.append(1), reload=lambda: None, now=lambda: 0.0)
        return signals.__enter__()

    signals = loop.run_until_complete(enter())
    os.kill(os.getpid(), signal.SIGTERM)
    loop.run_until_complete(asyncio.sleep(0))
    signals.__exit__()
    loop.close()
    assert stops == [1]


async def test_an_echo_of_the_first_signal_is_no_second_one():
    """Ctrl-C under `uv run` arrives twice; the last flush is not cut short by that."""
    clock, stops = ManualClock(), []
    with Signals(stop=lambda: stops.append(1), reload=lambda: None, now=clock.steady) as signals:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
        await until(lambda: len(stops) == 2)
        assert not signals.again.is_set()
        clock.advance(2)
        os.kill(os.getpid(), signal.SIGINT)
        async with asyncio.timeout(60):
            await signals.again.wait()


async def test_a_taken_port_is_said_and_leaves_nothing_open(agent_of, tmp_path):
    """The start fails with the port in its message, and everything is closed again."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        agent = agent_of({"a": "steady"}, telemetry={"listen": f"127.0.0.1:{port}"})
        with pytest.raises(CannotListen, match=str(port)):
            await agent.start()
    assert agent.state is State.STOPPED
    assert not list(tmp_path.rglob("*.sock"))


async def test_a_plugin_that_may_not_start_costs_only_its_tasks(agent_of):
    """Its task fails with the plugin's own reason; the other one delivers."""
    agent = agent_of({"a": "steady", "b": "forbidden"})
    await agent.start()
    (writer,) = Recorder.made
    await until(lambda: 0.0 in writer.values("up", device_id="b"))
    await until(lambda: 1.0 in writer.values("up", device_id="a"))
    _, state = agent.stations.scheduler.states()["b"]
    assert "CAP_NET_RAW" in state.last.error
    await agent.stop()


async def test_a_dead_output_never_holds_the_other(agent_of):
    """One output fails for ever; the other gets every sample, and the first one's are kept."""
    agent = agent_of({"a": "steady"}, outputs=("one", "two"))
    await agent.start()
    dead, alive = Recorder.made
    dead.always(WriterUnavailable("connection refused"))
    await alive.received(20)
    ledger = agent.stations.buffer.ledger
    assert ledger.account("one").delivered == 0
    assert agent.stations.buffer.waiting("one") >= 20
    dead.always(None)
    agent.stations.sender.send_now()
    await dead.received(20)
    await agent.stop()


async def test_reload_changes_what_changed(agent_of, tmp_path):
    """A task comes and one goes; the third keeps its state, and the output its writer."""
    agent = agent_of({"stays": "steady", "goes": "steady"})
    await agent.start()
    (writer,) = Recorder.made
    states = agent.stations.scheduler.states()
    await until(lambda: states["stays"][1].runs >= 2)
    before = states["stays"][1]
    write(tmp_path, {"stays": "steady", "comes": "steady"})
    lines = await agent.reload()
    assert lines
    assert set(states) == {"stays", "comes"}
    assert states["stays"][1] is before
    assert Recorder.made == [writer]
    await until(lambda: any(r.stale and r.task == "goes" for r in writer.records))
    await until(lambda: bool(writer.values("up", device_id="comes")))
    assert await agent.reload() == []
    await agent.stop()


async def test_a_bad_configuration_changes_nothing(agent_of, tmp_path):
    """The problems are raised, and the agent goes on as before."""
    agent = agent_of({"a": "steady"})
    await agent.start()
    write(tmp_path, {"a": "no-such-plugin"})
    with pytest.raises(SettingsError, match="no-such-plugin"):
        await agent.reload()
    states = agent.stations.scheduler.states()
    runs = states["a"][1].runs
    await until(lambda: states["a"][1].runs > runs)
    refused = agent.sources.reloaded()
    assert "no-such-plugin" in refused.problems[0]
    counts = Host(agent, "server").counts  # what an extension tells its server
    assert "no-such-plugin" in counts().config_error
    write(tmp_path, {"a": "steady"})
    await agent.reload()
    accepted = agent.sources.reloaded()
    assert accepted.problems == ()
    assert counts().config_error == ""
    assert accepted.successful_ms >= refused.at_ms > 0
    await agent.stop()


async def test_an_output_taken_out_keeps_its_samples(agent_of, tmp_path):
    """Its backlog waits for its return; it gets nothing new meanwhile."""
    agent = agent_of({"a": "steady"}, outputs=("one", "two"))
    await agent.start()
    dead, alive = Recorder.made
    dead.always(WriterUnavailable("connection refused"))
    await alive.received(8)
    write(tmp_path, {"a": "steady"}, outputs=("two",))
    await agent.reload()
    kept = agent.stations.buffer.waiting("one")
    assert kept >= 8
    await alive.received(alive.samples + 8)
    assert agent.stations.buffer.waiting("one") == kept
    write(tmp_path, {"a": "steady"}, outputs=("one", "two"))
    await agent.reload()
    await Recorder.made[-1].received(kept)
    await agent.stop()


async def test_an_id_that_is_left_out_is_made_once(tmp_path, registry, environ):
    """Two starts on the same data folder have the same id, in a file for the owner alone."""
    (tmp_path / "config.yaml").write_text("tasks: []\n")
    loaded = load(tmp_path / "config.yaml", environ, registry=registry)
    first = Agent(loaded, registry, environ=environ)
    second = Agent(loaded, registry, environ=environ)
    assert first.identity.id == second.identity.id
    (kept,) = tmp_path.rglob("sentinel-id")
    assert kept.stat().st_mode & 0o777 == 0o600


async def test_an_id_that_cannot_be_kept_lasts_as_long_as_the_agent(tmp_path, registry, environ):
    """A data folder that cannot be written costs a new id at each start, and not at each reload."""
    (tmp_path / "no-folder").touch()
    environ["XDG_DATA_HOME"] = str(tmp_path / "no-folder")
    environ["SENTINEL_TELEMETRY__LISTEN"] = "127.0.0.1:0"
    (tmp_path / "config.yaml").write_text("tasks: []\n")
    loaded = load(tmp_path / "config.yaml", environ, registry=registry)
    agent = Agent(loaded, registry, environ=environ)
    await agent.start()
    known = agent.identity
    write(tmp_path, {"a": "steady"}, sentinel={"name": "edge-1"})
    assert await agent.reload()
    assert (agent.identity.id, agent.identity.name) == (known.id, "edge-1")
    await agent.stop()


async def test_an_output_without_a_writer_keeps_samples_for_later(agent_of):
    """Until an extension has a writer for its output, samples wait there, counted."""
    agent = agent_of({"a": "steady"}, sender={"mode": "depot"})
    await agent.start()
    await until(lambda: agent.stations.buffer.waiting("depot") >= 4)
    await agent.stop()
    account = agent.stations.buffer.ledger.account("depot")
    assert account.accepted == account.dropped["stopped"] > 0


async def test_a_stop_says_what_stays_on_disk(agent_of, tmp_path, caplog):
    """Nothing is lost with the disk buffer, and the log says how much waits, then and at the next start."""
    caplog.set_level("INFO")
    disk = {"type": "disk", "disk_path": str(tmp_path / "buffer")}
    agent = agent_of({"a": "steady"}, sender={"mode": "depot"}, buffer=disk)
    await agent.start()
    await until(lambda: agent.stations.buffer.waiting("depot") >= 4)
    await agent.stop()
    kept = agent.stations.buffer.waiting("depot")
    assert f"{kept} samples wait on disk for the next start" in caplog.text
    agent = agent_of({}, sender={"mode": "depot"}, buffer=disk)
    await agent.start()
    await agent.stop()
    assert f"tasks: 0, outputs: 0, samples that wait: {kept}" in caplog.text


async def test_what_changes_during_the_start_is_followed(agent_of, tmp_path):
    """The file was read before plugins and outputs started: nobody has to touch it again afterwards."""
    plugins = {"auto_reload": True, "reload_interval": "1h"}
    agent = agent_of({"a": "steady"}, plugins=plugins)
    write(tmp_path, {"a": "steady", "b": "steady"}, plugins=plugins)
    await agent.start()
    await until(lambda: "b" in agent.stations.scheduler.states())
    await agent.stop()


async def test_a_reload_that_comes_too_late_changes_nothing(agent_of, tmp_path):
    """SIGHUP and SIGTERM at once: it stops, and nothing is brought up again."""
    agent = agent_of({"a": "steady"})
    await agent.start()
    write(tmp_path, {"a": "steady", "b": "steady"})
    late = asyncio.create_task(agent.reload())
    await asyncio.sleep(0)  # it begins to read
    await agent.stop()
    assert await late == []
    assert [task.id for task in agent.loaded.tasks] == ["a"]
