"""Base models of device fields and settings."""

import pytest
from pydantic import SecretStr, TypeAdapter, ValidationError

from orbital_sdk import DeviceFields, Host, PluginConfig, Port, ProcessorConfig, WriterConfig


class Device(DeviceFields):
    host: Host
    port: Port = 161
    password: SecretStr | None = None
    """Login."""


def test_unknown_keys_are_refused():
    """A typing error in a key must not pass as a default."""
    with pytest.raises(ValidationError, match="Extra inputs"):
        Device.model_validate({"host": "a", "prot": 1})


@pytest.mark.parametrize("base", [DeviceFields, PluginConfig, WriterConfig, ProcessorConfig])
def test_every_base_is_frozen_and_strict(base):
    """All settings keep the same promises."""
    assert base.model_config["frozen"] is True
    assert base.model_config["extra"] == "forbid"


def test_models_cannot_change_after_the_check():
    """What was validated is what runs."""
    with pytest.raises(ValidationError, match="frozen"):
        Device(host="a").host = "b"


def test_a_default_is_checked_like_any_other_value():
    """An author's bad default fails at once, not at the first device that uses it."""

    class Bad(DeviceFields):
        port: Port = 0

    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        Bad()


def test_secrets_show_nowhere():
    """Neither repr, str, dump nor a refusal has the password in it."""
    device = Device(host="a", password=SecretStr("sesame"))
    with pytest.raises(ValidationError) as refusal:
        Device.model_validate({"host": "-bad", "password": ["sesame"]})
    for text in (repr(device), str(device), device.model_dump_json(), str(refusal.value)):
        assert "sesame" not in text
    assert device.password is not None
    assert device.password.get_secret_value() == "sesame"


@pytest.mark.parametrize(
    "host",
    ["a", "switch-1.example.com", "10.0.0.1", "::1", "fe80::1%eth0", "_ldap._tcp.x", "a" * 253],
)
def test_hosts(host):
    """Names, IPv4, IPv6 with a zone."""
    assert TypeAdapter(Host).validate_python(host) == host


@pytest.mark.parametrize(
    "host",
    [
        "",
        "-c",
        "--help",
        "a b",
        "a\n",
        "a;b",
        "a/b",
        "http://a",
        "a-",
        "[::1]",
        "a:80",
        "a" * 254,
        None,
        5,
    ],
)
def test_what_is_no_host_is_refused(host):
    """Above all a leading hyphen, which a program would take for an option, and a port."""
    with pytest.raises(ValidationError):
        TypeAdapter(Host).validate_python(host)


@pytest.mark.parametrize("port", [0, -1, 65536, "x"])
def test_what_is_no_port_is_refused(port):
    """1 to 65535."""
    with pytest.raises(ValidationError):
        Device(host="a", port=port)


def test_a_repr_shows_addresses_without_what_may_be_secret():
    """User, password and query of a URL; other texts stay as they are."""

    class Web(DeviceFields):
        url: str
        name: str = "a? b @c"

    shown = repr(Web(url="https://user:pw@example.com/path?token=abc#part"))
    assert shown == "Web(url='https://***@example.com/path?***', name='a? b @c')"
    assert repr(Web(url="https://example.com/@path")).startswith(
        "Web(url='https://example.com/@path'"
    )
