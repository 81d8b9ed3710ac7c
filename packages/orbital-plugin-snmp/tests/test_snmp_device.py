"""What a user may write about a device."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from orbital_plugin_snmp.config import SessionConfig
from orbital_plugin_snmp.device import SnmpDevice
from orbital_plugin_snmp.session.credentials import community_of, user_of
from orbital_sdk import ConfigurationError

V3 = {"host": "h", "version": "3", "username": "joe"}
BOTH = {"auth_password": "auth-secret", "priv_password": "priv-secret"}


@pytest.mark.parametrize(
    ("said", "meant"),
    [("1", "1"), (1, "1"), ("v1", "1"), ("2c", "2c"), (2, "2c"), ("v2c", "2c"), ("snmp_2c", "2c")],
)
def test_versions(said: object, meant: str) -> None:
    """As the original design, Core and YAML write them."""
    assert SnmpDevice.model_validate({"host": "h", "version": said}).version == meant


@pytest.mark.parametrize(
    "auth",
    [
        {"type": "snmp_v3", "config": V3 | BOTH | {"security_level": "authPriv", "auth_protocol": "SHA256",
         "priv_protocol": "AES256", "context_name": "vrf1"}},
        {"type": "snmp_3", "config": V3 | BOTH | {"auth_protocol": "SHA256", "priv_protocol": "AES256",
         "context_name": "vrf1"}},
    ],
)  # fmt: skip
def test_credentials_as_core_writes_them(auth: dict[str, Any]) -> None:
    """`auth: {type, config}` means what the same fields beside it mean."""
    auth["config"].pop("version", None)
    auth["config"].pop("host", None)
    nested = SnmpDevice.model_validate({"host": "h", "snmp_version": "3", "auth": auth})
    assert nested == SnmpDevice.model_validate({"host": "h", "version": "3", **auth["config"]})
    user = user_of(nested)
    assert (user.name, user.auth, user.priv, user.context) == ("joe", "SHA256", "AES256", "vrf1")


def test_the_type_of_auth_tells_the_version_where_nothing_else_does() -> None:
    """Core's web form writes snmp_1, snmp_2c and snmp_3."""
    device = SnmpDevice.model_validate(
        {"host": "h", "auth": {"type": "snmp_1", "config": {"community": "s3cret"}}}
    )
    assert device.version == "1"
    assert community_of(device) == b"s3cret"


def test_fields_beside_auth_come_first() -> None:
    """Who writes both means the plain one."""
    device = SnmpDevice.model_validate(
        {"host": "h", "community": "mine", "auth": {"config": {"community": "theirs"}}}
    )
    assert community_of(device) == b"mine"


def test_credentials_of_another_protocol_are_passed_over() -> None:
    """Of a device that Core reaches over ssh, and that has an SNMP agent as well."""
    auth = {
        "type": "ssh",
        "config": {"username": "ops", "password": "theirs", "auth_method": "key"},
    }
    device = SnmpDevice.model_validate({"host": "h", "auth": auth, "community": "mine"})
    assert (device.version, community_of(device)) == ("2c", b"mine")


@pytest.mark.parametrize(
    ("fields", "level"),
    [({}, "noAuthNoPriv"), ({"auth_password": "12345678"}, "authNoPriv"), (BOTH, "authPriv"),
     (BOTH | {"security_level": "AuthNoPriv"}, "authNoPriv"), (BOTH | {"security_level": ""}, "authPriv")],
)  # fmt: skip
def test_security_levels(fields: dict[str, str], level: str) -> None:
    """Left out it is as high as the passwords allow; a lower one leaves passwords out."""
    device = SnmpDevice.model_validate(V3 | fields)
    assert device.level == level
    assert bool(user_of(device).priv) == (level == "authPriv")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"host": "h", "version": "3"}, "needs a username"),
        (V3 | {"security_level": "authPriv", "auth_password": "12345678"}, "needs priv_password"),
        (V3 | {"priv_password": "12345678"}, "needs auth_password"),
        (V3 | {"auth_password": "short"}, "less than 8"),
        (V3 | {"auth_protocol": "SHA3"}, "auth_protocol"),
        ({"host": "h", "version": "4"}, "version"),
        ({"host": "h", "transport": "sctp"}, "transport"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_refused_with_its_reason(fields: dict[str, Any], words: str) -> None:
    """Before anything is sent."""
    with pytest.raises(ValidationError, match=words):
        SnmpDevice.model_validate(fields)


def test_transports_that_an_engine_lacks_are_refused() -> None:
    """Rather than asked for by another one."""
    device = SnmpDevice(host="h", transport="tcp")
    SessionConfig(engine="fast").check(device)
    with pytest.raises(ConfigurationError, match="no TCP"):
        SessionConfig(engine="pysnmp").check(device)


def test_secrets_show_nowhere() -> None:
    """Neither in repr nor in a dump."""
    device = SnmpDevice.model_validate(V3 | BOTH | {"community": "my-secret"})
    assert "secret" not in f"{device!r} {device} {device.model_dump_json()}"
