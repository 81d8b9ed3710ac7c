"""What is over says nothing any more: removed tasks, their devices and neighbours, old triggers."""

from __future__ import annotations

import asyncio

from orbital_gravital.devices.neighbors import REPEAT as NEIGHBORS_REPEAT
from orbital_gravital.devices.states import REPEAT as STATES_REPEAT
from orbital_runtime_testing.clock import LeapClock

from .conftest import Probe, core_of, until


async def removed(site, agent, task):
    """Delete this task at Core, and wait until the agent obeyed."""
    site.peer.data("DELETE", f"/api/v1/tasks/{task}")
    await until(lambda: f"core/{task}" not in agent.stations.scheduler.states())


async def test_the_device_of_a_removed_task_is_not_told_again(sane):
    """Core then sees by itself that nobody watches it."""
    one, two = sane.assign(), sane.assign()
    gone, left = sane.device(one), sane.device(two)
    clock = LeapClock()
    async with sane.agent(clock=clock) as agent:
        await sane.run(agent, one, two)
        await until(lambda: sane.states(gone) and sane.states(left))
        await removed(sane, agent, one)
        before = len(sane.states(gone)), len(sane.states(left))
        clock.ahead += STATES_REPEAT + 1
        await sane.run(agent, two)
        await until(lambda: len(sane.states(left)) > before[1])
        assert len(sane.states(gone)) == before[0]


async def test_a_run_that_outlives_its_task_says_nothing_of_the_device(sane):
    """Its report goes out, and Core says that there is no such task."""
    late, other = sane.assign(host="slow"), sane.assign()
    gone, left = sane.device(late), sane.device(other)
    Probe.held["slow"] = asyncio.Event()
    async with sane.agent() as agent:
        running = asyncio.create_task(sane.run(agent, late))
        await until(lambda: "slow" in Probe.asked)
        await removed(sane, agent, late)
        Probe.held["slow"].set()
        await running
        await sane.run(agent, other)
        await until(lambda: sane.states(left))
        assert sane.states(gone) == []
        await until(lambda: core_of(agent).link.reports.tally.refused == 1)


async def test_neighbours_of_a_removed_task_are_not_told_again(sane):
    """In hybrid, where they go by their own road."""
    one, two = sane.assign(host="lldp-1"), sane.assign(host="lldp-2")
    clock = LeapClock()

    def seen():
        found = sane.peer.data("GET", "/dev/neighbors")
        return {one["neighbor"]["neighbor_port_id"]: one["last_seen"] for one in found}

    hybrid = {"mode": "hybrid", "direct": {"recorder": {}}}
    async with sane.agent(clock=clock, sender=hybrid) as agent:
        await sane.run(agent, one)
        await until(lambda: set(seen()) == {"lldp-1"})
        before = seen()
        await removed(sane, agent, one)
        clock.ahead += NEIGHBORS_REPEAT + 1
        await sane.run(agent, two)
        await until(lambda: "lldp-2" in seen())
        assert seen()["lldp-1"] == before["lldp-1"]


async def test_the_times_of_the_list_on_disk_make_no_trigger(site):
    """They are of an earlier day; the next one that somebody presses is one, once."""
    task = site.assign()
    async with site.agent():
        await until((site.data / "core-tasks").exists)
    site.peer.data("POST", f"/api/v1/tasks/{task}/trigger")
    async with site.agent() as agent:
        state = agent.stations.scheduler.states()[f"core/{task}"][1]
        heard = core_of(agent).link.heartbeat
        await until(lambda: heard.succeeded > 3)  # as many lists came
        assert state.runs == 0
        site.peer.data("POST", f"/api/v1/tasks/{task}/trigger")
        await until(lambda: site.peer.runs(task))
        assert state.runs == 1
