"""A disk that does not answer for a while, under a running agent: it holds nothing but itself.

`ORBITAL_STORAGE_KILLS` sets how often the storage process is killed (20).
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil
import pytest

from orbital_testbench import Answer, DiskFaults, Fault, wait_until

KILLS = int(os.environ.get("ORBITAL_STORAGE_KILLS", "20"))
LONG = 600.0
"""Seconds that a call is held; it goes on as soon as the fault is cleared."""
CODE = """\
from orbital_sdk import DeviceFields, Metric, Plugin, PluginConfig

VALUE = Metric("clock_value", "A value", labels=("of",))


class Quick(Plugin[DeviceFields, PluginConfig]):
    name = "quick"

    async def collect(self, device, ctx):
        yield VALUE(1, of="quick")
"""


@pytest.fixture
def faults(sentinel, tmp_path):
    with DiskFaults(tmp_path / "faults", beneath=sentinel.folder / "buffer") as made:
        yield made


@pytest.fixture
def agent(sentinel, sink, faults):
    """An agent that collects five times a second, on a disk that is about to stall."""
    sink.default = Answer(204)
    sentinel.install("quick-plugin", CODE, quick="Quick")
    sentinel.configure(
        buffer={"type": "disk", "disk_path": str(sentinel.folder / "buffer"), "min_free": 0},
        sender={"direct": {"prometheus": {"url": sink.url, "flush_interval": "100ms"}}},
        tasks=[{"id": f"t{n}", "plugin": "quick", "interval": "1s"} for n in range(5)],
    )
    return sentinel


def trouble(agent):
    return agent.told("/api/v1/buffer")["trouble"]


def more(agent, figure, by):
    """Return when this figure of the ledger has grown."""
    before = agent.account("prometheus").get(figure, 0)
    wait_until(
        lambda: agent.account("prometheus").get(figure, 0) >= before + by,
        what=f"{by} more {figure}", timeout=30,
    )  # fmt: skip


def goes_on(agent):
    """Collecting, delivering, and every page."""
    wait_until(lambda: "has not answered for" in trouble(agent), what="word of the disk")
    more(agent, "accepted", 40)
    more(agent, "delivered", 40)
    assert agent.get("/healthz")[0] == 200
    assert "the disk has not answered for" in agent.get("/readyz")[1]
    missed = [v for k, v in agent.metrics().items() if k.startswith("sentinel_task_missed_total")]
    assert not any(missed)


def adds_up(agent):
    account = agent.account("prometheus")
    gone = account["delivered"] + account["waiting"] + account["dead_lettered"]
    assert account["accepted"] == gone + sum(account["dropped"].values())
    assert not any(account["dropped"].values())


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_disk_that_stalls_holds_nothing_else(agent, faults, call):
    """One call of it is held: no tick is missed, samples are delivered out of memory, pages answer and say
    why; then the disk has everything, and a SIGTERM ends it.
    """
    agent.start("--config", "config.yaml", **faults.environ)
    more(agent, "delivered", 20)
    faults.set(Fault(call, delay=LONG))
    goes_on(agent)
    faults.clear()
    wait_until(lambda: not trouble(agent), what="an end of the trouble")
    more(agent, "delivered", 20)
    adds_up(agent)
    assert agent.end(signal.SIGTERM) == 0


@pytest.mark.parametrize("call", ["open", "read"])
def test_a_disk_that_stalls_at_the_start(agent, faults, sink, call):
    """The agent starts without its database and collects; what was there before is adopted and delivered."""
    sink.default = Answer(503)
    agent.start("--config", "config.yaml", **faults.environ)
    more(agent, "accepted", 40)
    before = agent.account("prometheus")["accepted"]
    agent.end(signal.SIGKILL)
    sink.default = Answer(204)
    faults.set(Fault(call, delay=LONG))
    agent.start("--config", "config.yaml", **faults.environ)
    goes_on(agent)
    faults.clear()
    wait_until(
        lambda: not trouble(agent) and agent.account("prometheus")["accepted"] > before,
        what="the database",
    )
    wait_until(lambda: agent.account("prometheus")["waiting"] < 40, what="what waited")
    adds_up(agent)
    assert agent.end(signal.SIGTERM) == 0


def test_an_agent_starts_while_the_disk_holds_the_storage_process_of_the_last_one(
    agent, sink, tmp_path
):
    """That one has the database locked until the disk answers it: the agent collects meanwhile, says that it
    has no database, and then has all that was accepted before.
    """
    beneath = agent.folder / "buffer"
    with DiskFaults(tmp_path / "orphans", beneath=beneath, orphans=True) as faults:
        agent.start("--config", "config.yaml", **faults.environ)
        sink.default = Answer(503)
        more(agent, "accepted", 20)
        before = agent.account("prometheus")["accepted"]
        faults.set(Fault("write", delay=LONG, match="*.log"))
        wait_until(lambda: faults.count("write"), what="a write that is held")
        agent.end(signal.SIGKILL)
        agent.start("--config", "config.yaml")
        wait_until(lambda: trouble(agent), what="word of it")
        more(agent, "accepted", 20)
    wait_until(
        lambda: not trouble(agent) and agent.account("prometheus")["accepted"] >= before + 20,
        what="the database",
    )
    account = agent.account("prometheus")
    counted = [account[k] for k in ("delivered", "waiting", "dead_lettered")]
    assert account["accepted"] == sum(counted) + sum(account["dropped"].values())


def test_a_stop_does_not_wait_for_a_disk_that_does_not_answer(agent, faults):
    """SIGTERM ends it in seconds; what the disk never got is said, and counted as stopped."""
    agent.start("--config", "config.yaml", **faults.environ)
    more(agent, "delivered", 20)
    faults.set(Fault("write", delay=LONG))
    wait_until(lambda: "has not answered for" in trouble(agent), what="word of the disk")
    assert agent.end(signal.SIGTERM) == 0
    assert "the disk does not answer; no longer waiting for it" in agent.log.read_text()


def storage_of(feeder):
    """The process that has its database open, if it runs now."""
    children = psutil.Process(feeder.process.pid).children()
    return next((c for c in children if c.status() != psutil.STATUS_ZOMBIE), None)


def test_a_storage_process_that_dies_loses_nothing(feed, drained, sink, tmp_path):
    """Killed again and again with sends in flight: it is started anew each time, what it had not synced is
    written again, and every accepted batch arrives.
    """
    feeder = feed(tmp_path / "buffer", sink.url, tick=0.05, min_free=0, pause=0.002)
    for _ in range(KILLS):
        feeder.has(len(feeder.accepted) + 10)
        wait_until(lambda: storage_of(feeder) is not None, what="a storage process", every=0.01)
        storage_of(feeder).kill()
    feeder.has(len(feeder.accepted) + 10)
    feeder.end(signal.SIGKILL)
    assert "the storage process was ended by SIGKILL" in feeder.said
    ledger = drained(tmp_path / "buffer", sink)
    assert set(feeder.accepted) <= set(sink.received)
    assert not any(ledger["dropped"].values())
    assert not Path(tmp_path / "buffer/quarantine").exists()
