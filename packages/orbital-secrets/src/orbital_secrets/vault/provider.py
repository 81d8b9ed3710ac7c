"""The provider `vault`."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from orbital_http import HttpClient, Tls, stays_here
from orbital_sdk import ConfigurationError
from orbital_sdk.address import public_address
from orbital_sdk.fields import Fields
from orbital_sdk.secrecy import hold
from orbital_sdk.secret_provider import SecretProvider, SecretProviderConfig, Surroundings
from orbital_sdk.units import Duration  # noqa: TC001 (pydantic reads annotations)
from orbital_secrets.vault.api import TokenRefused, VaultApi

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orbital_sdk.secret_provider import Answer


class AppRole(Fields):
    """A login of a program."""

    role_id: str
    """Id of the role."""
    secret_id: SecretStr
    """Its secret id."""
    mount: str = "approle"
    """Path of the auth method."""


class VaultConfig(SecretProviderConfig):
    url: str
    """Address of the server: `https://vault.example.com:8200`."""
    token: SecretStr | None = None
    """Token to read with; better `${file:/run/vault/token}` than in the file."""
    approle: AppRole | None = None
    """A login in place of a token."""
    mount: str = "secret"
    """Path of the secrets engine."""
    path: str = "orbital-sentinel"
    """Secret whose fields are the names: `${secret:NAME}` is its field NAME, and `${secret:PATH#FIELD}` a
    field of another secret."""
    namespace: str = ""
    """Namespace, where the server has any."""
    timeout: Annotated[Duration, Field(gt=0)] = 5
    """Timeout of one request."""
    tls: Tls = Tls()
    """How the server is verified, and how it can verify us."""

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("url begins with https:// and a host")
        if parts.scheme == "http" and not stays_here(self.url):
            raise ValueError(
                "url has to begin with https://: a token and secrets would be readable"
            )
        if (self.token is None) == (self.approle is None):
            raise ValueError("needs either token or approle")
        return self


class Vault(SecretProvider[VaultConfig]):
    """`${secret:NAME}` from a server."""

    name = "vault"
    summary = "HashiCorp Vault or OpenBao, KV version 2"

    def __init__(self, config: VaultConfig, around: Surroundings) -> None:
        super().__init__(config, around)
        http = HttpClient(public_address(config.url), timeout=config.timeout, tls=config.tls)
        self._api = VaultApi(config.url, http, config.namespace)
        self._token = config.token.get_secret_value() if config.token else ""
        """The given one, or that of the last login."""

    def get_all(self, names: Sequence[str]) -> Mapping[str, Answer]:
        """Reads each secret once, for all of its fields that are wanted."""
        ways = {name: self._way(name) for name in names}
        found = {
            path: self._read(path) for path in dict.fromkeys(path for path, _ in ways.values())
        }
        return {name: _field(found[path], field) for name, (path, field) in ways.items()}

    def _way(self, name: str) -> tuple[str, str]:
        """Path and field."""
        path, mark, field = name.rpartition("#")
        return (path, field) if mark else (self.config.path, name)

    def _read(self, path: str) -> dict[str, Any] | ConfigurationError:
        """All fields, or why they cannot be read."""
        try:
            return self._with_token(lambda token: self._api.read(self.config.mount, path, token))
        except ConfigurationError as error:
            return error

    def _with_token(self, read: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
        """The token of a login is used until it is refused."""
        if self.config.approle is None:
            return read(self._token)
        if self._token:
            with suppress(TokenRefused):
                return read(self._token)
        self._token = self._log_in(self.config.approle)
        return read(self._token)

    def _log_in(self, approle: AppRole) -> str:
        secret = approle.secret_id.get_secret_value()
        token = self._api.log_in(approle.mount, approle.role_id, secret)
        hold("vault", [token])
        return token


def _field(fields: dict[str, Any] | ConfigurationError, name: str) -> Answer:
    if isinstance(fields, ConfigurationError):
        return fields
    value = fields.get(name)
    if value is None or isinstance(value, str):
        return value if value is None else SecretStr(value)
    return ConfigurationError(f"field {name} is not text")
