"""Who the agent is at which Core: tokens stay where they belong, and a lost identity costs no task."""

from __future__ import annotations

import pytest

from orbital_devcore.core import Core
from orbital_devcore.peer import Peer
from orbital_devcore.serving import serving
from orbital_gravital.credentials import load, load_for
from orbital_testbench import Answer, HostileServer

from .conftest import core_of, until

GIVEN = Answer(200, body=b'{"code":0,"data":{"sentinel_id":"s","api_token":"theirs","tasks":[]}}')


@pytest.fixture
def elsewhere():
    """Another Core."""
    core = Core()
    with serving(core) as address:
        yield Peer(address, core)


async def test_a_token_is_shown_only_to_the_core_that_gave_it(sane):
    """Another address in core.url is another Core: it is registered at, and gets none of the old secrets."""
    async with sane.agent() as agent:
        await until(lambda: core_of(agent).link.account.credentials)
    mine = load(sane.folder / "who.yaml")
    with HostileServer() as other:
        other.default = GIVEN
        async with sane.agent(core={"url": other.url}):
            await until(lambda: len(other.requests) > 3)
        secret = mine.api_token.get_secret_value()
        first, *_ = other.requests
        assert first.path == "/api/v1/sentinels/register"
        assert not any(
            secret in str(r.headers) or secret.encode() in r.body for r in other.requests
        )
        assert load(sane.folder / "who.yaml").core_url == other.url
    assert load_for(sane.folder / "who.yaml", sane.peer.address) == mine


async def test_a_redirect_is_not_followed(sane):
    """Neither with the token nor without: the address is what a person wrote."""
    with HostileServer() as other, HostileServer() as core:
        core.default = Answer(307, {"Location": f"{other.url}/api/v1/sentinels/register"})
        async with sane.agent(core={"url": core.url}) as agent:
            await until(lambda: "redirects are not followed" in core_of(agent).standing().trouble)
        assert other.requests == []


async def test_going_to_another_core_and_back_keeps_both_identities(sane, elsewhere):
    """By reloads. Tasks are of the Core that is there; reports for the other one are counted as dropped."""
    here, there = sane.assign(), elsewhere.task(elsewhere.device(), plugin_name="probe")
    async with sane.agent() as agent:
        states = agent.stations.scheduler.states()
        await sane.run(agent, here)
        await until(lambda: sane.peer.runs(here))
        mine = agent.identity.id
        sane.peer.fault(path="/api/v1/sentinel-tasks/", status=503)
        await sane.run(agent, here)
        waiting = core_of(agent).link.reports.waiting
        sane.configure(core={"url": elsewhere.address})
        await agent.reload()
        await until(lambda: list(states) == [f"core/{there}"])
        assert agent.identity.id == elsewhere.data("GET", "/api/v1/sentinels")[0]["sentinel_id"]
        assert core_of(agent).link.reports.tally.dropped >= waiting > 0
        sane.peer.cure()
        sane.configure()
        await agent.reload()
        await until(lambda: list(states) == [f"core/{here}"])
        assert agent.identity.id == mine
    assert len(sane.peer.data("GET", "/api/v1/sentinels")) == 1


async def test_a_401_to_the_list_of_tasks_registers_again_and_drops_none(site):
    """Once: the identity is confirmed by that."""
    task = site.assign()
    async with site.agent() as agent:
        states = agent.stations.scheduler.states()
        await until(lambda: f"core/{task}" in states)
        before = load(site.folder / "who.yaml").registered_at
        refusal = '{"code":20001,"message":"no","error":"Unauthorized"}'
        site.peer.fault(path="/api/v1/sentinel-tasks", status=401, body=refusal, count=1)
        await until(lambda: load(site.folder / "who.yaml").registered_at != before)
        assert f"core/{task}" in states


@pytest.mark.parametrize(
    "blocked", ["/api/v1/data/ingest", "/api/v1/sentinel-tasks/", "/api/v1/sentinels/heartbeat"]
)
async def test_a_403_to_one_kind_of_call_holds_up_no_other(sane, blocked):
    """As from a firewall for applications: registering again shows that Core knows us all the same."""
    task = sane.assign()
    patient = {"mode": "core", "retry_interval": "1h", "retry_max_interval": "1h"}
    async with sane.agent() as agent:
        await until(lambda: core_of(agent).link.account.credentials)
    async with sane.agent(sender=patient) as agent:
        heart = core_of(agent).link.heartbeat
        await sane.run(agent, task)
        await until(lambda: sane.peer.runs(task) and sane.peer.samples("probe_value"))
        sane.peer.fault(path=blocked, status=403, body="<html>blocked</html>")
        await sane.run(agent, task)
        await until(lambda: core_of(agent).link.account.confirmed)
        beats = heart.succeeded
        await sane.run(agent, task, task)
        if "ingest" not in blocked:
            await until(lambda: len(sane.peer.samples("probe_value")) == 4)
        if "tasks" not in blocked:
            await until(lambda: len(sane.peer.runs(task)) == 4)
        if "heartbeat" not in blocked:
            await until(lambda: heart.succeeded > beats + 2)
        sane.peer.cure()


async def test_an_empty_list_for_an_identity_that_core_lost_is_not_obeyed(site):
    """Unknown sentinels get one too; the tasks go on until there is an identity whose list counts."""
    task = site.assign()
    async with site.agent(heartbeat={"interval": "1h"}) as agent:
        states = agent.stations.scheduler.states()
        await until(lambda: f"core/{task}" in states)
        site.peer.fault(path="/api/v1/sentinels/register", status=503)
        site.peer.data("DELETE", f"/api/v1/sentinels/{agent.identity.id}")
        await until(lambda: core_of(agent).link.account.lost)
        assert (await agent.stations.scheduler.trigger(f"core/{task}")).up
        site.peer.cure()
        await until(lambda: not core_of(agent).link.account.lost)


async def test_what_a_registration_said_is_said_again(sane):
    """Name, region and labels that came with a command outlive the identity: Core replaces them each time."""
    said = {"name": "edge-1", "region": "bj", "labels": {"env": "prod"}}
    sane.configure(sentinel=said)
    async with sane.agent() as agent:
        await until(lambda: core_of(agent).link.account.credentials)
    sane.configure()
    async with sane.agent() as agent:
        sane.peer.data("DELETE", f"/api/v1/sentinels/{agent.identity.id}")
        await until(lambda: sane.peer.data("GET", "/api/v1/sentinels"))
    (known,) = sane.peer.data("GET", "/api/v1/sentinels")
    assert {name: known[name] for name in said} == said
