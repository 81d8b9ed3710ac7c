"""What a class says about itself."""

import json
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, SecretBytes, SecretStr, create_model

from orbital_sdk import (
    ByteSize,
    DeviceFields,
    Duration,
    Host,
    Metric,
    Plugin,
    PluginConfig,
    Port,
    Processor,
    ProcessorConfig,
    Writer,
    WriterConfig,
    manifest,
    plugin_yaml,
)
from orbital_sdk.schema.json_schema import json_schema


class Login(DeviceFields):
    """How to log in."""

    user: str = Field(description="User name")
    password: SecretStr = Field(description="Password")


class Device(DeviceFields):
    host: Host
    port: Port = 161
    version: Literal["1", "2c", "3"] = "2c"
    """SNMP version."""
    community: SecretStr = SecretStr("hidden-community")
    """Community."""
    login: Login | None = None
    mtu: int | None = Field(default=None, ge=68, lt=65536, description="Link MTU")


class Config(PluginConfig):
    timeout: Annotated[Duration, Field(gt=0, le=60)] = 5
    """Seconds for one request."""
    oids: list[str] = Field(
        default=[], description="OIDs to read", examples=[["1.3.6.1"]], max_length=9
    )
    cache: ByteSize | None = None
    """How much to remember."""
    logins: list[Login] = Field([], description="More logins")
    ratio: float = Field(0.5, gt=0, lt=1, alias="lossRatio", description="Loss that is fine")
    mixed: int | str = 1
    """Either."""
    number: int | float = 1
    """Any number."""
    fixed: Literal["on"] = "on"
    """Always on."""


class Snmp(Plugin[Device, Config]):
    name = "snmp"
    summary = "Reads SNMP agents"
    metadata = {"author": "ACME", "device_types": ("switch", "router"), "rack": {"units": 2}}  # noqa: RUF012 (as a stranger writes it)
    octets = Metric(
        "if_in_octets_total", "Bytes in", kind="counter", unit="bytes", labels=("if_index",)
    )
    up_time = Metric("up_time_seconds", "Time since start", unit="seconds")


def entries(fields):
    return {entry["name"]: entry for entry in fields}


def test_the_meta_block_is_the_seeds():
    """name, version, description and all of its metadata; the version comes from whoever knows it."""
    assert manifest(Snmp, version="1.2.3")["meta"] == {
        "name": "snmp",
        "version": "1.2.3",
        "description": "Reads SNMP agents",
        "author": "ACME",
        "device_types": ["switch", "router"],
        "rack": {"units": 2},
    }
    assert manifest(Snmp)["meta"]["version"] == ""


def test_device_fields_in_the_seeds_list_form():
    """Each with name, type, required, and what else is to be said of it."""
    fields = entries(manifest(Snmp)["device_fields"])
    assert list(fields) == ["host", "port", "version", "community", "login", "mtu"]
    host = fields["host"]
    assert (host["type"], host["required"]) == ("string", True)
    assert (host["description"], host["max_length"]) == ("Address or DNS name", 253)
    assert host["validation"].startswith("^[A-Za-z0-9_:]")
    assert fields["port"] == {
        "name": "port", "type": "int", "required": False, "default": 161,
        "description": "Port number", "min": 1, "max": 65535,
    }  # fmt: skip
    assert fields["version"]["choices"] == ["1", "2c", "3"]
    assert fields["community"] == {
        "name": "community", "type": "password", "required": False, "description": "Community.",
    }  # fmt: skip
    assert (fields["mtu"]["type"], fields["mtu"]["min"], fields["mtu"]["max"]) == ("int", 68, 65535)


def test_config_fields_in_the_seeds_list_form():
    """Durations and sizes by their own names, lists with their items, aliases as users write them."""
    fields = entries(manifest(Snmp)["config_fields"])
    timeout = fields["timeout"]
    assert (timeout["type"], timeout["default"], timeout["min"], timeout["max"]) == (
        "duration",
        "5s",
        0,
        60,
    )
    assert fields["oids"] == {
        "name": "oids", "type": "list", "required": False, "default": [], "items": "string",
        "description": "OIDs to read", "placeholder": ["1.3.6.1"], "max_length": 9,
    }  # fmt: skip
    assert fields["cache"]["type"] == "size"
    assert (fields["lossRatio"]["type"], fields["lossRatio"]["default"]) == ("float", 0.5)
    assert (fields["mixed"]["type"], fields["number"]["type"]) == ("any", "float")
    assert fields["fixed"]["choices"] == ["on"]


def test_models_inside_models_have_fields_of_their_own():
    """A form can show a group, alone or in a list."""
    login = entries(manifest(Snmp)["device_fields"])["login"]
    assert (login["type"], login["description"]) == ("map", "How to log in.")
    assert entries(login["fields"])["password"] == {
        "name": "password", "type": "password", "required": True, "description": "Password",
    }  # fmt: skip
    logins = entries(manifest(Snmp)["config_fields"])["logins"]
    assert (logins["type"], logins["items"]) == ("list", "map")
    assert list(entries(logins["fields"])) == ["user", "password"]


