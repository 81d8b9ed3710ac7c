"""`orbital-bench [NAME ...]`: run all benchmarks, or some."""

from __future__ import annotations

import importlib
import platform
from typing import Annotated

import typer

NAMES = (
    "path",
    "processor",
    "processing",
    "cardinality",
    "disk",
    "drain",
    "reliability",
    "scheduler",
    "deadline",
    "memory",
    "hosts",
    "bad_plugins",
    "probes",
    "remote_write",
    "receivers",
    "traps",
    "victoria",
    "clickhouse",
    "modbus",
    "snmp",
    "core",
    "startup",
)

app = typer.Typer(add_completion=False)


@app.command()
def bench(
    names: Annotated[
        list[str] | None, typer.Argument(help=f"Any of {', '.join(NAMES)}; all if left out")
    ] = None,
) -> None:
    """Measure beside real peers and print ratios. Nothing passes or fails here."""
    for name in names or NAMES:
        if name not in NAMES:
            raise typer.BadParameter(f"{name} is not one of {', '.join(NAMES)}")
    print(f"Python {platform.python_version()} on {platform.machine()}")
    for name in names or NAMES:
        importlib.import_module(f"orbital_bench.{name}").run()


def main() -> None:
    """Entry point."""
    app()
