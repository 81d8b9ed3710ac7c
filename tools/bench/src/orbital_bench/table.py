"""A plugin that has its samples in hand: what is measured is everything behind a plugin."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from orbital_sdk import Columns, Context, DeviceFields, Metric, Plugin, PluginConfig


class TableDevice(DeviceFields):
    host: Annotated[str, Field(description="Name of the made-up device")]
    rows: Annotated[int, Field(ge=0, description="Rows of the made-up table")] = 24
    columns: Annotated[int, Field(ge=1, le=10, description="Columns of the made-up table")] = 10


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

    async def collect(self, device: TableDevice, ctx: Context) -> Columns:
        memory = ctx.memory
        series = memory.get("series")
        if series is None:
            series = memory["series"] = (self.uptime.series(), *self._cells(device))
            memory["turn"] = 0.0
        memory["turn"] += 1.0
        turn = memory["turn"]
        return Columns(series, [turn * (1000 + n) for n in range(len(series))])

    def _cells(self, device: TableDevice):  # noqa: ANN202 (one expression)
        return [
            metric.series(str(row), f"eth{row}", f"uplink to rack {row}", f"GigabitEthernet0/{row}")
            for row in range(device.rows)
            for metric in self.cells[: device.columns]
        ]
