"""An extension takes part in everything that the port offers: `Depot` is one that is not Core."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import yaml

from orbital_runtime.agent import Agent
from orbital_runtime.plugins.registry import Registry
from orbital_runtime.settings import SettingsError, load
from orbital_runtime.telemetry import health
from orbital_runtime.telemetry.api import views
from orbital_runtime.telemetry.metrics.exposition import Metrics
from orbital_runtime.telemetry.server.connections import ConnectionLimits, Connections
from orbital_runtime_testing.depot import Depot
from orbital_runtime_testing.parts import Gauge, Store

URL = "https://depot.example"


class Site:
    """A folder, and an agent that knows the depot."""

    def __init__(self, folder) -> None:
        self.file = folder / "config.yaml"
        self.environ = {"XDG_DATA_HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
        self.registry = Registry.of(plugins=[Gauge], writers=[Store], extensions=[Depot])

    def configure(self, **sections: Any) -> None:
        usual = {"telemetry": {"enabled": False}, "buffer": {"flush_interval": 0}}
        self.file.write_text(yaml.safe_dump(usual | sections))
        self.file.chmod(0o600)

    def agent(self, **sections: Any) -> Agent:
        self.configure(**sections)
        loaded = load(self.file, self.environ, registry=self.registry)
        return Agent(loaded, self.registry, version="1", environ=self.environ)


@pytest.fixture
def site(tmp_path) -> Site:
    return Site(tmp_path)


async def until(condition) -> None:
    """Give the loop its turns until this is so."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 (states have no event)
            await asyncio.sleep(0.01)


async def test_it_hands_out_a_task_listens_and_delivers(site):
    """Its task runs beside the local one, it hears of both runs, and all samples get to its writer."""
    local = {"id": "a", "plugin": "gauge", "config": {"host": "h"}}
    agent = site.agent(depot={"url": URL, "hosts": ["h1"]}, tasks=[local])
    await agent.start()
    depot: Depot = agent.extensions["depot"]
    assert agent.settings.sender.mode == "depot"
    for key in ("a", "depot/h1"):
        await agent.stations.scheduler.trigger(key)
    assert {"runs a depot/h1", "a success", "depot/h1 success"} <= set(depot.log)
    await until(lambda: len({batch.layout.origin.task for batch in depot.writer.taken}) == 2)
    assert {id(batch.layout) for batch in depot.writer.taken} <= {id(b.layout) for b in depot.seen}
    status = agent.stations.sender.status()["depot"]
    assert (status.name, list(agent.stations.sender.status())) == ("depot", ["depot"])
    await agent.stop()
    assert depot.log[-1] == "stop"


async def test_it_chooses_among_all_tasks_and_names_the_sentinel(site):
    """A cluster shares devices so, and is one sentinel to whoever reads its samples."""
    tasks = [
        {"id": name, "plugin": "gauge", "config": {"host": "h"}} for name in ("a", "elsewhere")
    ]
    agent = site.agent(depot={"url": URL}, tasks=tasks)
    await agent.start()
    assert list(agent.stations.scheduler.states()) == ["a"]
    assert (agent.identity.id, agent.identity.name) == ("depot-id", "depot-name")
    await agent.stop()


async def test_it_follows_a_reload(site):
    """Another section is another list of tasks; in another mode its output gets nothing new."""
    agent = site.agent(depot={"url": URL, "hosts": ["h1"]})
    await agent.start()
    depot: Depot = agent.extensions["depot"]
    site.configure(
        depot={"url": URL, "hosts": ["h1", "h2"]},
        sender={"mode": "both", "direct": {"store": {"url": "u"}}},
    )
    assert any("depot.hosts" in line for line in await agent.reload())
    assert list(agent.stations.scheduler.states()) == ["depot/h1", "depot/h2"]
    assert list(agent.stations.sender.status()) == ["store"]
    site.configure(sender={"direct": {"store": {"url": "u"}}})
    await agent.reload()
    assert not agent.stations.scheduler.states()
    seen = len(depot.seen)
    assert agent.stations.engine.hand_over.witnesses == ()
    assert len(depot.seen) == seen
    await agent.stop()


