"""Plugins in real processes: as in the agent, and whatever they do ends there."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from orbital_plugin_host.loader import HostLoader
from orbital_sdk import (
    Columns,
    ConfigurationError,
    Context,
    DeviceUnreachable,
    PartialCollect,
    wire,
)
from orbital_sdk.calling.invoke import invoke

POINTS = """[orbital.plugins]
hosted = hostile_plugins:Hosted
blocking = hostile_plugins:Blocking
receiving = hostile_plugins:Receiving
daemons = hostile_plugins:Daemons
"""


@pytest.fixture(autouse=True)
def site(tmp_path, monkeypatch, request):
    """The plugins of `hostile_plugins.py`, installed here and in processes."""
    folder = tmp_path / "site"
    info = folder / "hostile_plugins-1.0.dist-info"
    info.mkdir(parents=True)
    info.joinpath("METADATA").write_text(
        "Metadata-Version: 2.1\nName: hostile-plugins\nVersion: 1.0\n"
    )
    info.joinpath("entry_points.txt").write_text(POINTS)
    code = request.path.with_name("hostile_plugins.py")
    folder.joinpath("hostile_plugins.py").write_text(code.read_text())
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    yield
    sys.modules.pop("hostile_plugins", None)


@pytest.fixture
async def start(host, tmp_path):
    """Starts a plugin in a process."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(name="hosted", config=None, **description):
            cls = HostLoader().load(tmp_path, {"plugin": name, **description})
            plugin = cls(cls.config_model.model_validate(config or {}))
            stack.push_async_callback(plugin.stop)
            await plugin.start(host)
            return plugin

        yield start


def context(seconds=10.0):
    return Context("task", "device", seconds, time.monotonic() + seconds)


async def collected(session, seconds=10.0):
    sink = []
    try:
        columns = await invoke(session.collect, context(seconds), sink)
    except Exception as error:  # noqa: BLE001 (it is what a test looks at)
        return sink, error
    return (columns if isinstance(columns, Columns) else sink), None


async def until(holds):
    """Other processes tell nobody when they have done something."""
    while not holds():  # noqa: ASYNC110 (as above)
        await asyncio.sleep(0.02)


async def device(plugin, mode="well"):
    return await plugin.open(plugin.device_model(mode=mode))


async def test_a_plugin_reads_as_in_the_agent(start, host):
    """Its table, errors, test, target and own metrics cross; a session remembers."""
    plugin = await start()
    session = await device(plugin)
    for runs in (1.0, 2.0):
        columns, _ = await collected(session)
        assert [*columns.values] == [runs, 1.0, 2.0]
    assert await session.test(context()) == "mode well"
    assert plugin.target(plugin.device_model(mode="well")) == "a device that is well"
    for mode, kind, samples in [
        ("away", DeviceUnreachable, 0), ("part", PartialCollect, 1), ("bug", wire.Bug, 0),
    ]:  # fmt: skip
        failing = await device(plugin, mode)
        given, error = await collected(failing)
        assert type(error) is kind
        assert len(given) == samples
        await failing.close()
    await session.close()
    await plugin.stop()
    assert host.values()["reads_total", ()] == 5


async def test_a_plain_def_runs_on_a_thread_there(start):
    """As in the agent."""
    plugin = await start("blocking")
    samples, _ = await collected(await device(plugin))
    assert [*samples.values] == [0.0]


async def test_settings_that_it_refuses(start):
    """The start fails with the plugin's own words, and no process is left."""
    with pytest.raises(ConfigurationError, match="it may not start"):
        await start(config={"start": "refuse"})


async def test_a_crash_costs_its_own_process_alone(start):
    """The run fails with the reason, a device in another process is read on, and after a pause the next run
    succeeds in a new process, in the same session.
    """
    plugin = await start()
    session, crashing = await device(plugin), await device(plugin, "crash")
    _, error = await collected(crashing)
    assert "the process of plugin 'hosted' " in str(error)
    (supervisor,) = plugin.fleet.supervisors
    await until(lambda: supervisor.restarts and not supervisor.down)
    columns, error = await collected(session)
    assert error is None
    assert next(iter(columns.values)) == 1.0


async def test_a_run_that_is_cancelled_leaves_its_session_usable(start):
    """At its deadline, or when the agent stops."""
    plugin = await start()
    session = await device(plugin, "wait")
    run = asyncio.ensure_future(collected(session))
    await asyncio.sleep(0.05)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert await session.test(context()) == "mode wait"


async def test_memory_is_limited(start):
    """One that takes a gigabyte gets a MemoryError, or ends; the agent does not."""
    plugin = await start(memory=256 << 20)
    _, error = await collected(await device(plugin, "leak"))
    assert "MemoryError" in str(error) or "ended" in str(error)


async def test_what_it_says_is_in_the_log(start, caplog):
    """Through its logger, and what it prints."""
    caplog.set_level(logging.INFO)
    plugin = await start()
    await collected(await device(plugin, "log"))
    wanted = {"said by the plugin", "printed by the plugin", "to standard error"}
    await until(lambda: wanted <= {record.message for record in caplog.records})


async def test_what_a_run_says_has_the_log_of_the_run(start, caplog):
    """Its task and device, and its level: what the agent logs, the process logs."""
    caplog.set_level(logging.DEBUG)
    plugin = await start()
    of_run = logging.getLogger("run")
    ctx = Context("task", "device", 10.0, time.monotonic() + 10, of_run)
    await (await device(plugin, "log")).collect(ctx)
    said = {(one.name, one.levelname, one.message) for one in caplog.records}
    assert ("run", "DEBUG", "said in the run") in said
    assert ("orbital.plugin.hosted", "WARNING", "said by the plugin") in said


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
@pytest.mark.parametrize("mode", ["well", "another program"])
@pytest.mark.parametrize("how", ["stopped", "crashed"])
async def test_what_left_its_session_ends_with_its_process(start, mode, how):
    """Though its parent is gone: when the plugin is stopped, and when its process ends by itself."""
    plugin = await start("daemons")
    columns, _ = await collected(await device(plugin, mode))
    (pid,) = map(int, columns.values)
    (supervisor,) = plugin.fleet.supervisors
    if how == "stopped":
        await plugin.stop()
    else:
        os.kill(supervisor.pid, signal.SIGKILL)
        await until(lambda: supervisor.down)
    await until(lambda: not runs(pid))


def runs(pid):
    """Whether this process runs; nobody may have asked how it ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


async def test_devices_are_spread_over_processes(start):
    """Each device has its own process among them, the same one for all its runs."""
    plugin = await start(processes=2)
    pids = {one.pid for one in plugin.fleet.supervisors}
    assert len(pids) == 2
    chosen = {plugin.fleet.of(str(number).encode()).pid for number in range(32)}
    assert chosen == pids
    assert plugin.fleet.of(b"x") is plugin.fleet.of(b"x")


async def test_a_receiver_emits_through_its_process(start):
    """What it emits is accepted in the agent; cancelled, it ends."""
    plugin = await start("receiving")
    taken = []

    async def emit(records):
        taken.extend(sample.value for sample in records.samples())
        if len(taken) == 3:
            all_there.set()

    all_there = asyncio.Event()
    serving = asyncio.ensure_future(plugin.serve(plugin.device_model(), emit))
    await all_there.wait()
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    assert taken == [0.0, 1.0, 2.0]


async def test_nothing_outlives_a_stop(start):
    """Neither the process nor its folder."""
    plugin = await start()
    (supervisor,) = plugin.fleet.supervisors
    pid = supervisor.pid
    await plugin.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
