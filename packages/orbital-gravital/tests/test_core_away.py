"""Core away, broken, or without a memory of us: collecting goes on, and nothing is lost."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import pytest

from orbital_gravital.credentials import load
from orbital_gravital.tasks.cache import TaskCache
from orbital_testbench import Relay

from .conftest import Probe, core_of, until

LOCAL = [{"id": "here", "plugin": "probe", "interval": "50ms", "config": {"host": "10.9.9.9"}}]
EVERYTHING = "/api/v1/"


async def test_nothing_waits_for_a_registration_that_fails(site):
    """Local tasks run at once (B-10), samples are kept (B-7), and all goes well as soon as Core does."""
    site.peer.fault(path=EVERYTHING, status=500)
    async with site.agent(tasks=LOCAL) as agent:
        state = agent.stations.scheduler.states()["here"][1]
        await until(lambda: state.runs > 3)
        account = agent.stations.buffer.ledger.account("core")
        assert (account.delivered, account.dead_lettered) == (0, 0)
        assert account.waiting > 0
        site.peer.cure()
        await until(lambda: site.peer.samples("probe_value"))
        assert agent.settings.sender.mode == "core"


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 503, "retry_after": "0"},
        {"kind": "cut_before"},
        {"kind": "garbage"},
        {"status": 429},
    ],
    ids=["503", "cut", "garbage", "429"],
)
async def test_an_outage_costs_no_sample_and_no_report_and_flips_no_device(sane, fault):
    """Every run of the outage arrives afterwards; the state that is told is the present one."""
    task = sane.assign()
    async with sane.agent() as agent:
        await sane.run(agent, task)
        await until(lambda: sane.states(sane.device(task)) and sane.peer.runs(task))
        sane.peer.fault(path=EVERYTHING, **fault)
        Probe.down.add("10.0.0.1")
        await sane.run(agent, task, task)
        Probe.down.clear()
        await sane.run(agent, task)
        await until(lambda: core_of(agent).link.heartbeat.failed)
        sane.peer.cure()
        await until(lambda: len(sane.peer.runs(task)) == 4)
        await until(lambda: agent.stations.buffer.waiting("core") == 0)
        await until(lambda: len(sane.states(sane.device(task))) == 2)
        account = agent.stations.buffer.ledger.account("core")
        assert (account.dead_lettered, account.dropped.total()) == (0, 0)
    ends = [run["status"] for run in sane.peer.runs(task)]
    assert ends == ["success", "failed", "failed", "success"]
    assert set(sane.states(sane.device(task))) == {1}


async def test_a_start_without_core_runs_the_tasks_that_were_known_last(site):
    """From the cache, which only these credentials open; the credentials outlive the failure (B-8)."""
    task = site.assign()
    cache = site.data / "core-tasks"
    async with site.agent() as agent:
        await site.run(agent, task)
        await until(cache.exists)
    who = (site.folder / "who.yaml").read_bytes()
    assert b"10.0.0.1" not in cache.read_bytes()
    assert cache.stat().st_mode & 0o777 == 0o600
    site.peer.fault(path=EVERYTHING, status=500)
    async with site.agent() as agent:
        await site.run(agent, task)
        site.peer.cure()
    assert (site.folder / "who.yaml").read_bytes() == who


async def test_a_lost_identity_is_renewed_and_the_file_with_it(site):
    """Heartbeats go on under the new one; the tasks of before are not given up on its account."""
    task = site.assign()
    async with site.agent() as agent:
        await site.run(agent, task)
        first = load(site.folder / "who.yaml")
        site.peer.data("DELETE", f"/api/v1/sentinels/{first.sentinel_id}")
        await until(lambda: not load(site.folder / "who.yaml").same_identity(first))
        second = load(site.folder / "who.yaml")
        heard = core_of(agent).link.heartbeat.succeeded
        await until(lambda: core_of(agent).link.heartbeat.succeeded > heard)
        task = site.assign()  # for the new one: those of before stay with the old id
        await until(
            lambda: task.encode() in b"".join(map(bytes, TaskCache(site.data).load(second)))
        )
    site.peer.fault(path=EVERYTHING, status=500)
    async with site.agent() as agent:  # what is on disk opens with the new one
        await site.run(agent, task)
        site.peer.cure()


async def test_a_batch_that_core_refuses_is_set_aside_and_the_rest_goes(site):
    """A fault that names the payload (400) is no reason to try for ever, and none to lose more than it."""
    async with site.agent(tasks=LOCAL) as agent:
        await until(lambda: site.peer.samples("probe_value"))
        link = core_of(agent).link
        assert link.reports.tally.refused == 0
        site.peer.fault(
            path="/api/v1/data/ingest", count=1, status=400, body='{"code":40001,"message":"bad"}'
        )
        delivered = agent.stations.buffer.ledger.account("core").delivered
        await until(lambda: agent.stations.buffer.ledger.account("core").delivered > delivered)


async def test_stopping_while_core_hangs_ends_in_time(sane):
    """A call that never comes back holds nobody: a few seconds for last words, and no more."""
    task = sane.assign()
    hybrid = {"mode": "hybrid", "direct": {"recorder": {}}}
    async with sane.agent(core={"timeout": "500ms"}, sender=hybrid) as agent:
        await sane.run(agent, task)
        sane.peer.fault(path=EVERYTHING, latency_ms=3_500, status=500)
        await sane.run(agent, task)
        async with asyncio.timeout(60):
            await agent.stop()
    sane.peer.cure()


@pytest.mark.parametrize("ending", ["stop", "reload"])
async def test_a_report_under_way_at_the_end_arrives_once(sane, ending):
    """Its answer is waited for; nobody asks Core a second time."""
    task, faults = sane.assign(), sane.peer.core.faults
    async with sane.agent() as agent:
        await sane.run(agent, task)
        await until(lambda: sane.peer.runs(task))
        sane.peer.fault(path="/api/v1/sentinel-tasks/", latency_ms=300, count=1)
        sane.peer.fault(path="/api/v1/sentinel-tasks/", status=503, count=1)
        await sane.run(agent, task)
        await until(lambda: len(faults.active) == 1)
        if ending == "reload":
            sane.configure(heartbeat={"interval": "200ms"})
            assert await agent.reload()
    assert len(sane.peer.runs(task)) == 2
    assert len(faults.active) == 1
    sane.peer.cure()


async def test_the_first_answer_after_an_outage_ends_the_pauses_of_all(sane):
    """They have grown to a minute; only the heartbeat looks again all the time."""
    patient = {"mode": "core", "retry_interval": "1m", "breaker": {"failures": 1, "reset": "1m"}}
    task = sane.assign()
    with Relay("127.0.0.1", urlsplit(sane.peer.address).port) as way:
        here = {"url": f"http://127.0.0.1:{way.port}"}
        async with sane.agent(core=here, sender=patient) as agent:
            await sane.run(agent, task)
            await until(lambda: sane.states(sane.device(task)) and sane.peer.runs(task))
            await until(lambda: agent.stations.buffer.waiting("core") == 0)
            way.refuse()
            await until(lambda: core_of(agent).link.heartbeat.failed)
            await sane.run(agent, task)
            await until(lambda: agent.stations.sender.status()["core"].until_ms)
            way.listen()
            await until(lambda: len(sane.peer.runs(task)) == 2)
            await until(lambda: agent.stations.buffer.waiting("core") == 0)
            await until(lambda: len(sane.states(sane.device(task))) == 2)


async def test_states_outlive_a_reload_that_links_anew(sane):
    """A device that is looked at once a day stays known: Core would take it for lost after five minutes."""
    task = sane.assign()
    async with sane.agent() as agent:
        await sane.run(agent, task)
        await until(lambda: len(sane.states(sane.device(task))) == 1)
        sane.configure(heartbeat={"interval": "200ms"})
        assert await agent.reload()
        await until(lambda: sane.states(sane.device(task)) == [1, 1])


async def test_reports_outlive_a_reload_that_links_anew(sane):
    """Those that wait go on waiting, in their order, and arrive."""
    task = sane.assign()
    async with sane.agent() as agent:
        await sane.run(agent, task)
        await until(lambda: sane.peer.runs(task))
        first = core_of(agent).link
        sane.peer.fault(path="/api/v1/sentinel-tasks/", status=500)
        await sane.run(agent, task, task)
        sane.configure(heartbeat={"interval": "200ms"})
        assert await agent.reload()
        assert core_of(agent).link is not first
        sane.peer.cure()
        await until(lambda: len(sane.peer.runs(task)) == 3)
