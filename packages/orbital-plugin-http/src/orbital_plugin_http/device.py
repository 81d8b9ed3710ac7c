"""How a web service is reached: its address, credentials and TLS options."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Any, Literal, Self, cast

from pydantic import AfterValidator, AliasChoices, Field, SecretStr, model_validator

from orbital_plugin_http.core_form import plain
from orbital_plugin_http.url import parse
from orbital_sdk import DeviceFields, Host, Port

Auth = Literal["none", "basic", "digest", "bearer", "api_key"]

_NEEDS: dict[str, tuple[str, ...]] = {
    "none": (),
    "basic": ("username", "password"),
    "digest": ("username", "password"),
    "bearer": ("token",),
    "api_key": ("api_key",),
}


def _line(value: SecretStr) -> SecretStr:
    """What goes into a header: one line; the line break that files end with is taken off."""
    text = value.get_secret_value().strip()
    if not text.isprintable():
        raise ValueError("this has to be one line of printable text")
    return SecretStr(text)


Line = Annotated[SecretStr, AfterValidator(_line)]


def _is_ipv6(host: str) -> bool:
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True


def _url(text: str) -> str:
    parse(text)
    return text


class HttpDevice(DeviceFields):
    """Either `url`, or `host` with what differs from its defaults."""

    url: (
        Annotated[
            str,
            AfterValidator(_url),
            Field(max_length=8000, examples=["https://example.com/health"]),
        ]
        | None
    ) = None
    """Address to ask, http or https; credentials go into their own fields."""
    host: Host | None = None
    """Address or DNS name, instead of `url`."""
    scheme: Annotated[
        Literal["http", "https"], Field(validation_alias=AliasChoices("scheme", "protocol"))
    ] = "http"
    """With `host`: http or https; also as `protocol`."""
    port: Port | None = None
    """With `host`: TCP port; 80 or 443 if left out."""
    path: Annotated[str, Field(pattern="^/", max_length=8000)] = "/"
    """With `host`: path, with its query if there is one."""

    auth: Auth | None = None
    """How to log in. Left out: basic where there is a password, bearer where there is a token. Also as
    Core's web form writes it, `{type: http, config: {auth_type: basic, username: …}}`."""
    username: Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]*$")] | None = None
    """User name for basic and digest."""
    password: SecretStr | None = None
    """Password for basic and digest."""
    token: Line | None = None
    """Token for bearer."""
    api_key: Line | None = None
    """Key that the service wants in a header or in the query."""
    api_key_name: Annotated[str, Field(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")] = "X-API-Key"
    """Name of that header or query parameter."""
    api_key_in: Literal["header", "query"] = "header"
    """Where the key goes."""

    ca_file: str | None = None
    """PEM file of the authorities to trust, instead of the system's."""
    cert_file: str | None = None
    """PEM file of the client certificate."""
    key_file: str | None = None
    """PEM file of its private key, where `cert_file` does not hold it."""
    key_password: SecretStr | None = None
    """Password of the private key."""
    server_name: Host | None = None
    """Name to ask for and to expect in the certificate, instead of the URL's host."""
    insecure_skip_verify: bool = False
    """Accept any certificate. Its expiry is reported all the same."""
    min_tls_version: Literal["TLS12", "TLS13"] = "TLS12"
    """Oldest TLS version to accept."""

    @model_validator(mode="before")
    @classmethod
    def _from_core(cls, given: object) -> object:
        return plain(cast("dict[str, Any]", given)) if isinstance(given, dict) else given

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        if (self.url is None) == (self.host is None):
            raise ValueError("give either url (https://example.com/health) or host")
        pieces = sorted({"scheme", "port", "path"} & self.model_fields_set)
        if self.url is not None and pieces:
            raise ValueError(f"{', '.join(pieces)} belong to host; with url, write them into it")
        if ":" in (self.host or "") and not _is_ipv6(str(self.host)):
            raise ValueError("host is a name or an address; its port goes into port")
        parse(self.address)
        return self

    @model_validator(mode="after")
    def _whole_credentials(self) -> Self:
        given = {name for name in ("username", "password", "token", "api_key") if self._has(name)}
        wanted = set(_NEEDS[self.login])
        if missing := sorted(wanted - given):
            raise ValueError(f"auth {self.login} needs {' and '.join(missing)}")
        if spare := sorted(given - wanted):
            raise ValueError(f"auth {self.login} has no use for {' and '.join(spare)}")
        if self.key_file and not self.cert_file:
            raise ValueError("key_file needs cert_file")
        return self

    @property
    def login(self) -> Auth:
        """`auth`, or what the given credentials suggest."""
        if self.auth is not None:
            return self.auth
        if self.token is not None:
            return "bearer"
        if self.api_key is not None:
            return "api_key"
        return "none" if self.username is None and self.password is None else "basic"

    @property
    def address(self) -> str:
        """The URL, put together from its pieces if need be."""
        if self.url is not None:
            return self.url
        host = f"[{self.host}]" if ":" in str(self.host) else self.host
        port = "" if self.port is None else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"

    def _has(self, name: str) -> bool:
        return getattr(self, name) is not None
