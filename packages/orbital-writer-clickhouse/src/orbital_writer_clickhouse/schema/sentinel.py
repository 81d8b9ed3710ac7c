"""Schema `sentinel`: one table for all samples.

The table that sentinels have always written, with `sentinel_id` beside it. A table that an earlier one
created does as it is. Codecs were measured with the real engine (docs/decisions/0018): with labels in
dictionaries a sample of an interface table takes 2.6 bytes, with plain strings 8.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orbital_writer_clickhouse.columns import Column, Table
from orbital_writer_clickhouse.origin import OriginLabel, all_labels
from orbital_writer_clickhouse.schema.ddl import Definition

if TYPE_CHECKING:
    from collections.abc import Sequence

_LINES: Final = (
    "`timestamp` DateTime64(3) CODEC(Delta, ZSTD(1))",
    "`metric_name` LowCardinality(String)",
    "`metric_value` Float64 CODEC(ZSTD(1))",
    "`metric_type` LowCardinality(String)",
    "`device_id` LowCardinality(String)",
    "`labels` Map(LowCardinality(String), LowCardinality(String)) CODEC(ZSTD(1))",
    "`sentinel_id` LowCardinality(String)",
    "`date` Date DEFAULT toDate(timestamp)",
)


def definition(table: str) -> Definition:
    """How it is created."""
    return Definition(table, _LINES, date="date", order="metric_name, device_id, timestamp")


def sentinel_table(table: str, chosen: Sequence[OriginLabel]) -> Table:
    """What goes where."""
    return Table(
        table,
        (
            Column("timestamp", "time"),
            Column("metric_name", "text", lambda _, row: row.name),
            Column("metric_value", "value"),
            Column("metric_type", "text", lambda _, row: row.kind),
            Column("device_id", "text", lambda origin, _: origin.device_id),
            Column("labels", "labels", lambda origin, row: all_labels(origin, row, chosen)),
            Column("sentinel_id", "text", lambda origin, _: origin.sentinel.id, optional=True),
        ),
        key=f"sentinel, {chosen}",
    )
