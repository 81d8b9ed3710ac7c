"""The whole loop with a Core in either mood: register, tasks, samples, states, reports, and obeying."""

from __future__ import annotations

import asyncio

from orbital_gravital.credentials import load
from orbital_gravital.identity.host import describe

from .conftest import Probe, Recorder, until

LOCAL = [{"id": "here", "plugin": "probe", "interval": "50ms", "config": {"host": "10.9.9.9"}}]
HYBRID = {"mode": "hybrid", "direct": {"recorder": {}}}


def online(site, device):
    return site.peer.data("GET", f"/api/v1/devices/{device}")["status"]


def edit(site, task, device, **more):
    body = {"device_id": device, "plugin_name": "probe", "interval_seconds": 1} | more
    site.peer.data("PUT", f"/api/v1/tasks/{task}", body)


async def test_what_a_task_gives_arrives_with_state_and_report(site):
    """Registered by itself, with an address that ends in a slash (B-29)."""
    task = site.assign(plugin_name="probe")
    async with site.agent() as agent:
        await site.run(agent, task)
        await until(lambda: site.peer.samples("probe_value"))
        await until(lambda: site.peer.runs(task))
        await until(lambda: site.peer.samples("device_status"))
        (known,) = site.peer.data("GET", "/api/v1/sentinels")
        assert (
            known["sentinel_id"] == agent.identity.id == load(site.folder / "who.yaml").sentinel_id
        )
    report = site.peer.runs(task)[0]
    assert (report["status"], report["metrics_collected"]) == ("success", 1)
    sample = site.peer.samples("probe_value")[0]
    device = sample["labels"]["device_id"]
    assert online(site, device) == "online"
    (state, *_) = site.peer.samples("device_status")
    assert state["labels"].keys() >= {"device_id", "device_type", "task_id", "plugin"}


async def test_tasks_are_obeyed_within_a_fetch_and_local_ones_are_left_alone(site):
    """Edited, disabled, the last one deleted (B-4); an empty list takes no local task away (B-3)."""
    device = site.peer.device()
    task = site.peer.task(device, plugin_name="probe", interval_seconds=3600)
    async with site.agent(tasks=LOCAL) as agent:
        states = agent.stations.scheduler.states()
        await until(lambda: f"core/{task}" in states)
        edit(site, task, device, interval_seconds=1)
        await until(lambda: states[f"core/{task}"][0].interval == 1)
        await until(lambda: site.peer.runs(task))
        edit(site, task, device, enabled=False)
        await until(lambda: f"core/{task}" not in states)
        edit(site, task, device, enabled=True)
        await until(lambda: f"core/{task}" in states)
        site.peer.data("DELETE", f"/api/v1/tasks/{task}")
        await until(lambda: list(states) == ["here"])
        runs = states["here"][1].runs
        await until(lambda: states["here"][1].runs > runs)


async def test_a_manual_trigger_runs_the_task_now(site):
    """It runs hourly, and once when somebody asks."""
    task = site.peer.task(site.peer.device(), plugin_name="probe", interval_seconds=3600)
    async with site.agent() as agent:
        states = agent.stations.scheduler.states()
        await until(lambda: f"core/{task}" in states)
        before = states[f"core/{task}"][1].runs
        site.peer.data("POST", f"/api/v1/tasks/{task}/trigger")
        await until(lambda: site.peer.runs(task))
        await asyncio.sleep(0.3)  # some more lists, in which our own report moved the time
        assert states[f"core/{task}"][1].runs == before + 1


async def test_a_device_that_does_not_answer_is_offline(site):
    """And its report says failed, with the reason (B-12)."""
    Probe.down.add("10.0.0.1")
    task = site.assign()
    async with site.agent() as agent:
        await site.run(agent, task)
        await until(lambda: site.peer.runs(task))
        await until(lambda: site.peer.samples("device_status"))
    (state, *_) = site.peer.samples("device_status")
    assert state["value"] == 0
    assert online(site, state["labels"]["device_id"]) == "offline"
    report = site.peer.runs(task)[-1]
    assert (report["status"], report["error_message"]) == ("failed", "10.0.0.1 does not answer")


async def test_a_task_of_a_plugin_that_is_not_here_is_reported_failed(site):
    """With the plugin's name, once, and the others run (B-28)."""
    bad, good = site.assign(plugin_name="ssh"), site.assign()
    async with site.agent() as agent:
        await site.run(agent, good)
        await until(lambda: site.peer.runs(good))
        await until(lambda: site.peer.runs(bad))
    (report,) = site.peer.runs(bad)
    assert report["status"] == "failed"
    assert "ssh" in report["error_message"]


async def test_a_heartbeat_tells_the_truth(site):
    """Figures of the machine and counts of the agent, and one version in all of them (B-13)."""
    async with site.agent(tasks=LOCAL):
        await until(lambda: (site.peer.data("GET", "/api/v1/sentinels") or [{}])[0].get("usage"))
        await until(
            lambda: site.peer.data("GET", "/api/v1/sentinels")[0]["usage"]["task_count"] == 1
        )
    (known,) = site.peer.data("GET", "/api/v1/sentinels")
    usage = known["usage"]
    assert usage["plugin_count"] == 1
    assert 0 < usage["memory_usage"] <= 100
    assert 0 < usage["disk_usage"] <= 100
    assert usage["version"] == known["version"] == "1.0.0"
    assert known["hostname"] == describe()["hostname"]


async def test_hybrid_sends_samples_to_the_outputs_and_the_rest_to_core(site):
    """Both at once (B-2): the samples are at the output, states and reports at Core, no sample there."""
    task = site.assign()
    async with site.agent(sender=HYBRID) as agent:
        await site.run(agent, task)
        await until(lambda: site.peer.runs(task))
        await until(lambda: Recorder.made[0].samples)
        await until(lambda: site.peer.samples("device_status"))
    assert not site.peer.samples("probe_value")


async def test_in_hybrid_mode_core_hears_of_neighbours(site):
    """By their own road, since their samples go elsewhere."""
    task = site.assign(host="lldp")
    async with site.agent(sender=HYBRID) as agent:
        await site.run(agent, task)
        await until(lambda: site.peer.data("GET", "/dev/neighbors"))
    (found,) = site.peer.data("GET", "/dev/neighbors")
    assert found["neighbor"]["neighbor_chassis_id"] == "00:11:22:33:44:55"
    assert found["neighbor"]["ttl"] == 120


async def test_in_core_mode_neighbours_come_as_samples(site):
    """As the older sentinels sent them."""
    task = site.assign(host="lldp")
    async with site.agent() as agent:
        await site.run(agent, task)
        await until(lambda: site.peer.data("GET", "/dev/neighbors"))
