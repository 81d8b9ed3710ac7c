"""The contract suite of plugins."""

import asyncio
import contextlib
import importlib.metadata

import pytest
from pydantic import ConfigDict, Secret, SecretStr, field_serializer

from orbital_sdk import (
    AuthenticationFailed,
    Columns,
    ConfigurationError,
    DeviceFields,
    DeviceUnreachable,
    Host,
    Metric,
    PartialCollect,
    Plugin,
    PluginConfig,
    Port,
    Sample,
    Series,
    Session,
)
from orbital_sdk.testing import check_plugin

DEVICE = {"host": "ups.example", "password": "open sesame"}


class Device(DeviceFields):
    host: Host
    port: Port = 3493
    password: SecretStr | None = None
    """Login."""


class Config(PluginConfig):
    scale: float = 1.0
    """What to multiply by."""


class Ups(Plugin[Device, Config]):
    name = "ups"
    summary = "Battery state"
    charge = Metric("charge_ratio", "Charge", unit="ratio", labels=("host",))

    async def collect(self, device, ctx):
        await asyncio.sleep(0)
        if device.host == "dead":
            raise DeviceUnreachable("dead: no answer")
        yield self.charge(self.config.scale, device.host)


async def verdict(cls, device=DEVICE, **options):
    """What check_plugin says of it; empty if nothing."""
    try:
        await check_plugin(cls, device, **{"entry_point": False, **options})
    except AssertionError as finding:
        return str(finding)
    return ""


def variant(**body):
    """The good plugin with something changed."""
    return type("Variant", (Ups,), body)


async def test_a_good_plugin_passes():
    """Nothing is demanded beyond the contract."""
    assert await verdict(Ups, config={"scale": 2}, unreachable={"host": "dead"}) == ""


@pytest.mark.parametrize(
    "collect",
    [
        lambda self, device, ctx: [self.charge(1, device.host)],
        lambda self, device, ctx: Columns((self.charge.series(device.host),), [1]),
        lambda self, device, ctx: (self.charge(n, device.host, ts=n) for n in range(3)),
    ],
)
async def test_every_form_of_collect_passes(collect):
    """Blocking ones too."""
    assert await verdict(variant(collect=collect)) == ""


async def test_an_installed_plugin_passes_with_its_entry_point(tmp_path, monkeypatch):
    """The entry point has the plugin's name and loads the plugin's class."""
    install(tmp_path, monkeypatch, "ups = test_check_plugin_ups:Ups")
    (tmp_path / "test_check_plugin_ups.py").write_text("Ups = None")
    module = __import__("test_check_plugin_ups")
    module.Ups = Ups
    assert await verdict(Ups, entry_point=True) == ""


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("other = somewhere:Other", "no entry point 'ups' in the group 'orbital.plugins'"),
        ("upz = somewhere:Ups", "found under ['upz']"),
        ("ups = json:JSONDecoder", "which is another class"),
    ],
)
async def test_a_wrong_entry_point_is_found(tmp_path, monkeypatch, line, words):
    """And the answer has the lines for pyproject.toml."""
    install(tmp_path, monkeypatch, line)
    said = await verdict(Ups, entry_point=True)
    assert words in said
    assert f'[project.entry-points."orbital.plugins"]\n     ups = "{Ups.__module__}:Ups"' in said


def install(folder, monkeypatch, line):
    """What pip leaves behind: a dist-info with an entry point."""
    info = folder / "acme-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[orbital.plugins]\n{line}\n")
    monkeypatch.syspath_prepend(str(folder))
    assert importlib.metadata.version("acme") == "1.0"


class Loose(Device):
    model_config = ConfigDict(extra="allow", frozen=False)


class Silent(DeviceFields):
    host: str
    token: str = "x"
    api_key: str | None = None


class Odd(Device):
    pin: Secret[int] | None = None
    """Pin."""


class Speaking(Device):
    def __repr_args__(self):
        yield "password", self.password.get_secret_value()


class Outside(Plugin[Device, Config]):
    """Models need not come from here, but must come from the SDK's bases."""

    name = "outside"
    summary = "S"

    def collect(self, device, ctx):
        return [Metric("charge_ratio")(1)]


