"""The sections that the extension adds to the configuration."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from orbital_runtime.settings.model.base import Interval, SecretLine, Section, Timeout, wrong
from orbital_sdk.address import is_loopback

SOCKS: Final = ("socks4", "socks4a", "socks5", "socks5h")
INSECURE: Final = "SENTINEL_CORE__ALLOW_INSECURE_HTTP"
"""The environment variable that stands for core.allow_insecure_http."""
ALLOW: Final = f"set core.allow_insecure_http: true ({INSECURE}=true in the environment)"

NO_PROCESSORS: Final = (
    "Core has none of its own, since in the mode core nothing else gets samples: put them under the key"
    " `processors` at the top"
)


def _proxy(value: SecretStr) -> SecretStr:
    """Refuse what cannot be a proxy. Its words repeat nothing: a password may stand in it."""
    text = value.get_secret_value()
    try:
        parts = urlsplit(text)
        usable = parts.port is None or parts.port > 0
    except ValueError:
        usable, parts = False, urlsplit("")
    if parts.scheme in SOCKS and not find_spec("socks"):
        raise ValueError("a SOCKS proxy wants the Python package PySocks, which is not installed")
    if text and not (usable and parts.hostname and parts.scheme in ("http", "https", *SOCKS)):
        raise ValueError("is written like http://proxy.example.com:3128")
    return value


ProxyUrl = Annotated[SecretStr, AfterValidator(_proxy)]
"""Address of a proxy; user and password may stand in it. Empty: none."""


class CoreSection(Section):
    """Gravital Core, the central server."""

    url: str = ""
    """Address of Core. Empty: the one that this sentinel is registered at, or none."""
    api_token: SecretLine = SecretStr("")
    """Token for Core's API; better written `${API_TOKEN}` than in the file. With `sentinel.id` it stands
    for a registration."""
    registration_key: SecretLine = SecretStr("")
    """Sent when this sentinel registers."""
    credentials_path: str = ""
    """File with what registration gave. Empty: `~/.sentinel/credentials.yaml`."""
    timeout: Timeout = 30
    """Timeout of one call."""
    allow_insecure_http: bool = False
    """Allow plain HTTP to an address that is not this machine's own."""
    insecure_skip_verify: bool = False
    """Don't verify Core's TLS certificate."""
    ca_file: str = ""
    """PEM file of the authority that signed Core's certificate."""
    cert_file: str = ""
    """PEM file of a client certificate, for mutual TLS."""
    key_file: str = ""
    """Its key, where that is in a file of its own."""
    proxy_url: ProxyUrl | None = None
    """Proxy; default: as the environment says (`HTTPS_PROXY`); empty: none."""

    @model_validator(mode="before")
    @classmethod
    def _no_processors(cls, given: Any) -> Any:
        if isinstance(given, dict) and "processors" in given:
            raise wrong(cls.model_construct(), "processors", NO_PROCESSORS)
        return given  # pyright: ignore[reportUnknownVariableType] (what YAML gives)

    @model_validator(mode="after")
    def _is_safe(self) -> CoreSection:
        if self.url:
            try:
                check_core_url(self.url, insecure=self.allow_insecure_http)
            except ValueError as error:
                raise wrong(self, "url", str(error)) from error
        return self


def check_core_url(url: str, *, insecure: bool, allow: str = ALLOW) -> None:
    """Refuse what cannot be an address of Core, and plain HTTP over a network.

    Args:
        url: The address.
        insecure: Whether plain HTTP is allowed.
        allow: How it is, for the message.

    Raises:
        ValueError: What is wrong with it.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError as error:
        raise ValueError(f"is not an address: {error}") from error
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError("is written like https://core.example.com")
    if parts.query or parts.fragment:
        raise ValueError("is an address alone: no ?query and no #fragment")
    if parts.scheme == "http" and not insecure and not is_loopback(host):
        raise ValueError(f"the token would go over plain HTTP; write https://, or {allow}")


class HeartbeatSection(Section):
    """Heartbeats to Core."""

    interval: Interval = 30
    """Time between heartbeats."""
    timeout: Timeout = 10
    """Timeout of one heartbeat."""
    retry_times: Annotated[int, Field(ge=0)] = 3
    """Retries after the first attempt."""
