"""A plugin of which only a manifest is known."""

import pytest

from orbital_plugin_host.remote.offered import offered
from orbital_sdk import ConfigurationError, wire
from orbital_sdk.calling.invoke import collects_beside, receives
from orbital_sdk.loader import NotKnownYet
from orbital_sdk.wire import answers, calls
from orbital_sdk.wire.manifests import Described, Field, Manifest

MANIFEST = Manifest(
    {"name": "ups", "version": "1.0", "description": "ACME UPS units"},
    {},
    (),
    device_fields=(Field("host", "string", required=True),),
    metrics=(Described("ups_load_ratio", "gauge", "ratio", "Load", ("outlet",)),),
)


class Fleet:
    """One process, which a test plays."""

    def __init__(self, asked):
        self.asked = asked

    def of(self, _):
        return self

    def ready(self, _):
        return self.asked

    async def add(self, instance):
        pass

    async def remove(self, instance):
        pass


@pytest.fixture
async def ups(greeted, host):
    """A started plugin, a device of it, and the program."""
    program, asked = await greeted()
    cls = offered(answers.Offer("plugin", "ups", MANIFEST), Fleet(asked))
    plugin = cls(cls.config_model())
    await plugin.start(host)
    return plugin, cls.device_model(host="ups1"), program


async def test_what_it_says_of_itself_is_its_class(ups):
    """Name, summary, metrics and fields."""
    plugin, device, _ = ups
    assert (plugin.name, plugin.summary) == ("ups", "ACME UPS units")
    assert [metric.name for metric in plugin.declared_metrics()] == ["ups_load_ratio"]
    assert device.host == "ups1"


async def test_what_it_states_of_a_device_is_asked_once(ups):
    """Who wants to know it before can wait for that; the program keeps no session of it."""
    plugin, device, program = ups
    with pytest.raises(NotKnownYet) as unknown:
        plugin.exclusive(device)
    asked = await program.next(calls.Device)
    assert asked.fields == {"host": "ups1"}
    program.give(answers.Facts(asked.call, "ups1:3493", "bus-1"))
    await unknown.value.known()
    assert (plugin.target(device), plugin.exclusive(device)) == ("ups1:3493", "bus-1")
    assert (await program.next(calls.Close)).session == asked.session


async def test_a_refusal_is_asked_for_again(ups):
    """It may work the next time."""
    plugin, device, program = ups
    for _ in range(2):
        with pytest.raises(NotKnownYet) as unknown:
            plugin.exclusive(device)
        asked = await program.next(calls.Device)
        refusal = wire.packed(ConfigurationError("no such unit", field="host"))
        program.give(answers.Failed(asked.call, refusal))
        program.said.clear()
        await unknown.value.known()
        with pytest.raises(ConfigurationError, match="no such unit"):
            plugin.exclusive(device)


@pytest.mark.parametrize("beside", [True, False])
def test_a_receiver_may_be_collected_beside(beside):
    """If its offer says so."""
    offer = answers.Offer("plugin", "ups", MANIFEST, serves=True, collects=beside)
    cls = offered(offer, Fleet(None))
    assert (receives(cls), collects_beside(cls)) == (True, beside)


def test_a_writer_is_no_plugin():
    """It says so."""
    with pytest.raises(ConfigurationError, match="is a writer, and not a plugin"):
        offered(answers.Offer("writer", "ups", MANIFEST), Fleet(None))
