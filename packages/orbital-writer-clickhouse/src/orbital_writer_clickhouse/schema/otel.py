"""Schema `otel`: the tables of OpenTelemetry's ClickHouse exporter, which Grafana's plugin understands.

Gauges go to `otel_metrics_gauge`, counters (which the series of histograms are) to
`otel_metrics_sum`. `job` and `instance` of the Prometheus world are `service.name` and
`service.instance.id` here (OpenTelemetry's compatibility document). Tables that we create have the device
in their sort key, as the exporter's README advises for what many series differ in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orbital_writer_clickhouse.columns import NANOSECONDS, Column, Table, constant
from orbital_writer_clickhouse.origin import OriginLabel, origin_labels
from orbital_writer_clickhouse.schema.ddl import Definition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_sdk import Origin, Row

CUMULATIVE: Final = 2
"""AggregationTemporality of counters that go on counting."""
SCOPE: Final = "orbital-sentinel"
_MAP: Final = "Map(LowCardinality(String), String)"
_EXEMPLARS: Final = ", ".join(
    (
        f"FilteredAttributes {_MAP}",
        "TimeUnix DateTime64(9)",
        "Value Float64",
        "SpanId String",
        "TraceId String",
    )
)
_BOTH: Final = (
    f"`ResourceAttributes` {_MAP} CODEC(ZSTD(1))",
    "`ResourceSchemaUrl` String CODEC(ZSTD(1))",
    "`ScopeName` String CODEC(ZSTD(1))",
    "`ScopeVersion` String CODEC(ZSTD(1))",
    f"`ScopeAttributes` {_MAP} CODEC(ZSTD(1))",
    "`ScopeDroppedAttrCount` UInt32 CODEC(ZSTD(1))",
    "`ScopeSchemaUrl` String CODEC(ZSTD(1))",
    "`ServiceName` LowCardinality(String) CODEC(ZSTD(1))",
    "`MetricName` String CODEC(ZSTD(1))",
    "`MetricDescription` String CODEC(ZSTD(1))",
    "`MetricUnit` String CODEC(ZSTD(1))",
    f"`Attributes` {_MAP} CODEC(ZSTD(1))",
    "`StartTimeUnix` DateTime64(9) CODEC(Delta, ZSTD(1))",
    "`TimeUnix` DateTime64(9) CODEC(Delta, ZSTD(1))",
    "`Value` Float64 CODEC(ZSTD(1))",
    "`Flags` UInt32 CODEC(ZSTD(1))",
    f"`Exemplars` Nested ({_EXEMPLARS}) CODEC(ZSTD(1))",
)
_SUM_ONLY: Final = (
    "`AggregationTemporality` Int32 CODEC(ZSTD(1))",
    "`IsMonotonic` Bool CODEC(Delta, ZSTD(1))",
)


def definitions(prefix: str) -> tuple[Definition, Definition]:
    """How both are created."""
    indexes = tuple(
        f"INDEX idx_{short}_{part} {function}({column}) TYPE bloom_filter(0.01) GRANULARITY 1"
        for column, short in (("ResourceAttributes", "res_attr"), ("Attributes", "attr"))
        for part, function in (("key", "mapKeys"), ("value", "mapValues"))
    )
    lines = {"gauge": (*_BOTH, *indexes), "sum": (*_BOTH, *_SUM_ONLY, *indexes)}
    gauge, total = (
        Definition(
            f"{prefix}_{kind}",
            lines[kind],
            date="toDate(TimeUnix)",
            order="ServiceName, MetricName, Attributes['device_id'], Attributes,"
            " toUnixTimestamp64Nano(TimeUnix)",
            settings=("ttl_only_drop_parts = 1",),
        )
        for kind in ("gauge", "sum")
    )
    return gauge, total


def otel_tables(prefix: str, chosen: Sequence[OriginLabel]) -> tuple[Table, Table]:
    """What goes where."""

    def resource(origin: Origin, _: Row) -> dict[str, str]:
        return {
            "service.name": origin.plugin,
            "service.instance.id": origin.target or origin.device_id,
            "sentinel.id": origin.sentinel.id,
            **origin_labels(origin, chosen),
        }

    both = (
        Column("ResourceAttributes", "labels", resource),
        Column("ScopeName", "text", constant(SCOPE)),
        Column("ServiceName", "text", lambda origin, _: origin.plugin),
        Column("MetricName", "text", lambda _, row: row.name),
        Column("MetricUnit", "text", lambda _, row: row.unit),
        Column("Attributes", "labels", lambda _, row: dict(row.labels)),
        Column("TimeUnix", "time", precision=NANOSECONDS),
        Column("Value", "value"),
    )
    sums = (
        Column("AggregationTemporality", "int32", constant(CUMULATIVE)),
        Column("IsMonotonic", "bool", constant(1)),
    )
    key = f"otel, {chosen}"
    return (
        Table(f"{prefix}_gauge", both, key, takes=lambda row: row.kind == "gauge"),
        Table(f"{prefix}_sum", (*both, *sums), key, takes=lambda row: row.kind != "gauge"),
    )
