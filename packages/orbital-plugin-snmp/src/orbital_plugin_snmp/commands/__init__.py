"""`sentinel snmp ...`."""

from __future__ import annotations

import typer

from orbital_plugin_snmp.commands.mibs import profile, translate

app = typer.Typer(help="Ask SNMP devices, and read MIB files.", no_args_is_help=True)
app.command()(translate)
app.command()(profile)

__all__ = ["app"]