@pytest.mark.parametrize(
    ("cls", "words"),
    [
        (variant(name="Ups 1"), "name is 'Ups 1'"),
        (variant(name=None), "name is None"),
        (variant(summary=""), "summary is empty"),
        (variant(twin=Metric("charge_ratio", "Twin")), "declared twice"),
        (variant(mute=Metric("mute")), "'mute' has no help"),
        (variant(device_model=Loose), "Loose is not frozen"),
        (variant(device_model=Loose), "Loose takes unknown keys"),
        (variant(device_model=Odd), "Odd.pin is a Secret[...]"),
        (variant(device_model=Speaking), "repr of Speaking shows a secret"),
        (variant(device_model=dict), "dict must be a subclass of DeviceFields"),
        (Outside, "'charge_ratio' is not declared"),
        (variant(target=lambda self, device: ""), "target() is empty"),
        (
            variant(target=lambda self, device: f"me:{device.password.get_secret_value()}@x"),
            "target() shows",
        ),
    ],
)
async def test_what_is_wrong_with_the_class_is_said(cls, words):
    """Name, metrics, models and silence, each with what to change."""
    assert words in await verdict(cls)


async def test_fields_need_descriptions_and_secrets_their_type():
    """Every field without a description and every secret in plain text, all at once."""
    said = await verdict(variant(device_model=Silent), {"host": "a"})
    for words in (
        "Silent.host has no description",
        "Silent.token has no description",
        "Silent.token looks like a secret",
        "Silent.api_key looks like a secret",
    ):
        assert words in said


def gives(*samples):
    return lambda self, device, ctx: list(samples)


def raises(error):
    def collect(self, device, ctx):
        raise error

    return collect


CHARGE = Ups.charge.series("x")


@pytest.mark.parametrize(
    ("collect", "words"),
    [
        (gives(), "gave no sample"),
        (gives(Metric("stranger")(1)), "'stranger' is not declared"),
        (gives(Metric("charge_ratio", labels=("other",))(1, "x")), "has other labels"),
        (gives(Metric("charge_ratio", kind="counter", labels=("host",))(1, "x")), "another kind"),
        (gives(Sample(Series(Ups.charge, (1,)), 1)), "has a label that is not text"),
        (gives(CHARGE("high")), "has the value 'high'"),
        (gives(CHARGE(None)), "has the value None"),
        (gives(CHARGE(10**400)), "a value is a float"),
        (gives(CHARGE(1, 1.5)), "ts=1.5"),
        (gives(42), "42, which is no Sample"),
        (lambda self, device, ctx: None, "collect() gave NoneType"),
        (raises(OSError("no route")), "translate foreign errors"),
        (raises(DeviceUnreachable("down")), "give check_plugin a device that answers"),
        (raises(AuthenticationFailed("for open sesame")), "the error of collect() shows a secret"),
        (
            lambda self, device, ctx: [self.charge(1, device.password.get_secret_value())],
            "a label shows",
        ),
    ],
)
async def test_what_is_wrong_with_a_collection_is_said(collect, words):
    """Undeclared or malformed samples, foreign errors, secrets in labels and messages."""
    assert words in await verdict(variant(collect=collect))


async def test_a_partial_collection_is_fine():
    """Some devices never give everything."""

    async def collect(self, device, ctx):
        yield self.charge(1, device.host)
        raise PartialCollect("one table is missing")

    assert await verdict(variant(collect=collect)) == ""


async def test_a_plugin_that_cannot_be_stopped_is_found():
    """Stop is safe without start, and safe twice."""

    class Fragile(Ups):
        async def start(self, host):
            self.socket = [1]

        async def stop(self):
            self.socket.pop()

    said = await verdict(Fragile)
    assert "stop() without start() raised AttributeError" in said
    assert "a second stop() raised IndexError" in said


async def test_a_plugin_that_cannot_start_is_found():
    """And nothing else is tried then."""

    async def start(self, host):
        raise RuntimeError("no socket")

    assert "start() raised RuntimeError('no socket')" in await verdict(variant(start=start))


