"""Tasks as Core writes them, in every shape."""

from __future__ import annotations

import sys

import msgspec
import pytest

from orbital_gravital.errors import CoreUnavailable
from orbital_gravital.tasks.assigned import Assigned
from orbital_gravital.tasks.spec import MOST, CoreTask, Speaker, Unreadable, bind, entries, read
from orbital_http import Reply
from orbital_runtime.plugins.registry import Registry
from orbital_runtime.settings import Settings, SettingsError
from orbital_runtime.settings.validation.binding import Binder
from orbital_sdk import DeviceFields, Plugin, PluginConfig

from .conftest import entry

SNMP = {"type": "snmp_2c", "config": {"community": "secret"}}


class Fields(DeviceFields):
    host: str
    port: int = 161
    community: str = "public"


class Table(Plugin[Fields, PluginConfig]):
    name = "snmp"


class Neighbours(Plugin[Fields, PluginConfig]):
    name = "neighbours"
    metadata = {"protocols": ["snmp"]}  # noqa: RUF012 (as a stranger writes it)


class Page(DeviceFields):
    url: str


class Pages(Plugin[Page, PluginConfig]):
    name = "http"


class Strict(DeviceFields):
    url: str | None = None
    host: str | None = None


@pytest.fixture
def registry():
    return Registry.of(plugins=[Table, Neighbours, Pages])


@pytest.fixture
def binder(registry):
    return Binder(registry, Settings(), strict=False)


def test_a_list_of_too_many_entries_is_refused():
    """What is known of each is kept, so 200,000 are taken, and one more is not."""
    for many in (MOST, MOST + 1):
        tasks = b",".join([b'{"task_id":"t"}'] * many)
        answer = Reply(200, body=b'{"code":0,"data":{"tasks":[' + tasks + b"]}}")
        if many > MOST:
            with pytest.raises(CoreUnavailable, match="answered with 200,001 tasks; 200,000 fit"):
                entries(answer, "GET /sentinel-tasks")
        else:
            assert len(entries(answer, "GET /sentinel-tasks")[0]) == many


def task(binder, **more):
    found = read(entry(**more))
    assert isinstance(found, CoreTask)
    return bind(found, binder, Speaker.of(found.plugin_name, binder))


def test_a_task_of_core_is_one_of_ours(binder):
    """In a namespace of its own, with priorities as ours go (B-3)."""
    found = task(binder)
    assert (found.key, found.device_id, found.interval, found.timeout) == (
        "core/task-1",
        "dev-1",
        300,
        30,
    )
    assert (found.priority, found.retries, found.device.host) == (9, 3, "10.0.0.1")


@pytest.mark.parametrize(
    "config",
    [
        {"auth": SNMP},
        {"auth": {"type": "snmp_v2c", "config": {"community": "secret"}}},
        {"community": "secret"},
        {"community": "secret", "auth": {"type": "none", "config": {}}},
        {"auth": {"config": {"community": "other"}}, "community": "secret"},
    ],
)
def test_credentials_are_found_in_every_shape(binder, config):
    """Nested as the web page writes them, or flat as they once were; what is flat wins."""
    assert task(binder, config=config).device.community == "secret"


def test_host_and_port_come_from_the_device_where_the_task_has_none(binder):
    """Older lists have them in the embedded row alone."""
    assert task(binder, config={}).device.host == "10.0.0.1"
    device = {"connection_config": {"host": "10.0.0.1", "port": 22, "protocol": "ssh"}}
    config = {"host": "10.0.0.1", "port": 22, "protocol": "ssh"}
    assert task(binder, device=device, config=config).device.port == 161
    assert task(binder, device=device, config=config | {"port": 1161}).device.port == 1161


@pytest.mark.parametrize(
    ("row", "task_says", "port"),
    [
        ({"protocol": "snmp", "port": 1161}, {}, 1161),
        ({"protocol": "ssh", "port": 22}, {}, 161),
        ({"protocol": "ssh", "port": 22}, {"protocol": "snmp"}, 161),
        ({"port": 1161}, {"protocol": "snmp"}, 1161),
        ({"port": 1161}, {}, 1161),
        ({"protocol": "SNMP", "port": 1161}, {}, 1161),
        ({"port": 22, "auth": {"type": "ssh"}}, {"protocol": "snmp"}, 161),
        ({"port": 22, "private_key": "-----BEGIN"}, {}, 161),
        ({"port": 1161, "community": "secret"}, {}, 1161),
    ],
)
def test_a_port_is_handed_to_plugins_that_speak_its_protocol(binder, row, task_says, port):
    """Whatever they are called; a port of another protocol is not, also where the task names its own."""
    row = {"host": "10.0.0.1", **row}
    device = {"connection_config": row}
    found = task(binder, plugin_name="neighbours", device=device, config={**row, **task_says})
    assert found.device.port == port


