"""`sentinel modbus ...`: ask a device before there is a task for it."""

from __future__ import annotations

import typer

from orbital_plugin_modbus.commands.options import of_a_device
from orbital_plugin_modbus.commands.read import read
from orbital_plugin_modbus.commands.scan import scan

app = typer.Typer(
    help="Query Modbus devices: registers, unit ids, readable ranges.",
    no_args_is_help=True,
    add_completion=False,
)
app.command()(of_a_device(read))
app.command()(of_a_device(scan, network=0.3, serial=0.6))
# A serial unit made with libmodbus is deaf for half a second after a request to another that stays silent:
# it takes what comes next for the other's answer.

__all__ = ["app"]