async def test_background_tasks_that_outlive_a_plugin_are_found():
    """Those of the host that ignore their end or die of an error, and those begun without a host, also by a
    session; what `stop` ends by itself is fine.
    """
    release = asyncio.Event()

    async def forever():
        await asyncio.Event().wait()

    async def stays():
        while not release.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await release.wait()

    async def dies():
        raise OSError("no bus")

    class Leaves(Ups):
        async def start(self, host):
            host.spawn(stays(), "stays")
            host.spawn(dies(), "dies")
            self.tasks = [asyncio.create_task(forever(), name="by hand")]

        async def collect(self, device, ctx):
            self.tasks.append(asyncio.create_task(forever(), name="of a run"))
            return [self.charge(1, device.host)]

    class Tidy(Ups):
        task = None

        async def start(self, host):
            host.spawn(forever())
            self.task = asyncio.create_task(forever())

        async def stop(self):
            if self.task:
                self.task.cancel()

    said = await verdict(Leaves)
    assert "the background task 'stays' still runs 1 s after it was cancelled" in said
    assert "the background task 'dies' died of OSError('no bus')" in said
    assert "the task by hand (" in said
    assert "the task of a run (" in said
    assert "begin it with host.spawn()" in said
    assert await verdict(Tidy) == ""
    release.set()


async def test_a_plugin_that_swallows_its_cancellation_is_found():
    """The agent's deadline is a cancellation; whoever eats it is late for ever."""

    async def collect(self, device, ctx):
        try:
            await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            await asyncio.sleep(0)
        yield self.charge(1, device.host)

    assert "did not end by CancelledError" in await verdict(variant(collect=collect))


async def test_a_plugin_that_serves_one_device_at_a_time_must_say_so():
    """Two collections run at once, unless exclusive() names what only one may use."""

    class Shared(Ups):
        busy = False

        async def collect(self, device, ctx):
            if self.busy:
                raise RuntimeError("busy")
            self.busy = True
            await asyncio.sleep(0)
            self.busy = False
            yield self.charge(1, device.host)

    class Bus(Shared):
        def exclusive(self, device):
            return "bus 1"

    assert "two collections at once failed" in await verdict(Shared)
    assert await verdict(Bus) == ""


@pytest.mark.parametrize(
    ("said", "words"),
    [("", "say in one line"), ("a\nb", "say in one line"), (None, "say in one line")],
)
async def test_a_connection_test_says_one_line(said, words):
    """It is shown to people as it is."""

    async def test_connection(self, device, ctx):
        return said

    assert words in await verdict(variant(test_connection=test_connection))


async def test_a_connection_test_that_fails_is_found():
    """The device of the check answers."""

    async def test_connection(self, device, ctx):
        raise DeviceUnreachable("no")

    assert "test_connection raised" in await verdict(variant(test_connection=test_connection))


async def test_a_dead_device_must_be_called_unreachable():
    """Anything else would be counted as a bug, and the agent would not back off."""

    async def collect(self, device, ctx):
        if device.host == "dead":
            raise ConnectionRefusedError
        yield self.charge(1, device.host)

    said = await verdict(variant(collect=collect), unreachable={"host": "dead"})
    assert "gave ConnectionRefusedError(); raise DeviceUnreachable" in said


async def test_a_device_that_the_plugin_refuses_is_found():
    """The check needs fields that a task could have."""

    def validate_device(self, device):
        raise ConfigurationError("needs a password")

    assert "refuses the device of this check: needs" in await verdict(
        variant(validate_device=validate_device)
    )
    assert "does not fit its model" in await verdict(Ups, {"host": "-x"})
    assert "sesame" not in await verdict(Ups, {**DEVICE, "port": 0})


class Line(Session):
    """A session with a state of its own, on a plugin of `Lines`."""

    def __init__(self, plugin, device):
        self.plugin, self.device, self.closed = plugin, device, False

    async def collect(self, ctx):
        await asyncio.sleep(0)
        if self.closed:
            raise RuntimeError("closed")
        return [self.plugin.charge(1, self.device.host)]

    async def test(self, ctx):
        return "it answers"

    async def close(self):
        self.closed = True


def lines(**body):
    """A plugin whose sessions are of this kind."""
    kind = type("Kind", (Line,), body)

    class Lines(Plugin[Device, Config]):
        name = "lines"
        summary = "Battery state, line by line"
        charge = Ups.charge

        async def open(self, device):
            return kind(self, device)

    return Lines


async def test_a_plugin_of_sessions_passes():
    """It has no collect of its own, and its sessions are opened and closed more than once."""
    assert await verdict(lines()) == ""

    def plain(self):
        self.closed = True

    assert await verdict(lines(close=plain, collect=lambda self, ctx: [])) != ""
    blocking = lines(close=plain, collect=lambda self, ctx: [Ups.charge(1, self.device.host)])
    assert await verdict(blocking) == ""


async def raises(self, *args):
    raise RuntimeError("oops")


async def closes_all(self):
    self.plugin.gone = True


