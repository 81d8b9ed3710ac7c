"""Settings that destinations which speak HTTP share."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 (pydantic reads it)
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from orbital_sdk.fields import Fields
from orbital_sdk.tls import client_context


def _checked_proxy(url: SecretStr) -> SecretStr:
    if urlsplit(url.get_secret_value()).scheme not in {"http", "https"}:
        raise ValueError("begins with http:// or https://")
    return url


ProxyUrl = Annotated[SecretStr, AfterValidator(_checked_proxy)]
"""Address of an HTTP proxy; a user and a password may stand in it."""


class BasicAuth(Fields):
    """User and password."""

    username: str = Field(min_length=1, pattern=r"^[^:\x00-\x1f\x7f]+$")
    """Name of the user."""
    password: SecretStr | None = None
    """Its password."""
    password_file: Path | None = None
    """A file with the password; read again when it changes."""

    @model_validator(mode="after")
    def _one_password(self) -> Self:
        if (self.password is None) == (self.password_file is None):
            raise ValueError("basic_auth wants either password or password_file")
        return self


class Tls(Fields):
    """How the server is verified, and how it can verify us."""

    ca_file: Path | None = None
    """PEM file of the authorities that may have signed the server's certificate; else the public ones."""
    cert_file: Path | None = None
    """PEM file of our own certificate, where the server asks for one."""
    key_file: Path | None = None
    """PEM file of its key, without a passphrase; left out where cert_file holds it too."""
    server_name: str | None = Field(default=None, min_length=1)
    """Name that must stand in the server's certificate, where it is not the address's host."""
    insecure_skip_verify: bool = False
    """Take any certificate. Whoever is between us and the server can read and change everything."""

    @model_validator(mode="after")
    def _key_has_certificate(self) -> Self:
        if self.key_file and not self.cert_file:
            raise ValueError("tls.key_file without tls.cert_file")
        return self

    def check_files(self) -> None:
        """Load every file once, so that a wrong one is known at the start.

        Raises:
            ConfigurationError: Which one, and why.
        """
        if self.ca_file or self.cert_file:
            client_context(
                ca_file=self.ca_file,
                cert_file=self.cert_file,
                key_file=self.key_file,
                prefix="tls.",
            )
