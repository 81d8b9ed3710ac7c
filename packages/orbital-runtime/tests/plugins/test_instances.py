"""Started plugins: shared, and one that fails or hangs costs only itself."""

import asyncio
import logging
import threading
from dataclasses import replace

import pytest
from pydantic import Field, SecretStr

from orbital_runtime.clock import ManualClock
from orbital_runtime.hosting.hosts import Hosts
from orbital_runtime.model import Task
from orbital_runtime.plugins.instances import Instances, PluginDown
from orbital_runtime.plugins.registry import Registry
from orbital_runtime.plugins.shared import Patience
from orbital_sdk import ConfigurationError, DeviceFields, Plugin, PluginConfig

SHORT = Patience(start=0.05, stop=0.05, retry=0.01, linger=0.0)
PATIENT = Patience(retry=600, linger=0.0)


class Config(PluginConfig):
    """What a test plugin does in its life."""

    mode: str = ""
    secret: SecretStr = SecretStr("")
    tags: dict[str, list[int]] = Field(default_factory=dict[str, list[int]])


class Moody(Plugin[DeviceFields, Config]):
    """Fails as its settings say, and keeps a diary."""

    name = "moody"
    max_threads = 2
    diary: list[str]
    healthy: asyncio.Event
    began: asyncio.Event
    started: asyncio.Event
    stopped: asyncio.Event

    def __init__(self, config):
        super().__init__(config)
        self.diary.append("made")
        if config.mode == "init":
            raise ZeroDivisionError("in __init__")
        if config.mode == "exit":
            raise SystemExit(3)

    async def start(self, host):
        mode = self.config.mode
        self.diary.append("start")
        self.host = host
        self.began.set()
        if mode == "refuse" and not self.healthy.is_set():
            raise ConfigurationError("no right to open a socket; run as root")
        if mode == "bug":
            raise KeyError("oops")
        if mode in ("hang", "stubborn"):
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                if mode == "hang":
                    raise
                await asyncio.sleep(0.2)
        self.started.set()

    async def stop(self):
        self.diary.append("stop")
        if self.config.mode == "stop-hangs":
            await asyncio.sleep(3600)
        if self.config.mode == "stop-fails":
            raise OSError("cannot close")
        self.stopped.set()

    def collect(self, device, ctx):
        return []


@pytest.fixture
def moody():
    """A class of its own for each test, with an empty diary."""
    events = {name: asyncio.Event() for name in ("healthy", "began", "started", "stopped")}
    return type("Moody", (Moody,), {"diary": []} | events)


@pytest.fixture
async def make(moody):
    made = []

    def make(patience=PATIENT, clock=None) -> Instances:
        made.append(Instances(Registry.of(plugins=[moody]), patience=patience, clock=clock))
        return made[-1]

    yield make
    for instances in made:
        await instances.stop_all()


def task(name: str = "t", mode: str = "", **config) -> Task:
    return Task(name, "d", "moody", DeviceFields(), Config(mode=mode, **config), 10, 5)


async def test_tasks_of_equal_settings_share_one_instance(make, moody):
    """Ten thousand tasks open one socket, not ten thousand."""
    instances = make()
    tasks = [task(f"t{i}", tags={"a": [1]}) for i in range(5)]
    await asyncio.gather(*(instances.acquire(one) for one in tasks))
    assert len({id(instances.get(one)) for one in tasks}) == 1
    assert moody.diary == ["made", "start"]
    await instances.acquire(task("other", secret="x"))
    await instances.acquire(task("another", secret="y"))
    assert instances.running() == ["moody"] * 3


async def test_a_plugin_has_a_folder_for_what_it_remembers(moody, tmp_path):
    """Of its own, for nobody else to read; none where the agent keeps nothing, or the disk takes nothing."""
    full = tmp_path / "full"
    full.write_text("a file, and no folder")
    found = []
    for base in (tmp_path, None, full):
        instances = Instances(Registry.of(plugins=[moody]), hosts=Hosts(base))
        await instances.acquire(task())
        found.append(instances.get(task()).host.folder)
        await instances.stop_all()
    assert found == [tmp_path / "plugins" / "moody", None, None]
    assert found[0].stat().st_mode & 0o777 == 0o700


