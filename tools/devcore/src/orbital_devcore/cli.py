"""The way in: `devcore`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from orbital_devcore.app import create_app
from orbital_devcore.core import Core, Refused
from orbital_devcore.demo import load, place

DEMO = Path(__file__).with_name("demo.yaml")


def serve(
    *,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen at.")] = 8080,
    quirks: Annotated[
        bool, typer.Option("--quirks", help="Answer like the real server, mistakes included.")
    ] = False,
    demo: Annotated[
        Path | None, typer.Option(help="Devices and tasks as YAML; default: this machine.")
    ] = None,
    empty: Annotated[
        bool, typer.Option("--empty", help="Begin without devices and tasks.")
    ] = False,
    data: Annotated[
        Path | None, typer.Option(help="SQLite file to keep all in; default: memory.")
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="A line for each request.")
    ] = False,
) -> None:
    """A Gravital Core to develop against. Ctrl-C ends it."""
    core = Core(quirks=quirks, path=data)
    if not empty:
        try:
            place(core, load(demo or DEMO))
        except (OSError, ValueError, Refused) as error:
            typer.echo(f"{demo or DEMO}: {error}", err=True)
            raise typer.Exit(2) from error
    mood = "quirk for quirk" if quirks else "sane"
    typer.echo(f"devcore ({mood}) at http://{host}:{port}/, its API at /docs. Ctrl-C stops.")
    level = "info" if verbose else "warning"
    config = uvicorn.Config(
        create_app(core), host=host, port=port, log_level=level, timeout_keep_alive=60
    )
    uvicorn.Server(config).run()


def main() -> None:
    typer.run(serve)