def test_what_core_merged_in_does_not_break_a_task_that_needs_none_of_it():
    """The device's host beside a page's own url, for a plugin that wants one of both."""

    class Either(Plugin[Strict, PluginConfig]):
        name = "http"

        def validate_device(self, device):
            if device.url and device.host:
                from orbital_sdk import ConfigurationError

                raise ConfigurationError("give either url or host")

    binder = Binder(Registry.of(plugins=[Either]), Settings(), strict=False)
    config = {"url": "http://10.0.0.1/", "host": "10.0.0.1", "port": 161}
    found = task(binder, plugin_name="http", config=config)
    assert (found.device.url, found.device.host) == ("http://10.0.0.1/", None)


@pytest.mark.parametrize("empty", [None, 0, -1])
def test_columns_that_say_nothing_take_our_defaults(binder, empty):
    """The column may be null."""
    found = task(
        binder, interval_seconds=empty, timeout_seconds=empty, priority=None, retry_count=None
    )
    assert (found.interval, found.timeout, found.priority) == (60, 30, 5)


@pytest.mark.parametrize(
    "bad", [b"7", b"null", b'{"task_id":1}', b'{"task_id":"","device_id":"d","plugin_name":"p"}']
)
def test_an_entry_that_is_no_task_is_told_apart(bad):
    """It costs itself alone."""
    assert isinstance(read(msgspec.Raw(bad)), Unreadable)


def test_what_cannot_run_says_why(binder):
    """Unknown plugin, missing field (B-28)."""
    with pytest.raises(SettingsError, match="ssh"):
        task(binder, plugin_name="ssh")
    with pytest.raises(SettingsError, match="url"):
        task(binder, plugin_name="http")


async def test_a_list_changes_only_what_changed(binder):
    """The very same task stays, whatever reports changed in its row; a broken one is told once."""
    assigned = Assigned()
    bad = entry(task_id="task-2", plugin_name="ssh")
    first = await assigned.take([entry(), bad, msgspec.Raw(b"7")], binder)
    assert (first.changed, list(first.unusable), first.unreadable) == (True, ["task-2"], 1)
    (before,) = assigned.tasks()
    again = await assigned.take([entry(last_executed_at="2026-11-24T20:31:21Z"), bad], binder)
    assert (again.changed, again.unusable) == (False, {})
    assert assigned.tasks()[0] is before
    edited = await assigned.take([entry(interval_seconds=60), bad], binder)
    assert edited.changed
    assert assigned.tasks()[0].interval == 60
    empty = await assigned.take([], binder)
    assert empty.changed
    assert assigned.tasks() == []


async def test_an_entry_whose_fields_are_of_other_types_is_told_with_its_id(binder):
    """Once, as one that cannot run; it runs as soon as it can be read."""
    assigned = Assigned()
    news = await assigned.take([entry(interval_seconds="5m")], binder)
    assert (list(news.unusable), news.unreadable, assigned.tasks()) == (["task-1"], 0, [])
    assert "interval_seconds" in news.unusable["task-1"]
    again = await assigned.take([entry(interval_seconds="5m")], binder)
    assert (again.changed, again.unusable) == (False, {})
    assert (await assigned.take([entry()], binder)).changed
    assert [task.id for task in assigned.tasks()] == ["task-1"]


@pytest.mark.parametrize(("enabled", "count"), [(True, 1), (None, 1), (False, 0), ("false", 0)])
async def test_a_task_that_is_listed_as_disabled_does_not_run(binder, enabled, count):
    """Core leaves them out of the list today."""
    assigned = Assigned()
    await assigned.take([entry(enabled=enabled)], binder)
    assert len(assigned.tasks()) == count


