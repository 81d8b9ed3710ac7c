"""How one device is reached: what a user may set for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self, cast

from pydantic import AliasChoices, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from orbital_plugin_snmp.usm.algorithms import AuthProtocol, PrivProtocol, plain
from orbital_sdk import DeviceFields, Host, Port
from orbital_sdk.fields import Fields

if TYPE_CHECKING:
    from pydantic import ValidationError

LEVELS: Final = {"noauthnopriv": "noAuthNoPriv", "authnopriv": "authNoPriv", "authpriv": "authPriv"}


def _version(value: object) -> object:
    """`v2c`, `2`, `snmp_v3` and YAML's bare numbers."""
    text = str(value).lower().removeprefix("snmp").removeprefix("_").removeprefix("v")
    return "2c" if text == "2" else text


def _level(value: object) -> object:
    return LEVELS.get(value.lower(), value) if isinstance(value, str) else value


def _empty_is_none(value: object) -> object:
    return None if value == "" else value


Secret = Annotated[SecretStr | None, BeforeValidator(_empty_is_none)]
Protocol = Annotated[AuthProtocol | None, BeforeValidator(plain), BeforeValidator(_empty_is_none)]
Cipher = Annotated[PrivProtocol | None, BeforeValidator(plain), BeforeValidator(_empty_is_none)]


class AuthConfig(Fields):
    """The keys of Core's `auth.config`; each may stand beside the device's other fields as well."""

    model_config = ConfigDict(extra="ignore")

    community: Secret = None
    """Of v1 and v2c."""
    username: str = ""
    """Of v3."""
    security_level: str = ""
    """`noAuthNoPriv`, `authNoPriv` or `authPriv`."""
    auth_protocol: str = ""
    """As the field of that name."""
    auth_password: Secret = None
    """Likewise."""
    priv_protocol: str = ""
    """Likewise."""
    priv_password: Secret = None
    """Likewise."""
    context_name: str = ""
    """Likewise: `context`."""


class Auth(Fields):
    """As Core's web form writes it."""

    type: str = ""
    """`snmp_1`, `snmp_2c` or `snmp_3`; `version` beside it is preferred."""
    config: AuthConfig = AuthConfig()


class SnmpDevice(DeviceFields):
    """One device that speaks SNMP."""

    host: Host
    port: Port = 161
    transport: Literal["udp", "udp6", "tcp"] = "udp"
    """`udp6` insists on IPv6; `udp` and `tcp` take what the name has."""
    unconnected_udp_socket: bool = False
    """Take answers that come from another address than `host`, as devices with several interfaces or VRRP
    send them; Telegraf's word for it. They still have to have the id of the request, and of v3 the device's
    engine id. `engine: pysnmp` takes them in any case."""
    version: Annotated[
        Literal["1", "2c", "3"],
        BeforeValidator(_version),
        Field(validation_alias=AliasChoices("version", "snmp_version")),
    ] = "2c"
    """Of SNMP; also as `snmp_version`."""
    community: Annotated[
        Secret, Field(validation_alias=AliasChoices("community", "snmp_community"))
    ] = None
    """Of v1 and v2c; `public` if left out."""
    username: Annotated[str, Field(max_length=32)] = ""
    """Of v3, like all that follow up to `context`."""
    security_level: Annotated[
        Literal["noAuthNoPriv", "authNoPriv", "authPriv"] | None,
        BeforeValidator(_level),
        BeforeValidator(_empty_is_none),
    ] = None
    """Left out: as high as the passwords given allow."""
    auth_protocol: Protocol = None
    """Left out: SHA."""
    auth_password: Secret = None
    """Eight characters or more (RFC 3414)."""
    priv_protocol: Cipher = None
    """Left out: AES."""
    priv_password: Secret = None
    """Likewise."""
    context: Annotated[
        str, Field(max_length=255, validation_alias=AliasChoices("context", "context_name"))
    ] = ""
    """Name of the context to read."""
    auth: Auth | None = None
    """The credentials as Core's web form writes them, `{type: snmp_2c, config: {community: …}}`: another
    way to write the fields above, which come first."""

    @model_validator(mode="before")
    @classmethod
    def _take_auth(cls, given: object) -> object:
        """Core's `auth: {type: snmp_3, config: {...}}`: what is in there is as good as beside it, but for
        keys of other protocols, such as the password of ssh.
        """
        flat = dict(cast("dict[str, Any]", given)) if isinstance(given, dict) else {}
        if not isinstance(flat.get("auth"), dict):
            return cast("object", given)
        auth: dict[str, Any] = flat.pop("auth")
        config: object = auth.get("config") or {}
        kind = str(auth.get("type", ""))
        if kind.startswith("snmp_") and not {"version", "snmp_version"} & flat.keys():
            flat["version"] = kind
        inner = cast("dict[str, Any]", config) if isinstance(config, dict) else {}
        return {**{key: inner[key] for key in inner.keys() & AuthConfig.model_fields}, **flat}

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.version == "3":
            self._check_user()
        return self

    def _check_user(self) -> None:
        if not self.username:
            raise ValueError("version 3 needs a username")
        level = self.level
        for name, password in (("auth", self.auth_password), ("priv", self.priv_password)):
            if password is None and (
                level == "authPriv" or (name, level) == ("auth", "authNoPriv")
            ):
                raise ValueError(f"security level {level} needs {name}_password")
            if password is not None and len(password.get_secret_value()) < 8:
                raise ValueError(f"{name}_password has less than 8 characters (RFC 3414 11.2)")

    @property
    def level(self) -> str:
        """The security level that is meant."""
        if self.security_level:
            return self.security_level
        if self.priv_password is not None:
            return "authPriv"
        return "authNoPriv" if self.auth_password is not None else "noAuthNoPriv"


def mistakes(error: ValidationError) -> str:
    """What is wrong with fields, in one line for people; it shows no value."""
    said = [(".".join(map(str, one["loc"])), one["msg"]) for one in error.errors()]
    return "; ".join(
        f"{field}: {what}" if field else what.removeprefix("Value error, ") for field, what in said
    )
