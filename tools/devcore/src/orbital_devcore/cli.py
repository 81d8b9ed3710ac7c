"""The way in: `devcore`."""

from __future__ import annotations

import contextlib
import socket
import sqlite3
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
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen at; 0 takes a free one.")
    ] = 8080,
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
    listener = _listening(host, port)
    core = _core(data, quirks=quirks)
    if not empty:
        _placed(core, demo or DEMO)
    mood = "quirk for quirk" if quirks else "sane"
    name = f"[{host}]" if ":" in host else host
    address = f"http://{name}:{listener.getsockname()[1]}/"
    typer.echo(f"devcore ({mood}) at {address}, its API at /docs. Ctrl-C stops.")
    level = "info" if verbose else "warning"
    config = uvicorn.Config(create_app(core), log_level=level, timeout_keep_alive=60)
    with contextlib.suppress(KeyboardInterrupt):  # which uvicorn raises once all is closed
        uvicorn.Server(config).run(sockets=[listener])


def _listening(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (while")[0]
        raise _ended(f"{host}:{port}: {reason}; choose another with --port") from error


def _core(path: Path | None, *, quirks: bool) -> Core:
    try:
        return Core(quirks=quirks, path=path)
    except sqlite3.Error as error:
        raise _ended(f"{path}: {error}") from error


def _placed(core: Core, file: Path) -> None:
    try:
        place(core, load(file))
    except OSError as error:
        raise _ended(f"{file}: {error.strerror}") from error
    except (ValueError, Refused) as error:
        raise _ended(f"{file}: {error}") from error


def _ended(reason: str) -> typer.Exit:
    typer.echo(f"error: {reason}", err=True)
    return typer.Exit(2)


def main() -> None:
    typer.run(serve)
