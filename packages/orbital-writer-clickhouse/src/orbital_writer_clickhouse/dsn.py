"""The DSN, as ClickHouse's Go and Python clients write it.

`tcp://host:9000/db?username=&password=&compress=true` and `clickhouse://` speak the native protocol,
`http://` HTTP; with an `s` at the end (`clickhouses://`, `https://`) or `secure=true` over TLS.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Compression = Literal["none", "lz4", "zstd"]

Protocol = Literal["native", "http"]

_SCHEMES: Final[Mapping[str, tuple[Protocol, bool]]] = {
    "tcp": ("native", False), "clickhouse": ("native", False), "native": ("native", False),
    "tcps": ("native", True), "clickhouses": ("native", True),
    "http": ("http", False), "https": ("http", True),
}  # fmt: skip
_PORTS: Final = {
    ("native", False): 9000, ("native", True): 9440, ("http", False): 8123, ("http", True): 8443,
}  # fmt: skip
_YES: Final = frozenset({"1", "true", "yes", "on"})
_NO: Final = frozenset({"", "0", "false", "no", "off", "none"})
_FOR_OTHERS: Final = frozenset(
    {
        "block_buffer_size", "block_size", "client_info_product", "connection_open_strategy", "debug",
        "dial_timeout", "connection_timeout", "conn_max_lifetime", "max_compression_buffer", "max_idle_conns",
        "max_open_conns", "no_delay", "pool_size", "read_timeout", "tls_config", "write_timeout",
    }
)  # fmt: skip
"""Parameters of the Go client about itself: ours has settings of its own, or no use for them."""


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a DSN points to."""

    protocol: Protocol
    secure: bool
    hosts: Sequence[tuple[str, int]]
    """In order of preference; each may be asked."""
    database: str = "default"
    username: str = "default"
    password: str = field(default="", repr=False)
    compression: Compression | None = None
    """None where the DSN does not say."""
    skip_verify: bool = False
    path: str = ""
    """Of a proxy before the HTTP interface."""
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    """Parameters that are settings of the server."""

    def address(self, host: int = 0) -> str:
        """One of the hosts, for people."""
        name, port = self.hosts[host]
        scheme = {"native": "tcp", "http": "http"}[self.protocol] + ("s" if self.secure else "")
        shown = f"[{name}]" if ":" in name else name
        return f"{scheme}://{shown}:{port}{self.path}/{self.database}"


def parse_dsn(text: str) -> ServerAddress:
    """Read a DSN.

    Raises:
        ValueError: What is wrong and what would be right. Never shows the DSN, which may hold a password.
    """
    parts = urlsplit(text)
    if parts.scheme not in _SCHEMES:
        raise ValueError(
            "begins with tcp://, clickhouse://, clickhouses://, http:// or https://;"
            " example: tcp://clickhouse:9000/metrics"
        )
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    protocol, secure = _SCHEMES[parts.scheme]
    secure = _flag("secure", given.pop("secure", str(secure).lower()))
    user, _, netloc = parts.netloc.rpartition("@")
    more = [host for host in given.pop("alt_hosts", "").split(",") if host]
    hosts = [_host(host, _PORTS[protocol, secure]) for host in [*netloc.split(","), *more]]
    name, _, password = user.partition(":")
    path, _, database = parts.path.rstrip("/").rpartition("/")
    compress = given.pop("compress", None)
    return ServerAddress(
        protocol=protocol,
        secure=secure,
        hosts=tuple(hosts),
        database=given.pop("database", "") or unquote(database) or "default",
        username=given.pop("username", given.pop("user", "")) or unquote(name) or "default",
        password=given.pop("password", "") or unquote(password),
        compression=_compression(given.pop("compression", compress)),
        skip_verify=_flag("skip_verify", given.pop("skip_verify", "")),
        path=path if protocol == "http" else "",
        settings={key: value for key, value in given.items() if key not in _FOR_OTHERS},
    )


def _host(text: str, usual: int) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{text}")
        name, port = parts.hostname, parts.port or usual
    except ValueError as error:
        raise ValueError("its port is not a number from 1 to 65535") from error
    if not name:
        raise ValueError("has no host; write it like tcp://clickhouse:9000/metrics")
    return name, port


def _flag(name: str, text: str) -> bool:
    if text.lower() not in _YES | _NO:
        raise ValueError(f"its {name} is neither true nor false")
    return text.lower() in _YES


def _compression(text: str | None) -> Compression | None:
    if text is None:
        return None
    word = text.lower()
    if word in _NO:
        return "none"
    if word in _YES or word in {"lz4", "lz4hc"}:
        return "lz4"
    if word == "zstd":
        return "zstd"
    raise ValueError("its compress is not one of true, false, lz4 and zstd")
