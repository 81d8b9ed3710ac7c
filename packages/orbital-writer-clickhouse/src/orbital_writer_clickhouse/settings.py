"""What a user may set for ClickHouse."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 (pydantic reads it)
from typing import Final, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from orbital_http import ProxyUrl, SettingNames, Tls
from orbital_sdk import Duration, WriterConfig
from orbital_writer_clickhouse.dsn import Compression, ServerAddress, parse_dsn
from orbital_writer_clickhouse.origin import OriginLabel  # noqa: TC001 (pydantic reads it)
from orbital_writer_clickhouse.schema.choice import Schema, usual_name
from orbital_writer_clickhouse.schema.custom import check_source
from orbital_writer_clickhouse.schema.ddl import Options, Partition

NAMES: Final = SettingNames(address="dsn")
"""What settings are called in messages about connections."""


class ClickHouseConfig(WriterConfig):
    """A ClickHouse server or cluster."""

    dsn: SecretStr = Field(examples=["tcp://clickhouse:9000/metrics"])
    """Where it is: `tcp://` or `clickhouse://` for the native protocol, `http://` for HTTP, which costs less;
    `clickhouses://` and `https://` over TLS. Further hosts follow the first after a comma."""
    username: str | None = Field(default=None, min_length=1)
    """User, where the DSN names none."""
    password: SecretStr | None = None
    """Its password, where the DSN has none."""
    password_file: Path | None = None
    """A file with the password; read again for each new connection."""
    schema_: Schema = Field(default="sentinel", alias="schema")
    """Which tables: `sentinel` (one for all), `otel` (OpenTelemetry's), `custom` (one of your own)."""
    table: str | None = Field(default=None, min_length=1)
    """Name of the table; of `otel` what both names begin with. Left out: `metrics`, `otel_metrics`."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Of `custom`: column of your table -> what goes there (`timestamp`, `value`, `name`, `labels`, …)."""
    create: bool = True
    """Create the table where it is missing. Never that of `custom`."""
    ttl: Duration = Field(default=90 * 86_400.0, ge=0)
    """Age at which rows of a table that we create are removed; 0: never."""
    partition: Partition = "month"
    """How a table that we create is partitioned."""
    cluster: str = ""
    """Create the table ON this CLUSTER."""
    replicated: bool = False
    """Create it as ReplicatedMergeTree."""
    deduplication_window: int = Field(default=10_000, ge=0)
    """Inserts that a table that we create remembers, to recognize those sent twice."""
    async_insert: bool = False
    """Let the server gather small inserts of many sentinels, and wait until they are stored."""
    settings: dict[str, str | int | float | bool] = Field(default_factory=dict)
    """More settings of the server for every insert."""
    compression: Literal["auto", "none", "lz4", "zstd"] = "auto"
    """Of inserts. `auto`: as the DSN says, else zstd over HTTP and none over the native protocol."""
    origin_labels: tuple[OriginLabel, ...] = ("sentinel", "region", "labels", "task")
    """What is added to the labels about where samples come from: `sentinel` (its name), `region`, `labels`
    (all of the `sentinel` section), `task`, `plugin`, `target` (the device's address)."""
    timeout: Duration = Field(default=30.0, gt=0)
    """How long sending an insert and reading its answer may take, each."""
    connect_timeout: Duration = Field(default=10.0, gt=0)
    """How long connecting may take."""
    tls: Tls = Field(default_factory=Tls)
    """How the server is verified, and how it can verify us."""
    proxy_url: ProxyUrl | None = None
    """Address of an HTTP proxy; for http and https DSNs."""
    proxy_from_environment: bool = False
    """Obey HTTP_PROXY, HTTPS_PROXY and NO_PROXY; for http and https DSNs."""

    @field_validator("dsn")
    @classmethod
    def _readable(cls, dsn: SecretStr) -> SecretStr:
        parse_dsn(dsn.get_secret_value())
        return dsn

    @field_validator("columns")
    @classmethod
    def _known_sources(cls, columns: dict[str, str]) -> dict[str, str]:
        for source in columns.values():
            check_source(source)
        return columns

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.schema_ == "custom":
            if not self.table or not self.columns:
                raise ValueError("schema custom wants table and columns")
            if {"timestamp", "value"} - set(self.columns.values()):
                raise ValueError("columns of schema custom want a timestamp and a value")
        elif self.columns:
            raise ValueError("columns is for schema custom alone")
        if self.password is not None and self.password_file is not None:
            raise ValueError("password and password_file exclude each other")
        if self.proxy_url and self.place.protocol == "native":
            raise ValueError("proxy_url is for http and https DSNs")
        return self

    @property
    def place(self) -> ServerAddress:
        """The DSN, read."""
        return parse_dsn(self.dsn.get_secret_value())

    @property
    def effective_tls(self) -> Tls:
        """`tls`, with what the DSN says of it."""
        skip = self.place.skip_verify or self.tls.insecure_skip_verify
        return self.tls.model_copy(update={"insecure_skip_verify": skip})

    @property
    def table_name(self) -> str:
        """The table, or what the names of the tables begin with."""
        return self.table or usual_name(self.schema_)

    @property
    def options(self) -> Options:
        """How tables are created."""
        return Options(
            self.ttl, self.partition, self.cluster, self.replicated, self.deduplication_window
        )

    @property
    def encoding(self) -> Compression:
        """How inserts are compressed."""
        if self.compression != "auto":
            return self.compression
        usual: Compression = "zstd" if self.place.protocol == "http" else "none"
        return self.place.compression or usual
