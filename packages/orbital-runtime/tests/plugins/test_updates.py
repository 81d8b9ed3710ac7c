"""Plugins that go over to processes of their own while the agent runs."""

import logging
from typing import ClassVar

import pytest

from orbital_runtime.model import Task
from orbital_runtime.plugins.installed import Installed
from orbital_runtime.plugins.instances import Instances
from orbital_runtime.plugins.placement import Choice, Placement
from orbital_runtime.plugins.registry import Registry
from orbital_runtime.plugins.shared import Patience
from orbital_runtime.plugins.updates import CAUGHT, Updates
from orbital_sdk import ConfigurationError, DeviceFields, Plugin, PluginConfig
from orbital_sdk.loader import Loader, ProcessState


class Ups(Plugin[DeviceFields, PluginConfig]):
    name = "ups"

    def collect(self, device, ctx):
        return []


class Apart(Ups):
    """As a loader makes it."""

    version = "2.0"
    down = ""

    @classmethod
    def processes(cls):
        return [ProcessState(17, cls.version, cls.down, parked=False, restarts=0)]


class Packages(Placement):
    """A test says what is installed."""

    now = None

    def installed(self, name):
        return self.now


class Looking(Updates):
    """Of such a placement."""

    @property
    def installed(self):
        return self._placement.now

    @installed.setter
    def installed(self, now):
        self._placement.now = now


class Host(Loader):
    """The loader of installed plugins."""

    name = "host"

    def load(self, folder, description):
        assert description["plugin"] == "ups"
        return Apart


TASK = Task("t", "d", "ups", DeviceFields(), PluginConfig(), 10, 5)


@pytest.fixture
async def make():
    made = []

    async def make(isolation="auto", check=None, loaders=(Host,), *, automatic=True):
        async def well(_):
            pass

        registry = Registry.of(plugins=[Ups], loaders=loaders)
        placement = Packages(registry, lambda _: Choice(isolation))
        instances = Instances(registry, patience=Patience(linger=0.0), cls=placement.cls)
        made.append(instances)
        await instances.acquire(TASK)
        updates = Looking(placement, instances, check or well, automatic=lambda: automatic)
        return updates, instances

    yield make
    for instances in made:
        await instances.stop_all()


async def moved(updates):
    for moving in [*updates._moving]:
        await moving


async def test_a_plugin_that_was_caught_three_times_is_moved(make, caplog):
    """Without anybody asking; and that is said."""
    caplog.set_level(logging.WARNING)
    updates, instances = await make()
    for times in range(1, CAUGHT + 1):
        assert type(instances.get(TASK)) is Ups
        updates.caught("ups")
        await moved(updates)
        assert ("ups" in updates.moved) == (times == CAUGHT)
    assert type(instances.get(TASK)) is Apart
    assert "runs in a process of its own: it blocked the event loop 3 times" in caplog.text
    (placed,) = updates.placed()
    assert (placed.loaded, [one.pid for one in placed.processes]) == ("2.0", [17])


@pytest.mark.parametrize(
    "how", [{"isolation": "none"}, {"loaders": ()}], ids=["none", "no package"]
)
async def test_a_plugin_that_may_not_be_moved_stays(make, how):
    """Settings say so, or there is no package that could."""
    updates, instances = await make(**how)
    for _ in range(2 * CAUGHT):
        updates.caught("ups")
    await moved(updates)
    assert type(instances.get(TASK)) is Ups
    assert not updates.failed


async def test_a_version_that_is_not_fit_is_rolled_back(make):
    """The old one goes on, and why is remembered until an update succeeds."""
    unfit = True

    async def check(_):
        if unfit:
            raise ConfigurationError("the device cannot be read")

    updates, instances = await make(check=check)
    with pytest.raises(ConfigurationError, match="plugin ups was not updated: the device cannot"):
        await updates.reload("ups")
    assert type(instances.get(TASK)) is Ups
    assert updates.failed == {"ups": "the device cannot be read"}
    unfit = False
    assert "plugin ups 2.0 runs in a process of its own" in await updates.reload("ups")
    assert type(instances.get(TASK)) is Apart
    assert not updates.failed


async def test_processes_need_their_package(make):
    """It is named."""
    updates, _ = await make(loaders=())
    with pytest.raises(ConfigurationError, match="pip install orbital-plugin-host"):
        await updates.reload("ups")


async def test_a_plugin_begins_where_settings_say(make):
    """Its first instance is in a process already."""
    _, instances = await make("process")
    assert type(instances.get(TASK)) is Apart


class Newer(Apart):
    """Of the next version."""

    version = "3.0"


class Upgraded(Host):
    """Each start is of what is installed then."""

    left: ClassVar[list[type]] = []

    def load(self, folder, description):
        return self.left.pop(0)


async def test_processes_go_over_to_what_is_installed(make):
    """At the next look, without being asked; a version that is refused is tried once, until its files are
    others.
    """
    tried = 0

    async def check(_):
        nonlocal tried
        tried += 1
        if tried == 1:
            raise ConfigurationError("the device cannot be read")

    Upgraded.left = [Apart, Newer, Newer]
    updates, instances = await make("process", check, (Upgraded,))
    for version, record, tries, runs in [
        ("2.0", 1, 0, Apart), ("3.0", 2, 1, Apart), ("3.0", 2, 1, Apart), ("3.0", 3, 2, Newer),
    ]:  # fmt: skip
        updates.installed = Installed(version, record)
        await updates.look()
        assert (tried, type(instances.get(TASK))) == (tries, runs)
        assert bool(updates.failed) == (tries == 1)


async def test_what_is_put_right_is_tried_where_nothing_runs(make):
    """The process of before ended, the refused version does not start, and the version of before is back."""
    fit = False

    async def check(_):
        if not fit:
            raise ConfigurationError("the device cannot be read")

    class Ended(Apart):
        down = "did not start"

    Upgraded.left = [Ended, Newer, Apart]
    updates, instances = await make("process", check, (Upgraded,))
    updates.installed = Installed("3.0", 1)
    await updates.look()
    fit = True
    updates.installed = Installed("2.0", 2)
    await updates.look()
    assert type(instances.get(TASK)) is Apart


async def test_a_refused_version_that_runs_is_told(make):
    """A process was started again, and the version of before was gone."""

    async def unfit(_):
        raise ConfigurationError("the device cannot be read")

    updates, _ = await make("process", unfit)
    updates.installed = Installed("3.0", 1)
    await updates.look()
    (placed,) = updates.placed()
    assert not updates.refused(placed)
    (process,) = placed.processes
    again = placed._replace(processes=[process._replace(version="3.0", restarts=1)])
    assert updates.refused(again) == "3.0"


@pytest.mark.parametrize(
    "how", [{"isolation": "none"}, {"isolation": "process", "automatic": False}]
)
async def test_what_does_not_go_over_by_itself_is_told(make, how, caplog):
    """In the agent, or where settings say so: once."""
    caplog.set_level(logging.INFO)
    updates, instances = await make(**how)
    runs = type(instances.get(TASK))
    updates.installed = Installed("9.0", 1)
    for _ in range(2):
        await updates.look()
    assert type(instances.get(TASK)) is runs
    (told,) = [one for one in caplog.messages if "9.0 is installed" in one]
    assert "sentinel plugins reload ups" in told


async def test_one_whose_folder_is_gone_goes_on_until_its_last_instance_ends(make):
    """Nothing that lists what runs fails meanwhile: health, systemd's signs of life, a look for versions."""
    updates, _ = await make("none")
    updates._placement._registry.remove("ups")
    (placed,) = updates.placed()
    assert not placed.is_outdated
    await updates.look()
