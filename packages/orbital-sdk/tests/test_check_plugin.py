"""The contract suite of plugins."""

import asyncio
import importlib.metadata
import logging
import math
import sys

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
)

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


def variant(**body):
    """The good plugin with something changed."""
    return type("Variant", (Ups,), body)


async def test_a_good_plugin_passes(verdict):
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
async def test_every_form_of_collect_passes(verdict, collect):
    """Blocking ones too."""
    assert await verdict(variant(collect=collect)) == ""


async def test_an_installed_plugin_passes_with_its_entry_point(verdict, tmp_path, monkeypatch):
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
async def test_a_wrong_entry_point_is_found(verdict, tmp_path, monkeypatch, line, words):
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
async def test_what_is_wrong_with_the_class_is_said(verdict, cls, words):
    """Name, metrics, models and silence, each with what to change."""
    assert words in await verdict(cls)


async def test_fields_need_descriptions_and_secrets_their_type(verdict):
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
        (gives(42), "42, which is not a Sample"),
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
async def test_what_is_wrong_with_a_collection_is_said(verdict, collect, words):
    """Undeclared or malformed samples, foreign errors, secrets in labels and messages."""
    assert words in await verdict(variant(collect=collect))


async def test_a_partial_collection_is_fine(verdict):
    """Some devices never give everything."""

    async def collect(self, device, ctx):
        yield self.charge(1, device.host)
        raise PartialCollect("one table is missing")

    assert await verdict(variant(collect=collect)) == ""


@pytest.mark.parametrize(
    ("said", "words"),
    [("", "say in one line"), ("a\nb", "say in one line"), (None, "say in one line")],
)
async def test_a_connection_test_says_one_line(verdict, said, words):
    """It is shown to people as it is."""

    async def test_connection(self, device, ctx):
        return said

    assert words in await verdict(variant(test_connection=test_connection))


async def test_a_connection_test_that_fails_is_found(verdict):
    """The device of the check answers."""

    async def test_connection(self, device, ctx):
        raise DeviceUnreachable("no")

    assert "test_connection raised" in await verdict(variant(test_connection=test_connection))


async def test_a_dead_device_must_be_called_unreachable(verdict):
    """Anything else would be counted as a bug, and the agent would not back off."""

    async def collect(self, device, ctx):
        if device.host == "dead":
            raise ConnectionRefusedError
        yield self.charge(1, device.host)

    said = await verdict(variant(collect=collect), unreachable={"host": "dead"})
    assert "gave ConnectionRefusedError(); raise DeviceUnreachable" in said


async def test_a_device_that_the_plugin_refuses_is_found(verdict):
    """The check needs fields that a task could have."""

    def validate_device(self, device):
        raise ConfigurationError("needs a password")

    assert "refuses the device of this check: needs" in await verdict(
        variant(validate_device=validate_device)
    )
    assert "does not fit its model" in await verdict(Ups, {"host": "-x"})
    assert "sesame" not in await verdict(Ups, {**DEVICE, "port": 0})


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
async def test_what_could_not_live_in_another_process_is_found(verdict, body, config, words):
    """Today, when its author looks, and not on the day on which somebody wants to set it apart."""
    assert words in await verdict(variant(**body), config=config)


class Endless(Config):
    limit: float = math.inf
    """How much at most."""


async def test_an_infinite_default_is_found_by_its_name(verdict):
    """JSON has no infinity, so neither manifest nor form could say it."""
    said = await verdict(variant(config_model=Endless))
    assert "Endless.limit has the default inf, which JSON cannot say" in said


async def test_a_secret_in_an_error_is_found_and_not_shown(verdict):
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
    ("tell", "place"),
    [
        (lambda ctx, secret: ctx.log.debug("login with %s", secret), "the log 'orbital.plugin'"),
        (lambda ctx, secret: logging.getLogger("acme").info(secret), "the log 'acme'"),
        (lambda ctx, secret: sys.stdout.write(secret), "standard output"),
        (lambda ctx, secret: sys.stderr.write(secret), "standard error"),
    ],
)
async def test_a_secret_that_is_logged_or_printed_is_found(verdict, tell, place, caplog):
    """At any level and by any logger; the usual way of logs and prints stays as it was."""
    caplog.set_level(logging.WARNING)
    level, out = logging.getLogger().level, sys.stdout

    async def collect(self, device, ctx):
        tell(ctx, device.password.get_secret_value())
        yield self.charge(1, device.host)

    said = await verdict(variant(collect=collect))
    assert f"{place} shows a secret; leave it out" in said
    assert (logging.getLogger().level, sys.stdout) == (level, out)
    assert not caplog.records  # nobody asked for so much


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
async def test_what_the_kit_says_itself_is_not_called_a_foreign_error(verdict, body, words):
    """Its own words say what to change."""
    said = await verdict(variant(**body))
    assert words in said
    assert "translate foreign errors" not in said