async def test_what_runs_in_the_background_ends_before_the_stop(make, moody):
    """In `stop` nothing else of the plugin runs any more; a start that failed leaves nothing behind, and the
    next one has a host of its own.
    """
    diary, hosts = moody.diary, []

    class Busy(moody):
        async def start(self, host):
            hosts.append(host)
            self.running = asyncio.Event()
            host.spawn(self.poll())
            await self.running.wait()
            await super().start(host)

        async def poll(self):
            self.running.set()
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                diary.append("poll ended")

    instances = Instances(
        Registry.of(plugins=[Busy]), patience=PATIENT, clock=(clock := ManualClock())
    )
    refused = task("one", "refuse")
    await instances.acquire(refused)
    assert diary == ["made", "start", "poll ended", "stop"]
    moody.healthy.set()
    clock.advance(2)
    await instances.acquire(refused)
    await instances.stop_all()
    assert diary[4:] == ["made", "start", "poll ended", "stop"]
    assert hosts[0] is not hosts[1]


async def test_an_instance_stops_when_its_last_task_goes(make, moody):
    """Not before; and acquiring twice does not count twice."""
    instances = make()
    one, two = task("one"), task("two")
    for each in (one, two, one):
        await instances.acquire(each)
    instances.release(one.key)
    instances.release(one.key)
    await asyncio.sleep(0)
    assert instances.get(two)
    assert "stop" not in moody.diary
    instances.release(two.key)
    await moody.stopped.wait()
    assert instances.running() == []
    with pytest.raises(PluginDown, match="not started for task 'two'"):
        instances.get(two)


async def test_a_task_that_comes_back_in_time_keeps_its_instance(make, moody):
    """A reload that moves a task away and back does not restart its plugin."""
    instances = make()
    one = task("one")
    await instances.acquire(one)
    plugin = instances.get(one)
    instances.release(one.key)
    await instances.acquire(one)
    for _ in range(5):
        await asyncio.sleep(0)
    assert instances.get(one) is plugin
    assert moody.diary == ["made", "start"]


async def test_changed_settings_move_a_task_to_a_new_instance(make, moody):
    """The old one goes when nobody needs it; a changed interval moves nothing."""
    instances = make()
    old, new = task("one"), task("one", tags={"a": [2]})
    await instances.acquire(old)
    plugin = instances.get(old)
    await instances.acquire(replace(old, interval=99))
    assert instances.get(old) is plugin
    await instances.acquire(new)
    assert instances.get(new) is not plugin
    await moody.stopped.wait()
    assert moody.diary == ["made", "start", "made", "start", "stop"]
    assert instances.running() == ["moody"]


@pytest.mark.parametrize(
    ("mode", "reason", "diary"),
    [
        ("refuse", "no right to open a socket; run as root", ["made", "start", "stop"]),
        ("bug", "KeyError: 'oops'", ["made", "start", "stop"]),
        ("init", "ZeroDivisionError: in __init__", ["made"]),
        ("exit", "SystemExit: 3", ["made"]),
        ("hang", "it took longer than 50ms", ["made", "start", "stop"]),
        ("stubborn", "it took longer than 50ms", ["made", "start", "stop"]),
    ],
)
async def test_a_plugin_that_does_not_start_costs_only_its_own_tasks(
    make, moody, mode, reason, diary
):
    """Its tasks are told why; others of the same plugin run; what it opened is closed."""
    instances = make(replace(SHORT, retry=600))
    bad, good = task("bad", mode), task("good")
    await asyncio.gather(instances.acquire(bad), instances.acquire(good))
    with pytest.raises(PluginDown) as caught:
        instances.get(bad)
    assert str(caught.value) == f"plugin 'moody' did not start: {reason}"
    assert instances.failed() == {"moody": str(caught.value)}
    assert instances.get(good).config.mode == ""
    assert sorted(moody.diary) == sorted([*diary, "made", "start"])


async def test_the_reason_is_logged_once_and_a_bug_with_its_traceback(make, caplog):
    """A thousand tasks of one broken plugin make one line."""
    instances = make(clock=ManualClock())
    with caplog.at_level(logging.INFO):
        for i in range(50):
            await instances.acquire(task(f"t{i}", "refuse"))
        await instances.acquire(task("b", "bug"))
    refused, bug = caplog.records
    assert refused.getMessage() == (
        "plugin 'moody' did not start: no right to open a socket; run as root; "
        "its tasks fail until it does, the next try is in 10m"
    )
    assert refused.exc_info is None
    assert bug.exc_info is not None


