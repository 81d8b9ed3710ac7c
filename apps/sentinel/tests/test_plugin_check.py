"""`sentinel plugins check`, apart from processes: orbital-plugin-grpc has it through the wire."""

import pytest

from orbital_sdk import DeviceFields, Metric, Plugin, PluginConfig
from orbital_sentinel.errors import Misuse
from orbital_sentinel.run.plugin_check import findings


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
