"""Samples and states that Core breaks over, or that a proxy before it finds too large."""

from __future__ import annotations

import base64
import random

import pytest

from orbital_gravital.credentials import load
from orbital_sdk import Metric, Plugin, PluginConfig

from .conftest import Host, until

INGEST = "/api/v1/data/ingest"
TEXTS = ("one", "two", "three")
ROWS = 600


class Wordy(Plugin[Host, PluginConfig]):
    """Labels that no gzip makes small: two megabytes of them at once."""

    name = "wordy"
    words = Metric("wordy_words", "One", labels=("row", *TEXTS))

    async def collect(self, device, ctx):
        dice = random.Random(1)
        for row in range(ROWS):
            texts = [base64.b64encode(dice.randbytes(750)).decode() for _ in TEXTS]
            yield self.words(1.0, str(row), *texts)


def local(name: str, plugin: str = "probe", interval: str = "200ms"):
    return {
        "id": name,
        "device_id": name,
        "plugin": plugin,
        "interval": interval,
        "config": {"host": name},
    }


def states_of(site):
    return {one["labels"]["device_id"] for one in site.peer.samples("device_status")}


@pytest.mark.parametrize(
    "fault",
    [
        {"contains": '"bad"', "body": ""},
        {
            "contains": '"probe_value","type":"gauge","labels":{"device_id":"bad"',
            "body": '{"code":10001,"message":"ERROR: invalid (SQLSTATE 22021)"}',
        },
    ],
    ids=["panic", "database"],
)
async def test_samples_that_core_breaks_over_are_found_and_all_others_arrive(sane, fault):
    """At once where the server panics, and after ten equal answers where it says 500 in words."""
    sane.peer.fault(path=INGEST, status=500, **fault)
    quick = {
        "mode": "core",
        "retry_interval": "10ms",
        "retry_max_interval": "20ms",
        "breaker": {"reset": "10ms"},
    }
    tasks = [local("good"), local("bad", interval="1s"), local("fine")]
    async with sane.agent(tasks=tasks, sender=quick) as agent:
        account = agent.stations.buffer.ledger.account("core")
        await until(lambda: account.dead_lettered > 0)
        told = len(sane.peer.samples("probe_value"))
        await until(lambda: len(sane.peer.samples("probe_value")) > told)
        await until(lambda: states_of(sane) >= {"good", "fine"})
        assert account.dropped.total() == 0
    devices = {one["labels"]["device_id"] for one in sane.peer.samples("probe_value")}
    assert devices == {"good", "fine"}
    assert ("bad" in states_of(sane)) is bool(fault["body"])


async def test_a_full_forward_channel_is_no_fault_of_the_samples(sane):
    """Nothing is set aside, however often it says so; all arrive once there is room."""
    async with sane.agent(tasks=[local("good")]) as agent:
        account = agent.stations.buffer.ledger.account("core")
        await until(lambda: sane.peer.samples("probe_value"))
        full = '{"code":10001,"message":"failed to forward metrics: buffer is full"}'
        sane.peer.fault(path=INGEST, status=500, body=full)
        await until(lambda: agent.stations.sender.status()["core"].until_ms is not None)
        left = agent.stations.sender.status()["core"].until_ms - agent.clock.utc_ms()
        assert left > 1000
        sane.peer.cure()
        agent.stations.sender.send_now("core")
        waiting = account.delivered
        await until(lambda: account.delivered > waiting)
        assert (account.dead_lettered, account.dropped.total()) == (0, 0)


async def test_what_is_too_large_for_a_proxy_is_halved_until_it_passes(sane, start_nginx):
    """An nginx as it comes: one megabyte, packed."""
    proxy = start_nginx(
        f"client_max_body_size 1m; location / {{ proxy_pass {sane.peer.address}; }}"
    )
    async with sane.agent(
        core={"url": proxy.url}, tasks=[local("talker", "wordy", "1h")], plugins=[Wordy]
    ) as agent:
        await agent.stations.scheduler.trigger("talker")
        account = agent.stations.buffer.ledger.account("core")
        await until(lambda: account.accepted > ROWS and account.waiting == 0)
        assert account.delivered == account.accepted
        assert agent.stations.sender.status()["core"].errors["too_large"] > 0
    assert {one["labels"]["row"] for one in sane.peer.samples("wordy_words")} == set(
        map(str, range(ROWS))
    )
    assert any(" 413 " in line for line in proxy.access_log)


async def test_states_of_many_devices_pass_a_small_door(sane, start_nginx):
    """Halved as samples are, and remembered."""
    proxy = start_nginx(
        f"client_max_body_size 2k; location / {{ proxy_pass {sane.peer.address}; }}"
    )
    names = {f"dev-{number}" for number in range(40)}
    async with sane.agent(core={"url": proxy.url}, tasks=[local(name) for name in sorted(names)]):
        await until(lambda: states_of(sane) == names)
    assert load(sane.folder / "who.yaml").core_url == proxy.url
