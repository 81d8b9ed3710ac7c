"""`sentinel explain`: what is wrong, since when, why, and what to do."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from orbital_sentinel.commands.options import ConfigFile, Output  # noqa: TC001 (typer reads annotations when it runs)
from orbital_sentinel.terminal.output import Format, as_json, say

NO_ROUTE = "Not Found"
"""Answer of an agent without this route."""


def explain(
    name: Annotated[
        str, typer.Argument(help="A task, device or output; all that is not well if left out.")
    ] = "",
    *,
    config: ConfigFile = None,
    output: Output = Format.TEXT,
) -> None:
    """Explain what is wrong: since when, why, when it is tried again, and what to do.

    The exit code is 1 if anything is wrong.
    """
    from orbital_sentinel.client.client import Refused
    from orbital_sentinel.client.locate import client
    from orbital_sentinel.errors import Failure
    from orbital_sentinel.terminal import explanation_report

    query = f"?{urlencode({'name': name})}" if name else ""
    try:
        found: list[dict[str, Any]] = client(config).get(f"/api/v1/explain{query}")
    except Refused as error:
        if str(error) != NO_ROUTE:
            raise
        raise Failure(
            "the running sentinel has no console: `pip install orbital-console`, and start it again"
        ) from error
    if output is Format.JSON:
        as_json(found)
    elif found:
        explanation_report.show(found)
    else:
        say("Nothing is wrong: every task that ran succeeded, and every output takes samples.")
    if any(one["state"] not in ("ok", "waiting") for one in found):
        raise typer.Exit(1)
