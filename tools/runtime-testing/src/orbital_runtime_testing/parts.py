"""Made-up parts for tests: a plugin, a writer, a processor and an extension that no package installs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from orbital_runtime.plugins.registry import Registry
from orbital_runtime_testing.depot import Depot
from orbital_sdk import (
    ConfigurationError,
    DeviceFields,
    Duration,
    Host,
    Metric,
    Plugin,
    PluginConfig,
    Port,
    Processor,
    ProcessorConfig,
    Writer,
    WriterConfig,
    Written,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from orbital_sdk import Attempt, Batch, Context, Layout, Row, Sample


class Login(BaseModel):
    """A nested section."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    user: str
    """Who logs in."""
    password: SecretStr


class GaugeDevice(DeviceFields):
    """A made-up gauge."""

    host: Host
    port: Port = 4000
    community: SecretStr = SecretStr("")
    login: Login | None = None
    timeout: Duration = 2.0


class GaugeConfig(PluginConfig):
    """How gauges are read."""

    count: Annotated[int, Field(ge=1, le=100)] = 4
    """Readings of one run."""
    timeout: Duration = 2.0


class Gauge(Plugin[GaugeDevice, GaugeConfig]):
    """Reads a made-up gauge."""

    name = "gauge"
    summary = "Reads made-up gauges"

    reading = Metric("gauge_reading", "What it shows")

    def validate_device(self, device: GaugeDevice) -> None:
        if device.host == "refused.example":
            raise ConfigurationError("this gauge is known to be broken; choose another")
        if device.host == "buggy.example":
            raise ZeroDivisionError("a bug")

    async def collect(self, device: GaugeDevice, ctx: Context) -> AsyncIterator[Sample]:
        for _ in range(self.config.count):
            yield self.reading(1.0)


class StoreConfig(WriterConfig):
    """Where samples are stored."""

    url: str
    """Address."""
    password: SecretStr | None = None
    timeout: Duration = 7.0
    colour: str = "grey"


class Store(Writer[StoreConfig]):
    """Stores nothing."""

    name = "store"

    async def write(self, batches: Sequence[Batch], attempt: Attempt) -> Written:
        return Written(0)


class DropConfig(ProcessorConfig):
    """What is dropped."""

    names: list[str]


class Drop(Processor[DropConfig]):
    """Drops series by name."""

    name = "drop"

    def plan(self, layout: Layout) -> list[Row | None]:
        return [None if row.name in self.config.names else row for row in layout.rows]


def made_up() -> Registry:
    """A registry of these classes alone, whatever is installed."""
    return Registry.of(plugins=[Gauge], writers=[Store], processors=[Drop], extensions=[Depot])
