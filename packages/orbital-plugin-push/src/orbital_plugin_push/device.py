"""Settings of the device: listening address, authentication of senders, limits."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 (pydantic reads the annotations)
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from orbital_sdk import ByteSize, DeviceFields, Duration, Host, Port
from orbital_sdk.address import is_loopback
from orbital_sdk.fields import Fields


class BasicAuth(Fields):
    """User and password."""

    username: str = Field(min_length=1, pattern=r"^[^:\x00-\x1f\x7f]+$")
    """Name of the user."""
    password: SecretStr = Field(min_length=1)
    """Its password."""


class Tls(Fields):
    """Who we are, and how senders prove who they are."""

    cert_file: Path
    """PEM file of our certificate, with those that signed it."""
    key_file: Path | None = None
    """PEM file of its key, without a passphrase; left out where `cert_file` holds it too."""
    client_ca_file: Path | None = None
    """PEM file of authorities: a sender needs a certificate that one of them signed."""


class PushDevice(DeviceFields):
    """One address that takes pushes."""

    host: Host = "127.0.0.1"
    """Address to listen at. One that other machines reach needs `basic_auth`, `bearer_token` or
    `tls.client_ca_file`: whoever may push can write any series into the destinations."""
    port: Port = 8439
    """Port to listen at."""
    basic_auth: BasicAuth | None = None
    """User and password that senders have to give."""
    bearer_token: SecretStr | None = Field(default=None, min_length=1)
    """Token that senders have to give as `Authorization: Bearer`. Beside `basic_auth`, either is taken."""
    tls: Tls | None = None
    """Speak HTTPS."""
    allow_anonymous: bool = False
    """Take pushes from other machines without any credentials."""
    max_body: ByteSize = Field(default=16 << 20, ge=1024, le=1 << 30)
    """Size of a request's body, as it comes and decompressed; a larger one is answered 413."""
    max_connections: int = Field(default=512, ge=1, le=100_000)
    """Connections at once; more are closed."""
    max_requests: int = Field(default=64, ge=1, le=1000)
    """Requests whose body is in memory at once; others wait for their turn."""
    timeout: Duration = Field(default=25.0, gt=0, le=600)
    """How long a request may take, waiting included: shorter than what senders wait for (Prometheus: 30s)."""
    idle_timeout: Duration = Field(default=120.0, gt=0, le=3600)
    """How long a connection may say nothing, or not finish the head of a request."""
    busy_status: Literal[429, 503] = 429
    """What a sender is told, with `Retry-After`, when the buffer takes nothing. Prometheus drops samples at
    429 unless `retry_on_http_429` is set there, and tries again at 503."""

    @model_validator(mode="after")
    def _only_whom_we_know(self) -> Self:
        if not (self.is_local or self.knows_senders or self.allow_anonymous):
            raise ValueError(
                f"host {self.host} is open to other machines: set basic_auth, bearer_token or"
                " tls.client_ca_file, or allow_anonymous: true"
            )
        return self

    @property
    def is_local(self) -> bool:
        """Whether nobody but this machine can reach it."""
        return is_loopback(self.host)

    @property
    def knows_senders(self) -> bool:
        """Whether a sender has to prove who it is."""
        by_certificate = self.tls is not None and self.tls.client_ca_file is not None
        return bool(self.basic_auth or self.bearer_token or by_certificate)
