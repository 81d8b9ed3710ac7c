"""`sentinel clickhouse`: the statements that create the tables."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from orbital_sdk.units import parse_duration
from orbital_writer_clickhouse.schema import Options, create, definitions
from orbital_writer_clickhouse.schema.choice import usual_name
from orbital_writer_clickhouse.schema.ddl import Partition  # noqa: TC001 (typer reads it)

app = typer.Typer(
    help="Tables for the writer `clickhouse`.", no_args_is_help=True, add_completion=False
)


def _duration(text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


@app.callback()
def _root() -> None:
    """A callback makes `schema` a command of its own and not the only one."""


@app.command()
def schema(
    *,
    kind: Annotated[
        Literal["sentinel", "otel"],
        typer.Option("--schema", help="Which tables: sentinel or otel."),
    ] = "sentinel",
    table: Annotated[
        str, typer.Option(help="Name of the table; with otel, what both names begin with.")
    ] = "",
    database: Annotated[str, typer.Option(help="Database to name in the statements.")] = "",
    ttl: Annotated[str, typer.Option(help="Age at which rows are removed; 0: never.")] = "90d",
    partition: Annotated[
        Partition, typer.Option(help="Part of a table: none, day, week, month or year.")
    ] = "month",
    cluster: Annotated[str, typer.Option(help="Create them ON this CLUSTER.")] = "",
    replicated: Annotated[
        bool, typer.Option("--replicated", help="ReplicatedMergeTree instead of MergeTree.")
    ] = False,
    deduplication_window: Annotated[
        int, typer.Option(min=0, help="Inserts that are remembered, to recognize those sent twice.")
    ] = 10_000,
) -> None:
    """Print the statements that create the tables. Touches no server."""
    options = Options(_duration(ttl), partition, cluster, replicated, deduplication_window)
    for definition in definitions(kind, table or usual_name(kind)):
        typer.echo(f"{create(definition, options, database)};\n")
