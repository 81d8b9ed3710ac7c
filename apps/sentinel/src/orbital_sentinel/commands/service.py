"""`sentinel service install | uninstall | status`: the agent as a service of systemd."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orbital_sentinel.commands.options import Output  # noqa: TC001 (typer reads annotations when it runs)
from orbital_sentinel.errors import FAILED, Failure
from orbital_sentinel.terminal.output import Format, as_json, complain, say

if TYPE_CHECKING:
    from orbital_sentinel.service.installation import Installation

app = typer.Typer(help="The agent as a service of systemd.", no_args_is_help=True)

Root = Annotated[
    Path,
    typer.Option(
        "--root", metavar="DIR", help="Root of another system that does not run, such as an image."
    ),
]


@app.command()
def install(
    *,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            "-c",
            metavar="FILE",
            help="Configuration of the service. Left out: /etc/orbital-sentinel/config.yaml.",
        ),
    ] = None,
    root: Root = Path("/"),
    start: Annotated[
        bool, typer.Option("--start/--no-start", help="Start it now, if systemd runs.")
    ] = True,
    show: Annotated[
        bool, typer.Option("--print", help="Print the unit, and change nothing.")
    ] = False,
) -> None:
    """Install or update the service: its user, its folders, a configuration to begin with, its unit.

    What `systemctl edit` changed stays.
    """
    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.settings import template
    from orbital_runtime.settings.model.addition import additions
    from orbital_sentinel.service.unit import check_visible, program, unit

    text = unit(program(), config and config.absolute())
    if show:
        say(text.rstrip())
        return
    service = _installation(root, config)
    check_visible(program(), Path(sys.executable), *filter(None, (config,)))
    for line in service.install(text, template(additions(Registry.discover()))):
        say(line)
    if not service.runs:
        say("systemd does not run here, so it was not started.")
    elif start:
        try:
            service.start()
        finally:
            _tell(service)  # why, if it did not start


@app.command()
def uninstall(*, root: Root = Path("/")) -> None:
    """Stop the service and remove its unit. Its user, its configuration and its data stay."""
    service = _installation(root)
    for line in service.uninstall():
        say(line)
    say(f"{service.config.parent} and {root / 'var/lib/orbital-sentinel'} stay.")


@app.command()
def status(*, output: Output = Format.TEXT) -> None:
    """Show what systemd says of the service. The exit code is 0 only if it runs."""
    from orbital_sentinel.service.installation import Installation

    service = Installation()
    if output is Format.JSON:
        as_json(service.properties())
    else:
        _tell(service)
    if service.properties().get("ActiveState") != "active":
        raise typer.Exit(FAILED)


def _tell(service: Installation) -> None:
    told = service.properties()
    if not told.get("FragmentPath"):
        raise Failure("the service is not installed; `sentinel service install` does that")
    since = f" since {told['ActiveEnterTimestamp']}" if told["ActiveState"] == "active" else ""
    say(f"{told['ActiveState']} ({told['SubState']}){since}; restarts: {told['NRestarts']}")
    if told["StatusText"]:
        say(told["StatusText"])
    if told["ActiveState"] != "active":
        complain("`journalctl -u orbital-sentinel` has the log")


def _installation(root: Path, config: Path | None = None) -> Installation:
    from orbital_sentinel.service.installation import Installation

    if os.geteuid() != 0:
        raise Failure("only root may install a service of the system; use sudo")
    return Installation(root, config.absolute()) if config else Installation(root)
