"""`sentinel snmp ...`."""

from __future__ import annotations

import typer

from orbital_plugin_snmp.commands.learning import learn
from orbital_plugin_snmp.commands.mibs import profile, translate
from orbital_plugin_snmp.commands.options import of_a_device
from orbital_plugin_snmp.commands.reading import get, walk

app = typer.Typer(
    help="Query SNMP devices, and read MIB files.", no_args_is_help=True, add_completion=False
)
app.command()(of_a_device(walk))
app.command()(of_a_device(get))
app.command()(of_a_device(learn))
app.command()(translate)
app.command()(profile)

__all__ = ["app"]
