"""What a user may set for notifications."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from orbital_plugin_snmp.device import Cipher, Protocol, Secret  # noqa: TC001 (pydantic reads them)
from orbital_plugin_snmp.traps.rules import TrapRule, check_together
from orbital_plugin_snmp.usm.user import User
from orbital_sdk import DeviceFields, Host, PluginConfig, Port
from orbital_sdk.fields import Fields


def _empty_is_none(value: object) -> object:
    return None if value == "" else value


def _engine_id(value: str) -> str:
    plain = value.removeprefix("0x").replace(":", "")
    try:
        size = len(bytes.fromhex(plain))
    except ValueError:
        raise ValueError("an engine id is written in hexadecimal, like 80000000051122") from None
    if plain and not 5 <= size <= 32:
        raise ValueError(f"an engine id has 5 to 32 octets (RFC 3411 5), this one {size}")
    return plain


class TrapUser(Fields):
    """A user of v3 whose notifications are accepted, at the level that its passwords make."""

    username: Annotated[str, Field(min_length=1, max_length=32)]
    """As the device sends it."""
    auth_protocol: Protocol = None
    """Left out: SHA."""
    auth_password: Secret = None
    """Eight characters or more (RFC 3414)."""
    priv_protocol: Cipher = None
    """Left out: AES."""
    priv_password: Secret = None
    """Likewise; it needs an `auth_password` as well."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.priv_password is not None and self.auth_password is None:
            raise ValueError("priv_password needs auth_password as well")
        for name in ("auth_password", "priv_password"):
            secret: SecretStr | None = getattr(self, name)
            if secret is not None and len(secret.get_secret_value()) < 8:
                raise ValueError(f"{name} has less than 8 characters (RFC 3414 11.2)")
        return self

    def user(self) -> User:
        """As the codec wants it."""
        auth, priv = self.auth_password, self.priv_password
        return User(
            name=self.username,
            auth=(self.auth_protocol or "SHA") if auth else "",
            auth_password=auth.get_secret_value().encode() if auth else b"",
            priv=(self.priv_protocol or "AES") if priv else "",
            priv_password=priv.get_secret_value().encode() if priv else b"",
        )


class TrapDevice(DeviceFields):
    """Whose notifications a task tells."""

    host: Annotated[Host | None, BeforeValidator(_empty_is_none)] = None
    """Name or address of one device; left out, all devices."""


class TrapConfig(PluginConfig):
    """Where to listen, whom to believe, and what becomes of notifications."""

    listen: Annotated[str, Field(max_length=64)] = ""
    """Address of this machine; left out, all of them."""
    port: Port = 162
    """UDP port. Tasks may share one."""
    communities: tuple[SecretStr, ...] = (SecretStr("public"),)
    """Of v1 and v2c: those that are accepted."""
    users: tuple[TrapUser, ...] = ()
    """Of v3."""
    engine_id: Annotated[str, AfterValidator(_engine_id)] = ""
    """Who we are to devices that send informs of v3, in hexadecimal (5 to 32 octets); left out: an id is
    made once and remembered. Most devices ask for it."""
    rules: tuple[TrapRule, ...] = ()
    """Counters and gauges out of notifications; all are counted in `snmp_traps_received_total` anyway."""
    rate: Annotated[float, Field(ge=1, le=100_000)] = 1000.0
    """Notifications a second that are taken, and as many at once; more are dropped, and counted."""
    max_series: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    """Series that notifications may make; further ones are dropped, and counted."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        check_together(self.rules)
        names = [user.username for user in self.users]
        if len(set(names)) != len(names):
            raise ValueError("a username appears twice in users")
        return self
