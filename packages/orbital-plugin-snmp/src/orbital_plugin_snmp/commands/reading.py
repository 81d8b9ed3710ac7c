"""`sentinel snmp walk` and `sentinel snmp get`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from orbital_plugin_snmp.commands import options  # noqa: TC001 (typer reads them at run time)
from orbital_sdk import PartialCollect

MIB_2 = "1.3.6.1.2.1"


def walk(  # noqa: PLR0917 (typer makes an option of each)
    host: options.Host,
    oid: Annotated[str, typer.Argument(help="Everything below it.")] = MIB_2,
    version: options.Version = "2c",
    community: options.Community = "",
    username: options.Username = "",
    security_level: options.Level = "",
    auth_protocol: options.AuthProtocol = "",
    auth_password: options.AuthPassword = "",
    priv_protocol: options.PrivProtocol = "",
    priv_password: options.PrivPassword = "",
    context: options.ContextName = "",
    transport: options.Transport = "udp",
    timeout: options.Timeout = 2.0,
    retries: options.Retries = 3,
    engine: options.Engine = "auto",
) -> None:
    """Print all objects below an OID, as snmpwalk does."""
    given = _options(locals())
    from orbital_plugin_snmp.commands.asking import ask, below, encoded  # noqa: PLC0415 (only now)
    from orbital_plugin_snmp.commands.printing import line  # noqa: PLC0415 (only now)

    root = encoded(oid)
    found, problem = ask(host, given, lambda reader: below(reader, root))
    for varbind in found:
        typer.echo(line(varbind))
    if problem:
        raise PartialCollect(f"{host}: {problem}")


def get(  # noqa: PLR0917 (typer makes an option of each)
    host: options.Host,
    oid: Annotated[list[str], typer.Argument(help="Instances, like 1.3.6.1.2.1.1.3.0.")],
    version: options.Version = "2c",
    community: options.Community = "",
    username: options.Username = "",
    security_level: options.Level = "",
    auth_protocol: options.AuthProtocol = "",
    auth_password: options.AuthPassword = "",
    priv_protocol: options.PrivProtocol = "",
    priv_password: options.PrivPassword = "",
    context: options.ContextName = "",
    transport: options.Transport = "udp",
    timeout: options.Timeout = 2.0,
    retries: options.Retries = 3,
    engine: options.Engine = "auto",
) -> None:
    """Print single objects, as snmpget does."""
    given = _options(locals())
    from orbital_plugin_snmp.commands.asking import ask, encoded  # noqa: PLC0415 (only now)
    from orbital_plugin_snmp.commands.printing import line  # noqa: PLC0415 (only now)

    wanted = [encoded(one) for one in oid]
    for varbind in ask(host, given, lambda reader: reader.get(wanted)):
        typer.echo(line(varbind))


def _options(given: dict[str, Any]) -> dict[str, Any]:
    """What a command was given, without its arguments."""
    return {name: value for name, value in given.items() if name not in ("host", "oid")}
