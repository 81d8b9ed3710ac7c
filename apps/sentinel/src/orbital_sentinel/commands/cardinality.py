"""`sentinel cardinality`: how many series there are, and of what."""

from __future__ import annotations

from typing import Annotated

import typer

from orbital_sentinel.commands.options import ConfigFile, Output  # noqa: TC001 (typer reads annotations when it runs)
from orbital_sentinel.terminal.output import Format, as_json


def cardinality(
    *,
    top: Annotated[int, typer.Option(help="How many of each kind.", min=1, max=1000)] = 10,
    config: ConfigFile = None,
    output: Output = Format.TEXT,
) -> None:
    """Show the metrics, labels, devices and tasks with the most series, and what comes and goes.

    Churn counts the series that came within the last hour and are gone again.
    """
    from orbital_sentinel.client.locate import client
    from orbital_sentinel.terminal import cardinality_report

    told = client(config, timeout=60).get(f"/api/v1/cardinality?top={top}")
    if output is Format.JSON:
        as_json(told)
    else:
        cardinality_report.show(told)
