"""A plugin that has its samples in hand: what is measured is everything behind a plugin."""

from __future__ import annotations

import random
from itertools import cycle
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from orbital_sdk import (
    Columns,
    Context,
    DeviceFields,
    Metric,
    Plugin,
    PluginConfig,
    Series,
    Session,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


def rising(count: int, device: str) -> Iterator[list[float]]:
    """Values of counters, each of which rises by about its own pace; they do not compress too well."""
    dice = random.Random(device)  # noqa: S311 (made-up values)
    pace = [dice.randrange(1, 100_000) for _ in range(count)]
    values = [float(dice.randrange(10**9)) for _ in range(count)]
    while True:
        more = dice.randrange(900, 1100)
        values = [float(int(v + p * more / 1000)) for v, p in zip(values, pace, strict=True)]
        yield values


class TableDevice(DeviceFields):
    host: Annotated[str, Field(description="Name of the made-up device")]
    rows: Annotated[int, Field(ge=0, description="Rows of the made-up table")] = 24
    columns: Annotated[int, Field(ge=1, le=10, description="Columns of the made-up table")] = 10
    rising: Annotated[bool, Field(description="Counters at a pace of their own, as real ones")] = (
        False
    )


class Table(Plugin[TableDevice, PluginConfig]):
    """One scalar and a table of rows by columns, the shape of an interface table (241 values by default)."""

    name = "bench_table"
    summary = "A made-up table, for benchmarks"

    uptime = Metric("bench_uptime_seconds", "A scalar")
    cells = tuple(
        Metric(
            f"bench_interface_column_{number}_total",
            "A column",
            kind="counter",
            labels=("ifIndex", "ifName", "ifAlias", "ifDescr"),
        )
        for number in range(10)
    )

    def metrics(self) -> tuple[Metric, ...]:
        return (self.uptime, *self.cells)

    async def open(self, device: TableDevice) -> MadeUp:
        return MadeUp((self.uptime.series(), *self._cells(device)), device)

    def _cells(self, device: TableDevice) -> list[Series]:
        return [
            metric.series(str(row), f"eth{row}", f"uplink to rack {row}", f"GigabitEthernet0/{row}")
            for row in range(device.rows)
            for metric in self.cells[: device.columns]
        ]


class MadeUp(Session):
    """The same series each time, with the next values."""

    def __init__(self, series: tuple[Series, ...], device: TableDevice) -> None:
        self._series = series
        self._values = rising(len(series), device.host) if device.rising else _turning(len(series))

    async def collect(self, ctx: Context) -> Columns:
        del ctx
        return Columns(self._series, next(self._values))


def _turning(count: int) -> Iterator[list[float]]:
    return cycle([float(turn * 1000 + n) for n in range(count)] for turn in range(10))
