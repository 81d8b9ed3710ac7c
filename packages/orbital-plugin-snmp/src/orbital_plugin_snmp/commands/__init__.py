"""`sentinel snmp ...`."""

from __future__ import annotations

import typer

from orbital_plugin_snmp.commands.learning import learn
from orbital_plugin_snmp.commands.mibs import profile, translate
from orbital_plugin_snmp.commands.reading import get, walk

app = typer.Typer(help="Ask SNMP devices, and read MIB files.", no_args_is_help=True)
app.command()(walk)
app.command()(get)
app.command()(learn)
app.command()(translate)
app.command()(profile)

__all__ = ["app"]
