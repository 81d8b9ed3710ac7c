"""`sentinel snmp walk` and `sentinel snmp get`."""

from __future__ import annotations

from typing import Annotated

import typer

from orbital_plugin_snmp.commands.options import (
    Host,  # noqa: TC001 (typer reads them at run time)
    How,  # noqa: TC001 (as above)
)
from orbital_sdk import PartialCollect

MIB_2 = "1.3.6.1.2.1"


def walk(
    host: Host,
    oid: Annotated[
        str,
        typer.Argument(
            metavar="OID", help="Root of the walk: an OID, or a name that `translate` knows."
        ),
    ] = MIB_2,
    *,
    how: How,
) -> None:
    """Print all objects below an OID, as snmpwalk does."""
    from orbital_plugin_snmp.commands.asking import ask, below, encoded  # noqa: PLC0415 (only now)
    from orbital_plugin_snmp.commands.printing import line  # noqa: PLC0415 (only now)

    root = encoded(oid)
    found, problem = ask(host, how, lambda reader: below(reader, root))
    for varbind in found:
        typer.echo(line(varbind))
    if problem:
        raise PartialCollect(f"{host}: {problem}")


def get(
    host: Host,
    oid: Annotated[
        list[str], typer.Argument(metavar="OID", help="Instances: 1.3.6.1.2.1.1.3.0, sysUpTime.0")
    ],
    *,
    how: How,
) -> None:
    """Print single objects, as snmpget does."""
    from orbital_plugin_snmp.commands.asking import ask, encoded  # noqa: PLC0415 (only now)
    from orbital_plugin_snmp.commands.printing import line  # noqa: PLC0415 (only now)

    wanted = [encoded(one) for one in oid]
    for varbind in ask(host, how, lambda reader: reader.get(wanted)):
        typer.echo(line(varbind))
