"""`sentinel buffer ...`: what waits to be delivered, on a running agent or in a stopped one's folder."""

from __future__ import annotations

import typer

app = typer.Typer(help="What waits to be delivered.", no_args_is_help=True)


@app.callback()
def _group() -> None:  # pyright: ignore[reportUnusedFunction] (typer calls it)
    """What waits to be delivered."""
