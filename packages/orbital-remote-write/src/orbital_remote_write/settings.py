"""What a user may set for a remote-write destination."""

from __future__ import annotations

import re
from pathlib import Path  # noqa: TC003 (pydantic reads it)
from typing import Annotated, Final, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from orbital_http import BasicAuth, ProxyUrl, Tls
from orbital_remote_write.labels import LABEL_NAME, TARGET_LABELS, LabelRules, OriginLabel
from orbital_sdk import Duration, WriterConfig
from orbital_sdk.address import public_address

OWN_HEADERS: Final = frozenset(
    {
        "authorization", "content-encoding", "content-length", "content-type", "host", "transfer-encoding",
        "x-prometheus-remote-write-version", "x-victoriametrics-remote-write-version",
    }
)  # fmt: skip
"""Headers that the client sets; `Authorization` has keys of its own."""
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE: Final = re.compile(r"[\x20-\x7e]*")


def checked_url(url: str) -> str:
    """An http or https address without user and password.

    Raises:
        ValueError: What is wrong, and what would be right. Never shows the address itself.
    """
    try:
        parts = urlsplit(url)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError as error:
        raise ValueError(
            "not an address; write it like http://prometheus:9090/api/v1/write"
        ) from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_is_fine:
        raise ValueError(
            "begins with http:// or https://, then host and port; example: http://prometheus:9090"
        )
    if re.search(r"[\s\x00-\x1f\x7f]", url):
        raise ValueError("has a space or a control character in it")
    if parts.username is not None or parts.password is not None:
        raise ValueError("has a user or password in it; put them under basic_auth")
    if parts.fragment:
        raise ValueError("has a # in it; leave out what follows it")
    return url


Url = Annotated[str, AfterValidator(checked_url)]


class RemoteWriteConfig(WriterConfig):
    """A server that takes Prometheus remote write."""

    url: Url = Field(examples=["http://prometheus:9090/api/v1/write"], repr=False)
    """Address of the write endpoint."""
    timeout: Duration = Field(default=30.0, gt=0)
    """How long sending a request and reading its whole answer may take, each."""
    connect_timeout: Duration = Field(default=10.0, gt=0)
    """How long connecting may take."""
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    """More headers to send."""
    basic_auth: BasicAuth | None = None
    """User and password."""
    bearer_token: SecretStr | None = None
    """Token, sent as `Authorization: Bearer`."""
    bearer_token_file: Path | None = None
    """A file with the token; read again when it changes."""
    tenant: str | None = Field(default=None, pattern=r"^[\x21-\x7e]+$")
    """Sent as `X-Scope-OrgID`, for Mimir, Cortex and Thanos."""
    tls: Tls = Field(default_factory=Tls)
    """How the server is verified, and how it can verify us."""
    proxy_url: ProxyUrl | None = None
    """Address of an HTTP proxy."""
    proxy_from_environment: bool = False
    """Obey HTTP_PROXY, HTTPS_PROXY and NO_PROXY."""
    job: str | None = Field(default=None, min_length=1)
    """Value of the label `job`; the plugin's name where nothing is set."""
    external_labels: dict[str, str] = Field(default_factory=dict)
    """Labels that are added to every series that has none of that name."""
    origin_labels: tuple[OriginLabel, ...] = ("sentinel", "region", "labels", "task")
    """What is added about where samples come from: `sentinel` (its name), `sentinel_id`, `region`, `labels`
    (all labels of the `sentinel` section), `task`. Without `task`, two tasks that read one device with one
    plugin write the same series."""

    @field_validator("headers")
    @classmethod
    def _usable_headers(cls, headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for name, value in headers.items():
            if not _TOKEN.fullmatch(name):
                raise ValueError(f"{name!r} cannot be the name of a header")
            if name.lower() in OWN_HEADERS:
                raise ValueError(
                    f"{name} cannot be set here; for Authorization use basic_auth or bearer_token"
                )
            if not _HEADER_VALUE.fullmatch(value.get_secret_value()):
                raise ValueError(f"the value of {name} may hold printable ASCII characters only")
        return headers

    @field_validator("bearer_token")
    @classmethod
    def _printable(cls, token: SecretStr | None) -> SecretStr | None:
        if token and not re.fullmatch(r"[\x21-\x7e]+", token.get_secret_value()):
            raise ValueError("may hold printable ASCII characters only, and no space")
        return token

    @field_validator("external_labels")
    @classmethod
    def _valid_labels(cls, labels: dict[str, str]) -> dict[str, str]:
        for name in labels:
            if name in TARGET_LABELS:
                raise ValueError(
                    f"{name} is set for every series; key `job` changes the value of job"
                )
            if not LABEL_NAME.fullmatch(name):
                raise ValueError(
                    f"{name!r} cannot be a label: letters, digits and _, no digit first, not __ in front"
                )
        return labels

    @model_validator(mode="after")
    def _one_way_to_log_in(self) -> Self:
        ways = [self.basic_auth, self.bearer_token, self.bearer_token_file]
        if sum(way is not None for way in ways) > 1:
            raise ValueError("basic_auth, bearer_token and bearer_token_file exclude each other")
        return self

    @property
    def address(self) -> str:
        """The URL without its query, for people."""
        return public_address(self.url)

    @property
    def rules(self) -> LabelRules:
        """Which labels are added."""
        return LabelRules(self.job, tuple(sorted(self.external_labels.items())), self.origin_labels)

    @property
    def has_credentials(self) -> bool:
        """Whether requests carry something that nobody else should see."""
        secrets = (self.basic_auth, self.bearer_token, self.bearer_token_file, self.headers)
        return any(secrets)
