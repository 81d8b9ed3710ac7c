"""`sentinel plugins check`, apart from processes: orbital-plugin-grpc has it through the wire."""

from pathlib import Path

import pytest

from orbital_runtime.directory.search import search
from orbital_runtime.plugins.registry import Registry
from orbital_sdk import DeviceFields, Metric, Plugin, PluginConfig
from orbital_sentinel.errors import Misuse
from orbital_sentinel.run.plugin_check import findings, plugin_of


class Device(DeviceFields):
    host: str
    """Where it is."""


class Good(Plugin[Device, PluginConfig]):
    name = "good"
    summary = "A plugin that keeps its contract"
    celsius = Metric("celsius", "Temperature", unit="celsius")

    async def collect(self, device, ctx):
        return [self.celsius(21.5)]


class Undeclared(Good):
    name = "undeclared"

    async def collect(self, device, ctx):
        return [Metric("fahrenheit", "Temperature")(70.7)]


class Receiver(Good):
    name = "receiver"

    async def serve(self, device, emit):
        raise NotImplementedError


async def test_what_a_plugin_breaks_is_said():
    """Nothing of a good one; of another one what to change."""
    assert await findings(Good, {"host": "here"}, {}) == ""
    assert "'fahrenheit' is not declared" in await findings(Undeclared, {"host": "here"}, {})


@pytest.mark.parametrize(
    ("plugin", "given", "words"),
    [
        (Good, {"device": {"hots": "x"}}, "-o hots: unknown key; did you mean host?"),
        (Good, {"config": {"x": 1}}, "-s x: unknown key"),
        (Good, {"unreachable": {"host": []}}, "--unreachable host: "),
        (Receiver, {}, "--speak COMMAND"),
    ],
)
async def test_what_it_is_given_has_to_fit(plugin, given, words):
    """Before anything is started, and in the words of the command line."""
    device, config = given.pop("device", {"host": "here"}), given.pop("config", {})
    with pytest.raises(Misuse) as caught:
        await findings(plugin, device, config, **given)
    assert words in str(caught.value)


DOCS = Path(__file__).parents[3] / "docs/directory-plugins.md"


@pytest.fixture
def pump(tmp_path):
    """The program of docs/directory-plugins.md."""
    _, program = DOCS.read_text().split("## A program\n", 1)
    folder = tmp_path / "plugins/pump"
    folder.mkdir(parents=True)
    (folder / "plugin.yaml").write_text(program.split("```yml\n")[1].split("```")[0])
    script = folder / "pump.py"
    script.write_text('#!/bin/sh\necho \'{"name": "pump_speed", "value": 7}\'\n')
    for path in (folder.parent, folder, script):
        path.chmod(0o755)
    return folder


async def test_the_program_of_the_documentation_keeps_its_contract(pump):
    """By its folder, and by its name as `plugins list` has it."""
    registry = Registry.discover()
    (found,) = search(pump.parent, registry)
    registry.put(found.plugin, source=str(pump), version=found.version)
    for place in (str(pump), "pump"):
        assert await findings(plugin_of(place, registry), {"host": "h"}, {}) == ""


async def test_what_a_folder_lacks_is_said_in_its_own_words(pump):
    """The plugin's name, and the key of its plugin.yaml."""
    file = pump / "plugin.yaml"
    file.write_text(file.read_text().replace(", description: Name or address", ""))
    told = await findings(plugin_of(str(pump), Registry.discover()), {"host": "h"}, {})
    assert told.startswith("pump breaks its contract")
    assert "Device.host has no description; in a plugin.yaml give it a `description:`" in told
