"""`sentinel explain`: what is wrong, since when, why, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

import typer

from orbital_sentinel.commands import completion
from orbital_sentinel.commands.options import ConfigFile, Output  # noqa: TC001 (typer reads annotations when it runs)
from orbital_sentinel.terminal.output import Format, as_json, say

if TYPE_CHECKING:
    from pathlib import Path

NO_ROUTE = "Not Found"
"""Answer of an agent without this route."""


def explain(
    name: Annotated[
        str,
        typer.Argument(
            help="A task, device or output; all that is not well if left out.",
            autocompletion=completion.subjects,
        ),
    ] = "",
    *,
    config: ConfigFile = None,
    output: Output = Format.TEXT,
) -> None:
    """Explain what is wrong: since when, why, when it is tried again, and what to do.

    Without a running sentinel: why there may be none, and what waits for its outputs on the disk. The exit
    code is 1 if anything is wrong.
    """
    from orbital_sentinel.client.client import NotRunning
    from orbital_sentinel.terminal import explanation_report

    try:
        found = _ask(config, name)
    except NotRunning as silent:
        from orbital_sentinel.buffer.explain import explain_stopped

        found = explain_stopped(config, name, silent)
    if output is Format.JSON:
        as_json(found)
    elif found:
        explanation_report.show(found)
    else:
        say("Nothing is wrong: every task that ran succeeded, and every output takes samples.")
    if any(one["state"] not in ("ok", "waiting") for one in found):
        raise typer.Exit(1)


def _ask(config: Path | None, name: str) -> list[dict[str, Any]]:
    """The explanations of the running sentinel.

    Raises:
        NotRunning, Refused
    """
    from orbital_sentinel.client.client import Refused
    from orbital_sentinel.client.locate import client
    from orbital_sentinel.errors import Failure

    query = f"?{urlencode({'name': name})}" if name else ""
    try:
        return client(config).get(f"/api/v1/explain{query}")
    except Refused as error:
        if str(error) != NO_ROUTE:
            raise
        raise Failure(
            "the running sentinel has no console: `pip install orbital-console`, and start it again"
        ) from error