async def test_a_failed_plugin_is_tried_again(make, moody):
    """By itself, until it starts: nobody has to restart the agent."""
    instances = make(SHORT)
    one = task("one", "refuse")
    await instances.acquire(one)
    with pytest.raises(PluginDown):
        instances.get(one)
    moody.healthy.set()
    await moody.started.wait()
    await asyncio.sleep(0)
    await instances.acquire(one)  # waits for the end of that start
    assert instances.get(one).config.mode == "refuse"
    assert instances.failed() == {}


async def test_a_reload_tries_a_failed_plugin_at_once(make, moody):
    """Acquiring is what a reload does; not for every task anew, though."""
    clock = ManualClock()
    instances = make(clock=clock)
    one = task("one", "refuse")
    for _ in range(3):
        await instances.acquire(one)
    assert moody.diary.count("start") == 1
    moody.healthy.set()
    clock.advance(2)
    await instances.acquire(one)
    assert instances.get(one)


async def test_nobody_waits_for_a_plugin_that_hangs_when_it_stops(make, moody, caplog):
    """Each has its time, all at once; an error in one is logged and the others stop."""
    instances = make(SHORT)
    for mode in ("stop-hangs", "stop-fails", ""):
        await instances.acquire(task(mode, mode))
    async with asyncio.timeout(60):
        await instances.stop_all()
        await instances.stop_all()
    assert moody.diary.count("stop") == 3
    assert moody.stopped.is_set()
    texts = [record.getMessage() for record in caplog.records]
    assert sorted(texts) == [
        "plugin moody did not stop within 50ms and was abandoned",
        "plugin moody failed while it stopped",
    ]


async def test_stopping_ends_a_start_that_is_under_way(make, moody):
    """Ctrl-C during a slow start does not wait for it, and what was made is stopped."""
    instances = make(PATIENT)
    starting = asyncio.create_task(instances.acquire(task("one", "hang")))
    await moody.began.wait()
    await instances.stop_all()
    await starting
    assert moody.diary == ["made", "start", "stop"]


async def test_threads_are_bounded_by_plugin(make):
    """`max_threads` over all instances of a plugin, and gone with it."""
    instances = make()
    pool = instances.pool("moody")
    assert instances.pool("moody") is pool
    barrier = threading.Barrier(3)
    both = [pool.submit(barrier.wait, 5) for _ in range(2)]
    third = pool.submit(lambda: "later")
    assert not third.done()
    barrier.wait(5)
    await asyncio.gather(*map(asyncio.wrap_future, both))
    assert await asyncio.wrap_future(third) == "later"
    await instances.stop_all()
    with pytest.raises(RuntimeError, match="were shut down"):
        pool.submit(print)


async def test_tasks_go_over_to_instances_of_another_class(make, moody):
    """The new one starts beside the old one, which stops when nothing of it is needed any more."""
    instances = make(SHORT)
    first, other = task("a"), task("b", secret="x")
    for one in (first, other):
        await instances.acquire(one)
    old = instances.get(first)
    newer = type("Newer", (moody,), {})
    checked = []

    async def check(plugin):
        checked.append(plugin)
        assert instances.get(first) is old

    await instances.replace(newer, check)
    assert isinstance(instances.get(first), newer)
    assert isinstance(instances.get(other), newer)
    assert checked == [instances.get(first)]
    await moody.stopped.wait()
    assert instances.running() == ["moody"] * 2


@pytest.mark.parametrize("fault", ["start", "check"])
async def test_a_class_that_is_not_fit_changes_nothing(make, moody, fault):
    """Its instances stop, and the old ones go on."""
    instances = make(SHORT)
    await instances.acquire(task())
    old = instances.get(task())

    class Newer(moody):
        async def start(self, host):
            if fault == "start":
                raise ConfigurationError("not in this version")

    async def check(_):
        raise ConfigurationError("the device cannot be read")

    with pytest.raises(ConfigurationError, match=r"not in this version|cannot be read"):
        await instances.replace(Newer, check)
    assert instances.get(task()) is old
    assert instances.running() == ["moody"]
