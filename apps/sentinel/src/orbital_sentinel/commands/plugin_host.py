"""`sentinel plugin-host NAME`: serves an installed plugin to the agent that started it."""

from __future__ import annotations

import typer

app = typer.Typer()


@app.command(hidden=True)
def plugin_host(
    name: str = typer.Argument(metavar="NAME", help="Name of the plugin."),
) -> None:
    """Serve an installed plugin to the agent that started this program; not to be run by hand."""
    from orbital_plugin_host.program.main import main

    main([name])
