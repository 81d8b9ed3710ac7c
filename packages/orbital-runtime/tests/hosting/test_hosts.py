"""Hosts as the agent gives them: what strangers do in the background costs themselves alone."""

import asyncio
import logging
import os
import time

import pytest

from orbital_runtime.clock import ManualClock
from orbital_runtime.hosting.hosts import Hosts


def shown(hosts: Hosts) -> dict[str, dict[tuple[str, ...], float]]:
    return {
        part.full_name(family.name): family.values
        for part in hosts.parts()
        for family in part.metrics.families()
    }


def part(hosts: Hosts):
    (only,) = hosts.parts()
    return only


def raises(error):
    async def work():
        raise error

    return work()


@pytest.mark.parametrize(
    "error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit(), OSError("no such bus")], ids=repr
)
async def test_what_a_background_task_raises_ends_it_alone(error, caplog):
    """Said once, with part, task and place; after that it is counted. The loop goes on, whatever it was."""
    hosts = Hosts()
    host = hosts.plugin("stranger")
    for _ in range(3):
        await asyncio.wait({host.spawn(raises(error), "poll")})
    await asyncio.sleep(0)
    await host.close()
    (said,) = caplog.records
    assert said.getMessage().startswith("plugin 'stranger': its background task 'poll' died at ")
    assert "test_hosts.py:" in said.getMessage()
    assert f"in work(): {type(error).__name__}" in said.getMessage()
    assert part(hosts).failed == 3


async def test_a_task_that_ignores_its_end_is_left_behind(caplog):
    """Named and counted, and the stop goes on in time; those beside it ended well."""
    hosts, release, ended = Hosts(), asyncio.Event(), asyncio.Event()
    host = hosts.writer("strange", "main")

    async def stays():
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        ended.set()

    async def waits():
        await asyncio.Event().wait()

    for work in (stays(), waits()):
        host.spawn(work)
    await asyncio.sleep(0)
    await host.close(seconds=0.01)
    (said,) = caplog.messages
    assert "writer 'strange': its background task" in said
    assert "stays' did not end within 10ms of its cancellation and was abandoned" in said
    assert (part(hosts).abandoned, part(hosts).failed) == (1, 0)
    release.set()
    await ended.wait()


async def test_own_metrics_have_the_name_of_their_part():
    """As the field names them; instances add up, a writer's have its output as a label."""
    hosts = Hosts()
    for _ in range(2):
        hosts.plugin("modbus-tcp").counter("connects", "Connections opened").add(1)
    hosts.writer("file", "a").counter("rotations", "Rotations").add(2)
    hosts.writer("file", "b").gauge("open_files", "Files", ("folder",)).set(1, "/x")
    hosts.processor("rates").counter("resets", "Resets")
    assert shown(hosts) == {
        "orbital_plugin_modbus_tcp_connects_total": {(): 2},
        "orbital_writer_file_rotations_total": {("a",): 2},
        "orbital_writer_file_open_files": {("b", "/x"): 1},
        "orbital_processor_rates_resets_total": {(): 0},
    }


async def test_a_stopped_instance_takes_its_gauges_back():
    """Its counts stay: a counter that goes back would look like a restart."""
    hosts = Hosts()
    first, second = hosts.plugin("p"), hosts.plugin("p")
    for host in (first, second):
        host.gauge("open", "Open").set(3)
        host.counter("opened", "Opened").add(3)
    await first.close()
    assert shown(hosts) == {
        "orbital_plugin_p_open": {(): 3},
        "orbital_plugin_p_opened_total": {(): 6},
    }


async def test_two_parts_never_have_one_metric():
    """`/metrics` would have it twice, and Prometheus take nothing of it. The second is told at its start."""
    hosts = Hosts()
    hosts.plugin("a-b").counter("x", "X")
    with pytest.raises(
        ValueError, match="orbital_plugin_a_b_x_total is a metric of plugin 'a-b' already"
    ):
        hosts.plugin("a_b").counter("x", "X")
    assert list(shown(hosts)) == ["orbital_plugin_a_b_x_total"]


async def test_folders_are_made_when_they_are_asked_for(tmp_path, caplog):
    """One for a plugin, a processor, each output; for nobody else to read, and nowhere else whatever its name
    is. None where the agent keeps nothing, or, said once, where the disk takes none.
    """
    hosts = Hosts(tmp_path)
    made = [
        hosts.plugin("snmp"),
        hosts.processor("rates"),
        hosts.processor("rates", "task a/b"),
        hosts.writer("file", "main"),
        hosts.writer("file", "../../etc"),
    ]
    assert list(tmp_path.iterdir()) == []
    assert [host.folder for host in made] == [
        tmp_path / "plugins" / "snmp",
        tmp_path / "processors" / "rates",
        tmp_path / "processors" / "rates%20task%20a%2Fb",
        tmp_path / "writers" / "main",
        tmp_path / "writers" / "%2E%2E%2F%2E%2E%2Fetc",
    ]
    assert {host.folder.stat().st_mode & 0o777 for host in made} == {0o700}
    assert Hosts().plugin("snmp").folder is None
    (tmp_path / "file").write_text("no folder")
    refused = Hosts(tmp_path / "file").plugin("snmp")
    assert (refused.folder, refused.folder) == (None, None)
    (said,) = caplog.messages
    assert said.startswith("plugin 'snmp' cannot store anything in ")
    assert said.endswith(os.strerror(20))


async def test_the_clock_is_the_agents():
    """Stamps come of the agent's clock; what is held against the deadline of a run, of that one's."""
    clock = ManualClock()
    host = Hosts(clock=clock).plugin("p")
    assert host.clock.utc_ms() == clock.utc_ms()
    assert abs(host.clock.monotonic() - time.monotonic()) < 60
    assert host.log is logging.getLogger("orbital.plugin.p")