async def reads_while_open(self, ctx):
    if getattr(self.plugin, "gone", False):
        raise RuntimeError("gone")
    return [self.plugin.charge(1, self.device.host)]


async def once(self):
    if self.closed:
        raise RuntimeError("closed twice")
    self.closed = True


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"close": raises}, "close() raised RuntimeError('oops')"),
        ({"close": once}, "a second close() raised RuntimeError('closed twice')"),
        ({"test": raises}, "test raised RuntimeError('oops')"),
        (
            {"close": closes_all, "collect": reads_while_open},
            "after the close of another session of the device failed",
        ),
        ({"__repr__": lambda self: "open sesame"}, "repr of the session shows a secret"),
    ],
)
async def test_what_is_wrong_with_a_session_is_found(body, words):
    """Each finding says what to change."""
    assert words in await verdict(lines(**body))


async def test_an_open_that_gives_no_session_is_found():
    """A forgotten return is told in words."""

    class Forgets(lines()):
        async def open(self, device):
            Line(self, device)

    assert "open() gave NoneType; return a Session" in await verdict(Forgets)


def partly(self, device, ctx):
    raise PartialCollect("the outlets did not come", failed=0.5, samples=[self.charge(1, "x")])


class Unlike(Device):
    """Takes one way of naming a device, and says another."""

    @field_serializer("host")
    def shown(self, host):
        return f"host {host}"


class Longer(Config):
    @field_serializer("scale")
    def shown(self, scale):
        return scale * 10


@pytest.mark.parametrize(
    ("body", "config", "words"),
    [
        ({"device_model": Unlike}, {}, "the fields of a device cannot cross to another process"),
        ({"config_model": Longer}, {"scale": 2}, "settings are others in another process"),
        ({"exclusive": lambda self, device: (1,)}, {}, "exclusive() gave (1,); give text, or None"),
        ({"target": lambda self, device: b"ups"}, {}, "target() gave b'ups'; give text"),
        (
            {"collect": lambda self, device, ctx: [self.charge(1, "x" * (2 << 20))]},
            {},
            "what collect() gave cannot cross to another process",
        ),
        (
            {"collect": partly},
            {},
            "cannot cross to another process",
        ),
    ],
)
async def test_what_could_not_live_in_another_process_is_found(body, config, words):
    """Today, when its author looks, and not on the day on which somebody wants to set it apart."""
    assert words in await verdict(variant(**body), config=config)


class Kept(Session):
    def __init__(self, plugin, device):
        self.plugin, self.device = plugin, device

    async def collect(self, ctx):
        return [self.plugin.charge(1, self.device.host)]


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("collect", "collect() beside open() is never called; write Session.collect"),
        ("test_connection", "test_connection() beside open() is never called; write Session.test"),
    ],
)
async def test_what_a_plugin_of_sessions_is_never_asked_is_found(method, words):
    """Its sessions are."""

    async def answer(self, device, ctx):
        return "it answers"

    def opened(self, device):
        return Kept(self, device)

    own = {"open": opened, "collect": Plugin.collect}
    assert words in await verdict(variant(**{**own, method: answer}))
    assert await verdict(variant(**own)) == ""


async def test_a_secret_in_an_error_is_found_and_not_shown():
    """Of a device that answers, and of one that does not."""

    async def collect(self, device, ctx):
        raise DeviceUnreachable(f"{device.host}: no answer to {device.password.get_secret_value()}")
        yield

    said = await verdict(variant(collect=collect), unreachable={**DEVICE, "password": "xyzzy-42"})
    assert "the error of collect() shows a secret" in said
    assert "the error for a device that does not answer shows a secret" in said
    assert "open sesame" not in said
    assert "xyzzy-42" not in said


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"collect": Plugin.collect}, "plugin 'ups' has no collect()"),
        (
            {"open": lambda self, device: None, "collect": Plugin.collect},
            "open() gave NoneType; return a Session",
        ),
        ({"collect": lambda self, device, ctx: 5}, "collect() gave int; yield samples, or return"),
        (
            {"collect": lambda self, device, ctx: Columns((self.charge.series("a"),), [1, 2])},
            "Columns has 1 series and not as many values",
        ),
    ],
)
async def test_what_the_kit_says_itself_is_not_called_a_foreign_error(body, words):
    """Its own words say what to change."""
    said = await verdict(variant(**body))
    assert words in said
    assert "translate foreign errors" not in said
