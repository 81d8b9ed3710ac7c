"""What a user may set for VictoriaMetrics, beside what every remote-write destination knows."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from orbital_remote_write import RemoteWriteConfig
from orbital_remote_write.settings import Url  # noqa: TC001 (pydantic reads it)
from orbital_sdk import Duration  # noqa: TC001 (as above)
from orbital_writer_victoria.addresses import write_url

Limit = Annotated[int, Field(ge=0)]


class VictoriaConfig(RemoteWriteConfig):
    """VictoriaMetrics: a single node, or vminsert of a cluster."""

    url: Url = Field(examples=["http://victoria:8428/api/v1/write"], repr=False)
    """Address of the write endpoint. One without a path gets `/api/v1/write`."""
    fallback_urls: tuple[Url, ...] = Field(default=(), repr=False)
    """More addresses of the same database, in order. They are tried while those before do not answer."""
    account: str | None = Field(default=None, pattern=r"^(\d{1,10}(:\d{1,10})?|multitenant)$")
    """Tenant of a cluster, `account` or `account:project`: writes go to `/insert/<account>/prometheus/…`."""
    compression: Literal["auto", "zstd", "snappy"] = "auto"
    """`auto` begins with zstd, and goes over to snappy where the server cannot read that."""
    extra_labels: dict[str, str] = Field(default_factory=dict)
    """Labels that VictoriaMetrics sets on every series itself, over those that are sent (`extra_label`)."""
    max_labels: Limit = 40
    """Its `-maxLabelsPerTimeseries`. It drops series with more without a word; here they become dead
    letters. 0: don't look."""
    max_label_name: Limit = 256
    """Its `-maxLabelNameLen` in bytes, likewise."""
    max_label_value: Limit = 4096
    """Its `-maxLabelValueLen` in bytes, likewise."""
    max_future: Duration = Field(default=2 * 86_400.0, ge=0)
    """Its `-futureRetention`, likewise for samples ahead of this machine's clock. 0: don't look."""
    retention: Duration = Field(default=0.0, ge=0)
    """Its `-retentionPeriod`, likewise for samples older than this. 0, the default: don't look."""

    @field_validator("extra_labels")
    @classmethod
    def _names(cls, labels: dict[str, str]) -> dict[str, str]:
        for name in labels:
            if not name or "=" in name:
                raise ValueError(f"{name!r} cannot be a label: it is empty or has a = in it")
        return labels

    @model_validator(mode="after")
    def _one_account(self) -> VictoriaConfig:
        if self.account and any("/insert/" in url for url in (self.url, *self.fallback_urls)):
            raise ValueError("the tenant stands in the address already; leave account out")
        return self

    @property
    def write_urls(self) -> tuple[str, ...]:
        """Where requests go, in order of preference."""
        urls = (self.url, *self.fallback_urls)
        return tuple(write_url(url, self.account, self.extra_labels) for url in urls)