async def test_it_tells_of_itself(site):
    """A section of the status, a metric, a reason, and tasks that cannot run."""
    agent = site.agent(depot={"url": f"{URL}/away", "hosts": ["h1"]})
    await agent.start()
    sources = agent.sources
    status = await views.status(sources)
    assert status["depot"] == {"address": f"{URL}/away"}
    assert [reason.reason for reason in health.reasons(sources)] == ["depot_away"]
    snapshot = await Metrics(sources, Connections(ConnectionLimits())).snapshot()
    assert "\nsentinel_depot_tasks 1.0\n" in snapshot.text().decode()
    listed = (await views.tasks(sources, limit=10))["tasks"]
    assert [(t["key"], t["source"], t["status"]) for t in listed] == [
        ("depot/h1", "depot", "pending"), ("depot/odd", "depot", "unusable"),
    ]  # fmt: skip
    assert listed[0].keys() == listed[1].keys()
    await agent.stop()


async def test_without_its_section_it_changes_nothing(site):
    """What is installed and not configured is not seen."""
    agent = site.agent(sender={"direct": {"store": {"url": "u"}}})
    await agent.start()
    assert (await views.status(agent.sources))["depot"] is None
    assert list(agent.stations.sender.status()) == ["store"]
    assert agent.stations.buffer.outputs() == ("store",)
    await agent.stop()


def problems(text: str, folder, registry: Registry) -> list[str]:
    file = folder / "config.yaml"
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load(file, {}, registry=registry)
    return [str(problem).removeprefix(f"{folder}/") for problem in caught.value.problems]


def test_a_section_of_an_extension_that_is_not_installed_is_refused_by_name(tmp_path):
    """With the package that brings it, as our extras know it; others are unknown keys as ever."""
    told = problems("core: {url: 'https://x'}\ndepot: {}\n", tmp_path, Registry.of())
    assert told[0] == (
        "config.yaml:1: core: is a section of an extension that is not installed; "
        "`pip install orbital-gravital`"
    )
    assert told[1].startswith("config.yaml:2: depot: unknown key; ")


def test_a_mode_of_an_extension_that_is_not_installed_is_refused(tmp_path):
    """Samples would go nowhere."""
    told = problems("sender: {mode: core}\n", tmp_path, Registry.of())
    assert told == ["config.yaml:1: sender.mode: must be direct; `pip install orbital-gravital`"]


@pytest.fixture
def broken(tmp_path) -> Registry:
    """As if orbital-gravital were installed, and its module gone."""
    info = tmp_path / "orbital_gravital-9.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: orbital-gravital\nVersion: 9\n")
    (info / "entry_points.txt").write_text("[orbital.extensions]\ncore = gone_for_good:Gone\n")
    return Registry.discover({}, path=[str(tmp_path)])


def test_an_extension_that_cannot_be_used_is_named_before_the_agent_does_something_else(
    site, broken
):
    """Without its section the configuration is right, and what it would have done is not done."""
    site.configure()
    notes = [str(note) for note in load(site.file, site.environ, registry=broken).notes]
    assert notes[0].startswith("core: extension 'core' of orbital-gravital 9: its import failed")


def test_sections_and_modes_of_an_extension_that_cannot_be_used_say_so(tmp_path, broken):
    """To install it again would not help."""
    told = problems("heartbeat: {}\nsender: {mode: hybrid}\n", tmp_path, broken)
    why = "`sentinel plugins list` says why orbital-gravital cannot be used"
    assert told == [
        f"config.yaml:1: heartbeat: is a section of an extension that cannot be used; {why}",
        f"config.yaml:2: sender.mode: must be direct; {why}",
    ]