def test_metrics_are_listed_as_declared():
    """Name, type, unit, description and labels."""
    assert manifest(Snmp)["metrics"][0] == {
        "name": "if_in_octets_total",
        "type": "counter",
        "unit": "bytes",
        "description": "Bytes in",
        "labels": ["if_index"],
    }


def test_schemas_speak_the_standards_words():
    """Bounds of durations are minimum and maximum, defaults are written as users write them."""
    schema = manifest(Snmp)["config_schema"]
    timeout = schema["properties"]["timeout"]
    assert (timeout["exclusiveMinimum"], timeout["maximum"], timeout["default"]) == (0, 60, "5s")
    assert not {"gt", "ge", "lt", "le"} & set(timeout)
    assert schema["additionalProperties"] is False
    assert manifest(Snmp)["device_schema"]["required"] == ["host"]


def test_a_plugin_yaml_has_the_seeds_keys_in_its_order():
    """The list form alone, for people who keep a plugin.yaml."""
    about = plugin_yaml(Snmp, version="1")
    assert list(about) == ["meta", "device_fields", "config_fields", "metrics"]
    assert about == {key: manifest(Snmp, version="1")[key] for key in about}


@pytest.mark.parametrize("form", [manifest, plugin_yaml])
def test_it_is_plain_data(form):
    """JSON carries it without loss, so YAML does, and nothing but plain types is in it."""
    about = form(Snmp, version="1")
    assert json.loads(json.dumps(about, allow_nan=False)) == about


SECRETS = {
    "text": (SecretStr, SecretStr("sesame")),
    "raw": (SecretStr, "sesame"),
    "optional": (SecretStr | None, SecretStr("sesame")),
    "bytes_": (SecretBytes, SecretBytes(b"sesame")),
    "headers": (dict[str, SecretStr], {"X-Key": SecretStr("sesame")}),
    "many": (list[SecretStr], [SecretStr("sesame")]),
    "nested": (Login, Login(user="u", password=SecretStr("sesame"))),
    "maybe": (Login | None, Login(user="u", password=SecretStr("sesame"))),
    "several": (list[Login], [Login(user="u", password=SecretStr("sesame"))]),
    "example": (SecretStr, Field(examples=["sesame"])),
    "noted": (Annotated[SecretStr, Field(description="Key")], Field("sesame", examples=["sesame"])),
}


@given(st.sets(st.sampled_from(sorted(SECRETS)), min_size=1))
def test_no_default_of_a_secret_is_ever_shown(names):
    """Neither in clear nor as asterisks, which somebody would take for the default."""
    model = create_model("Hidden", __base__=DeviceFields, **{name: SECRETS[name] for name in names})
    cls = type("Keeper", (Snmp,), {"name": "keeper", "device_model": model})
    text = json.dumps(manifest(cls))
    assert "sesame" not in text
    assert "****" not in text
    assert list(entries(manifest(cls)["device_fields"])) == list(model.model_fields)


def test_an_empty_default_of_a_secret_may_stay():
    """None and empty lists are not secrets, and tell that the field may be left out."""
    model = create_model(
        "Open", __base__=DeviceFields, key=(SecretStr | None, None), keys=(list[SecretStr], [])
    )
    cls = type("Open", (Snmp,), {"device_model": model})
    properties = manifest(cls)["device_schema"]["properties"]
    assert (properties["key"]["default"], properties["keys"]["default"]) == (None, [])


class Tree(PluginConfig):
    """A rule and the rules below it."""

    pattern: str = Field(".*", description="What it takes")
    below: "list[Tree]" = Field([], description="Rules below")
    default: str = Field("d", description="Named like a word of JSON Schema")


class Forest(PluginConfig):
    tree: Tree = Tree()


def test_a_model_may_hold_its_own_kind():
    """A recursive model ends after one round, and fields may be named like words of JSON Schema."""
    cls = type("Recursive", (Snmp,), {"config_model": Forest})
    tree = entries(manifest(cls)["config_fields"])["tree"]
    assert list(entries(tree["fields"])) == ["pattern", "below", "default"]
    assert "fields" not in entries(tree["fields"])["below"]


def test_a_schema_can_become_part_of_another():
    """References lead to wherever its definitions are put."""
    schema = json_schema(Forest, definitions="#/$defs/forest.")
    assert schema["properties"]["tree"]["$ref"] == "#/$defs/forest.Tree"
    assert schema["$defs"]["Tree"]["properties"]["below"]["items"]["$ref"] == "#/$defs/forest.Tree"


def test_writers_and_processors_have_manifests_too():
    """Meta and settings; no device and no metrics."""

    class Target(WriterConfig):
        url: str = Field(description="Where to")

    class Push(Writer[Target]):
        name = "push"
        summary = "Pushes"

    class Same(Processor[ProcessorConfig]):
        name = "same"

    about = manifest(Push, version="2")
    assert about["meta"] == {"name": "push", "version": "2", "description": "Pushes"}
    assert sorted(about) == ["config_fields", "config_schema", "meta"]
    assert about["config_fields"][0]["name"] == "url"
    assert manifest(Same)["config_fields"] == []
