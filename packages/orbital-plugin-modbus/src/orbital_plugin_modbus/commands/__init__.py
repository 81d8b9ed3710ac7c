"""`sentinel modbus ...`: ask a device before there is a task for it."""

from __future__ import annotations

import typer

from orbital_plugin_modbus.commands.read import read
from orbital_plugin_modbus.commands.scan import scan

app = typer.Typer(
    help="Ask Modbus devices: registers, unit ids, readable ranges.", no_args_is_help=True
)
app.command()(read)
app.command()(scan)

__all__ = ["app"]
