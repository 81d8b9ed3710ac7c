"""The sections about the agent itself: identity, Core, plugins, telemetry and logging."""

from __future__ import annotations

from importlib.util import find_spec
from ipaddress import ip_address
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    WithJsonSchema,
    model_validator,
)

from orbital_runtime.settings.model.base import (
    Interval,
    Labels,
    SecretLine,
    Section,
    Timeout,
    wrong,
)

SOCKS: Final = ("socks4", "socks4a", "socks5", "socks5h")
INSECURE: Final = "SENTINEL_CORE__ALLOW_INSECURE_HTTP"
"""The environment variable that stands for core.allow_insecure_http."""
ALLOW: Final = f"set core.allow_insecure_http: true ({INSECURE}=true in the environment)"


class SentinelSection(Section):
    """Identity of this sentinel."""

    id: Annotated[str, AfterValidator(str.strip)] = ""
    """Stable id. Empty: generated once and stored in the data folder."""
    name: str = ""
    """Display name. Empty: the host's name."""
    region: str = ""
    """Location."""
    labels: Labels = Field(default_factory=dict[str, str])
    """Labels added to every sample of this sentinel."""


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
        raise ValueError(f"is no address: {error}") from error
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError("is written like https://core.example.com")
    if parts.query or parts.fragment:
        raise ValueError("is an address alone: no ?query and no #fragment")
    if parts.scheme == "http" and not insecure and not _is_loopback(host):
        raise ValueError(f"the token would go over plain HTTP; write https://, or {allow}")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class HeartbeatSection(Section):
    """Heartbeats to Core."""

    interval: Interval = 30
    """Time between heartbeats."""
    timeout: Timeout = 10
    """Timeout of one heartbeat."""
    retry_times: Annotated[int, Field(ge=0)] = 3
    """Retries after the first attempt."""


class PluginsSection(Section):
    """Plugins, and reloading."""

    directory: str = "./plugins"
    """Folder of plugins that are not installed as packages."""
    auto_reload: bool = True
    """Reload the configuration when its files change."""
    reload_interval: Interval = 300
    """Time between two checks of the files where the system does not report changes (network folders, no
    inotify)."""
    config: dict[str, dict[str, Any]] = Field(default_factory=dict[str, dict[str, Any]], repr=False)
    """Default settings of all tasks of a plugin, by its name; a task's own take precedence."""


def split_listen(value: str) -> tuple[str, int]:
    """Host and port out of `127.0.0.1:9464`, `[::1]:9464` or `:9464` (every address).

    Raises:
        ValueError: It is something else; the message says what would be right.
    """
    host, _, port = value.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not port.isdecimal() or int(port) > 65535 or (":" in host and not bracketed):
        raise ValueError("is written like 127.0.0.1:9464 or [::1]:9464")
    return host.strip("[]"), int(port)


def _listen(value: str) -> str:
    split_listen(value)
    return value


Listen = Annotated[
    str, AfterValidator(_listen), WithJsonSchema({"type": "string", "examples": ["127.0.0.1:9464"]})
]


class TelemetrySection(Section):
    """The agent's own pages (/metrics, /healthz, /readyz), and the socket of the command line."""

    enabled: bool = True
    """Serve these pages over HTTP. The command line's socket is served in any case."""
    listen: Listen = "127.0.0.1:9464"
    """Address and port; port 0 takes a free one."""
    host_names: list[str] = Field(default_factory=list[str])
    """Host names under which these pages are served, beside addresses, `localhost` and the machine's own
    name; `*` for any. Requests to others are refused, as a protection against DNS rebinding."""
    socket: str = ""
    """Unix socket of the command line. A relative path, or the default if empty, is in the runtime folder."""
    task_series: Annotated[int, Field(ge=0)] = 1000
    """Tasks that have series of their own in /metrics, ten each; 0: none. Totals are always there."""

    @property
    def address(self) -> tuple[str, int]:
        """Host (empty = every address) and port."""
        return split_listen(self.listen)


def _lower(value: object) -> object:
    text = value.lower() if isinstance(value, str) else value
    return "warn" if text == "warning" else text


class LoggingSection(Section):
    """The agent's log."""

    level: Annotated[Literal["debug", "info", "warn", "error"], BeforeValidator(_lower)] = "info"
    """Lowest level that is logged."""
    format: Literal["text", "json"] = "text"
    """Text for people, or JSON for programs."""
    output: Literal["stdout", "file", "both"] = "stdout"
    """Where log lines go."""
    file_path: str = "./logs/sentinel.log"
    """The log file, for `file` and `both`."""
    max_size: Annotated[float, Field(gt=0)] = 100
    """Megabytes after which the file is rotated."""
    max_backups: Annotated[int, Field(ge=0)] = 7
    """Rotated files that are kept; 0: all that `max_age` allows."""
    max_age: Annotated[float, Field(ge=0)] = 30
    """Days for which a rotated file is kept; 0: for ever."""
