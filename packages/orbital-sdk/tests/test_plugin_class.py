"""The bases of plugins, writers and processors."""

from typing import Generic, TypeVar

import pytest
from pydantic import SecretStr

from orbital_sdk import (
    Attempt,
    DeviceFields,
    Host,
    Metric,
    Plugin,
    PluginConfig,
    Port,
    Processor,
    ProcessorConfig,
    Writer,
    WriterConfig,
)
from orbital_sdk.calling.invoke import receives
from orbital_sdk.testing import FakeHost, make_context, make_layout

D = TypeVar("D", bound=DeviceFields)


class Device(DeviceFields):
    host: Host
    port: Port | None = None


class Other(Device):
    pass


class Config(PluginConfig):
    pass


class Ups(Plugin[Device, Config]):
    name = "ups"
    charge = Metric("charge", "Charge")
    load = Metric("load", "Load")


class Site(DeviceFields):
    url: str
    password: SecretStr | None = None


class Web(Plugin[Site, PluginConfig]):
    name = "web"


def test_models_come_from_the_square_brackets():
    """An author names the models once."""
    assert (Ups.device_model, Ups.config_model) == (Device, Config)


def test_models_come_through_generic_bases_too():
    """A family of plugins may share a base that leaves one of the models open."""

    class Base(Plugin[D, Config], Generic[D]):
        pass

    class Leaf(Base[Device]):
        pass

    assert (Leaf.device_model, Leaf.config_model) == (Device, Config)


def test_a_subclass_may_set_a_model_itself():
    """What a class body says wins over what its base had in brackets."""

    class Special(Ups):
        device_model = Other

    class Plain(Ups):
        pass

    assert (Special.device_model, Plain.device_model) == (Other, Device)


def test_models_default_to_no_fields_at_all():
    """A plugin that needs no settings names none."""

    class Bare(Plugin[DeviceFields, PluginConfig]):
        pass

    assert (Bare.device_model, Bare.config_model) == (DeviceFields, PluginConfig)


def test_declared_metrics_are_the_class_attributes():
    """Those of bases first; one that a subclass overrides or takes away counts as the subclass says."""
    other = Metric("other", "Other")

    class Less(Ups):
        load = None
        more = other

    assert [m.name for m in Ups.declared_metrics()] == ["charge", "load"]
    assert Less.declared_metrics() == (Ups.charge, other)
    assert Less(Config()).metrics() == Less.declared_metrics()


@pytest.mark.parametrize(
    ("fields", "target"),
    [
        ({"host": "ups.example", "port": 3493}, "ups.example:3493"),
        ({"host": "ups.example"}, "ups.example"),
        ({"host": "::1", "port": 1}, "[::1]:1"),
        ({"host": "::1"}, "::1"),
    ],
)
def test_the_target_is_what_people_call_the_device(fields, target):
    """Host and port as one writes them, IPv6 in brackets."""
    assert Ups(Config()).target(Device.model_validate(fields)) == target


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://a.example/x?q=1", "https://a.example/x?q=1"),
        ("https://me:sesame@a.example/x", "https://a.example/x"),
        ("https://me@a.example", "https://a.example"),
        ("https://a.example/@me", "https://a.example/@me"),
    ],
)
def test_a_url_goes_without_user_and_password(url, target):
    """The target becomes a label that everybody may read."""
    assert Web(PluginConfig()).target(Site(url=url)) == target


def test_a_device_without_address_has_an_empty_target():
    """A plugin that reads this very machine needs none."""

    class Local(Plugin[DeviceFields, PluginConfig]):
        pass

    assert Local(PluginConfig()).target(DeviceFields()) == ""


async def test_everything_but_collect_has_a_default():
    """The least plugin is one class with one method, and says so if that is missing."""
    plugin, device = Ups(Config()), Device(host="a")
    await plugin.start(FakeHost())
    await plugin.stop()
    plugin.validate_device(device)
    assert plugin.exclusive(device) is None
    with pytest.raises(NotImplementedError, match="'ups' has no collect"):
        plugin.collect(device, make_context())
    with pytest.raises(NotImplementedError, match="'ups' has no serve"):
        await plugin.serve(device, emit=None)
    with pytest.raises(NotImplementedError):
        await plugin.test_connection(device, make_context())


async def test_who_serves_is_a_receiver():
    """Nothing else has to be said."""

    class Listens(Ups):
        async def serve(self, device, emit): ...

    assert (receives(Listens), receives(Ups)) == (True, False)


class Settings(WriterConfig):
    url: str = "x"


class Target(Writer[Settings]):
    name = "target"


async def test_a_writer_has_its_model_and_defaults():
    """Start, stop and address need no code; write says if it is missing."""
    writer = Target(Settings())
    await writer.start(FakeHost())
    await writer.stop()
    await writer.stop()
    assert (Target.config_model, writer.address) == (Settings, "")
    assert (Target.takes_stale_markers, Target.takes_old_samples) == (False, True)
    with pytest.raises(NotImplementedError, match="'target' has no write"):
        writer.write([], Attempt())


class Rules(ProcessorConfig):
    pass


class Same(Processor[Rules]):
    name = "same"


async def test_a_processor_needs_only_a_plan():
    """Start, stop and flush need no code; plan says if it is missing."""
    processor = Same(Rules())
    assert Same.config_model is Rules
    await processor.start(FakeHost())
    await processor.stop()
    await processor.stop()
    assert list(processor.flush(0, last=True)) == []
    with pytest.raises(NotImplementedError, match="'same' has no plan"):
        processor.plan(make_layout(1))
