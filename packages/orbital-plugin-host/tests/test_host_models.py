"""Models made of a manifest: as good as the plugin's own, as far as its lists of fields go."""

import json

import pytest
from pydantic import Field, SecretStr, ValidationError

from orbital_plugin_host.remote.models import config_model, device_model
from orbital_sdk import (
    ByteSize,
    ConfigurationError,
    DeviceFields,
    Duration,
    Fields,
    Host,
    Metric,
    Plugin,
    PluginConfig,
    Port,
    manifest,
    wire,
)
from orbital_sdk.wire import manifests
from orbital_sdk.wire.manifests import checked


class Login(Fields):
    user: str = "admin"
    password: SecretStr


class UpsDevice(DeviceFields):
    host: Host
    port: Port = 3493
    password: SecretStr | None = None
    login: Login | None = None
    logins: list[Login] = Field(default_factory=list[Login])
    every: Duration = 30
    mode: str = Field(default="fast", pattern="^(fast|slow)$")
    copy_: bool = Field(default=False, alias="copy")
    anything: str | list[SecretStr] = ""
    tags: dict[str, str] = Field(default_factory=dict[str, str])


class UpsConfig(PluginConfig):
    most: ByteSize = 2**20


class Ups(Plugin[UpsDevice, UpsConfig]):
    name = "ups"
    charge = Metric("ups_charge_ratio")

    def collect(self, device, ctx):
        return []


@pytest.fixture(scope="module")
def told():
    return checked(json.loads(json.dumps(manifest(Ups), default=str)))


WRITTEN = {
    "host": "ups1", "port": "3494", "password": "open sesame", "login": {"password": "treasure"},
    "logins": [{"user": "bob", "password": "builder1"}], "every": "1m", "mode": "slow", "copy": True,
    "anything": ["secret1"], "tags": {"a": "b"},
}  # fmt: skip


def test_what_a_user_writes_crosses_and_is_the_same_there(told):
    """Whatever model is here, the plugin's own makes of it what it would have made without a process."""
    here = device_model(told).model_validate(WRITTEN)
    assert UpsDevice.model_validate(wire.plain(here)) == UpsDevice.model_validate(WRITTEN)
    assert config_model(told).model_validate({"most": "2MiB"}).most == 2 * 2**20


def test_what_is_left_out_has_its_default_there(told):
    """A default belongs to the version that runs: it does not cross."""
    here = device_model(told).model_validate({"host": "ups1"})
    assert wire.plain(here) == {"host": "ups1"}
    assert (here.port, here.every, here.password) == (3493, 30, None)


def test_secrets_stay_secret(told):
    """Also nested ones, and those of which only a schema knows."""
    here = device_model(told).model_validate(WRITTEN)
    for secret in ("open sesame", "treasure", "builder1", "secret1"):
        assert secret not in repr(here)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"host": "ups1", "port": 70000},
        {"host": "ups1", "mode": "soon"},
        {"host": "ups1", "every": "soon"},
        {"host": "ups1", "prot": 1},
        {"host": "ups1", "login": {}},
        {"host": "a" * 300},
    ],
)
def test_what_the_list_of_fields_forbids_is_refused_here(told, wrong):
    """Before anything is started."""
    with pytest.raises(ValidationError):
        device_model(told).model_validate(wrong)


def test_a_manifest_that_no_model_can_be_made_of(told):
    """A pattern that is none."""
    field = manifests.Field("host", "string", required=True, validation="(")
    with pytest.raises(ConfigurationError, match="its manifest has fields that cannot be used"):
        config_model(manifests.Manifest({}, {}, (field,)))
