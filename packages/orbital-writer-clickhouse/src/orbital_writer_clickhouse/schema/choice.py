"""The tables of the chosen schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from orbital_writer_clickhouse.schema import custom, otel, sentinel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orbital_writer_clickhouse.columns import Table
    from orbital_writer_clickhouse.origin import OriginLabel
    from orbital_writer_clickhouse.schema.ddl import Definition

Schema = Literal["sentinel", "otel", "custom"]


def tables(
    schema: Schema, table: str, columns: Mapping[str, str], chosen: Sequence[OriginLabel]
) -> tuple[Table, ...]:
    """What goes where.

    Args:
        schema: Which.
        table: The table's name; of `otel` what both names begin with.
        columns: Of `custom`: column -> source.
        chosen: What is said about the origin among the labels.
    """
    if schema == "otel":
        return otel.otel_tables(table, chosen)
    if schema == "custom":
        return (custom.custom_table(table, columns, chosen),)
    return (sentinel.sentinel_table(table, chosen),)


def definitions(schema: Schema, table: str) -> tuple[Definition, ...]:
    """How they are created; nothing for `custom`, whose table is the user's."""
    if schema == "otel":
        return otel.definitions(table)
    return () if schema == "custom" else (sentinel.definition(table),)


def usual_name(schema: Schema) -> str:
    """The table's name where the user gives none."""
    return "otel_metrics" if schema == "otel" else "metrics"
