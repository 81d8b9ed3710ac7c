"""Core away, broken, or without a memory of us: collecting goes on, and nothing is lost."""

from __future__ import annotations

import asyncio

import pytest

from orbital_runtime.settings.credentials import load

from .conftest import Probe, until

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
        await until(lambda: sane.peer.runs(task))
        state = agent.stations.scheduler.states()[f"core/{task}"][1]
        sane.peer.fault(path=EVERYTHING, **fault)
        before = state.runs
        Probe.down.add("10.0.0.1")
        await until(lambda: state.runs > before + 1)
        Probe.down.clear()
        await until(lambda: state.last.up)
        sane.peer.cure()
        await until(lambda: len(sane.peer.runs(task)) >= state.runs, seconds=40)
        await until(lambda: agent.stations.buffer.waiting("core") == 0, seconds=40)
        device = agent.stations.scheduler.states()[f"core/{task}"][0].device_id
        await until(
            lambda: sane.peer.data("GET", f"/api/v1/devices/{device}")["status"] == "online",
            seconds=40,
        )
        account = agent.stations.buffer.ledger.account("core")
        assert (account.dead_lettered, account.dropped.total()) == (0, 0)


async def test_a_start_without_core_runs_the_tasks_that_were_known_last(site):
    """From the cache, which only these credentials open; the credentials outlive the failure (B-8)."""
    task = site.assign()
    async with site.agent():
        await until(lambda: site.peer.runs(task))
    who = (site.folder / "who.yaml").read_bytes()
    cache = site.folder / "data" / "orbital-sentinel" / "core-tasks"
    assert b"10.0.0.1" not in cache.read_bytes()
    assert cache.stat().st_mode & 0o777 == 0o600
    site.peer.fault(path=EVERYTHING, status=500)
    async with site.agent() as agent:
        state = agent.stations.scheduler.states()[f"core/{task}"][1]
        await until(lambda: state.runs > 1)
        site.peer.cure()
    assert (site.folder / "who.yaml").read_bytes() == who


async def test_a_lost_identity_is_renewed_and_the_file_with_it(site):
    """Heartbeats go on under the new one; the tasks of before are not given up on its account."""
    task = site.assign()
    async with site.agent() as agent:
        await until(lambda: site.peer.runs(task))
        first = load(site.folder / "who.yaml")
        site.peer.data("DELETE", f"/api/v1/sentinels/{first.sentinel_id}")
        await until(lambda: site.peer.data("GET", "/api/v1/sentinels"))
        await until(lambda: not agent.core.link.account.lost)
        second = load(site.folder / "who.yaml")
        assert second.api_token != first.api_token
        heard = agent.core.link.heartbeat.succeeded
        await until(lambda: agent.core.link.heartbeat.succeeded > heard)


async def test_a_batch_that_core_refuses_is_set_aside_and_the_rest_goes(site):
    """A fault that names the payload (400) is no reason to try for ever, and none to lose more than it."""
    async with site.agent(tasks=LOCAL) as agent:
        await until(lambda: site.peer.samples("probe_value"))
        link = agent.core.link
        assert link.reports.refused == 0
        site.peer.fault(
            path="/api/v1/data/ingest", count=1, status=400, body='{"code":40001,"message":"bad"}'
        )
        delivered = agent.stations.buffer.ledger.account("core").delivered
        await until(lambda: agent.stations.buffer.ledger.account("core").delivered > delivered)


async def test_stopping_while_core_hangs_ends_in_time(sane):
    """A call that never comes back holds nobody."""
    async with sane.agent(tasks=LOCAL, core={"timeout": "500ms"}) as agent:
        await until(lambda: sane.peer.samples("probe_value"))
        sane.peer.fault(path=EVERYTHING, latency_ms=4_000, status=500)
        await until(lambda: agent.stations.buffer.waiting("core") > 0)
        async with asyncio.timeout(25):
            await agent.stop()
    sane.peer.cure()


async def test_reports_outlive_a_reload_that_links_anew(sane):
    """Those that wait go on waiting, in their order, and arrive."""
    task = sane.assign()
    async with sane.agent() as agent:
        await until(lambda: sane.peer.runs(task))
        sane.peer.fault(path="/api/v1/sentinel-tasks/", status=500)
        state, first = agent.stations.scheduler.states()[f"core/{task}"][1], agent.core.link
        await until(lambda: first.reports.waiting > 0)
        sane.configure(heartbeat={"interval": "200ms"})
        assert await agent.reload()
        assert agent.core.link is not first
        runs = state.runs
        sane.peer.cure()
        await until(lambda: len(sane.peer.runs(task)) >= runs)