async def test_of_two_entries_with_one_id_the_first_counts(binder):
    """They would be edits and triggers of each other at each list."""
    assigned = Assigned()
    other = entry(interval_seconds=60, next_execution_at="2026-11-24T21:00:00Z")
    for changed in (True, False, False):
        news = await assigned.take([entry(), other], binder)
        assert (news.changed, news.triggered, news.unreadable) == (changed, [], 1)
    assert [task.interval for task in assigned.tasks()] == [300]


async def test_a_plugin_is_imported_beside_the_loop(tmp_path, monkeypatch):
    """Some take long, and runs of others are due meanwhile. One that breaks over it costs its tasks alone."""
    where = "import threading\nLOOP = threading.current_thread() is threading.main_thread()\n"
    plugin = "from orbital_sdk import Plugin\nclass P(Plugin):\n name = 'beside'\n"
    plugin += " def collect(self, device, ctx): ...\n"
    (tmp_path / "imported_beside.py").write_text(where + plugin)
    (tmp_path / "imported_broken.py").write_text("raise RuntimeError('no such library')")
    info = tmp_path / "beside-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: beside\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[orbital.plugins]\nbeside = imported_beside:P\nbroken = imported_broken:P\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    registry = Registry.discover({}, path=[str(tmp_path)])
    assigned, binder = Assigned(), Binder(registry, Settings(), strict=False)
    bad = [entry(task_id=name, plugin_name=name) for name in ("broken", "unknown")]
    news = await assigned.take([*bad, entry(plugin_name="beside")], binder)
    assert [one.id for one in assigned.tasks() if one.plugin == "beside"] == ["task-1"]
    assert list(news.unusable) == ["unknown"]
    assert binder.broken.keys() == {"broken"}  # its runs say why
    assert sys.modules["imported_beside"].LOOP is False


async def test_it_counts_those_that_can_run(binder):
    """And knows why the others cannot, as long as they are there."""
    assigned = Assigned()
    bad = entry(task_id="task-2", plugin_name="ssh")
    await assigned.take([entry(), bad], binder)
    assert (assigned.able, list(assigned.unusable())) == (1, ["task-2"])
    await assigned.take([bad], binder)
    assert (assigned.able, list(assigned.unusable())) == (0, ["task-2"])
    await assigned.take([entry()], binder)
    assert (assigned.able, assigned.unusable()) == (1, {})


class Counting(Binder):
    """Counts what it bound, and calls somebody at each."""

    bound = 0
    asked = 0

    def bind(self, task, *, at=()):
        self.bound += 1
        self.meanwhile()
        return super().bind(task, at=at)

    def metadata(self, plugin):
        self.asked += 1
        return super().metadata(plugin)

    def meanwhile(self):
        """Nothing, unless a test wants something."""


async def test_other_defaults_make_every_task_anew_once(registry):
    """Also where a reload comes while a list of before is under way: its tasks were made of the old ones."""
    assigned, binder = Assigned(), Counting(registry, Settings(), strict=False)
    binder.meanwhile = assigned.forget_bindings
    await assigned.take([entry()], binder)
    (before,) = assigned.tasks()
    binder.meanwhile = lambda: None
    news = await assigned.take([entry()], binder)
    assert (binder.bound, news.changed) == (2, True)
    assert assigned.tasks()[0] is before  # it came out equal
    again = await assigned.take([entry()], binder)
    assert (binder.bound, again.changed) == (2, False)


async def test_a_plugin_is_asked_once_for_all_tasks_of_a_list(registry):
    """What it declares is the same for each of them."""
    binder = Counting(registry, Settings(), strict=False)
    await Assigned().take([entry(task_id=f"task-{n}") for n in range(3)], binder)
    assert (binder.bound, binder.asked) == (3, 1)


async def test_a_trigger_names_its_task(binder):
    """By a third value of `next_execution_at`."""
    assigned = Assigned()
    await assigned.take([entry()], binder)
    news = await assigned.take([entry(next_execution_at="2026-11-24T21:00:00Z")], binder)
    assert (news.changed, news.triggered) == (False, ["core/task-1"])


async def test_what_another_hosts_report_made_is_no_trigger(binder):
    """One of the same name as ours: its report changes both times of the entry."""
    assigned = Assigned()
    await assigned.take([entry()], binder)
    times = {
        "last_executed_at": "2026-11-24T20:00:00Z",
        "next_execution_at": "2026-11-24T20:05:00Z",
    }
    news = await assigned.take([entry(**times)], binder)
    assert (news.changed, news.triggered) == (False, [])
