"""Who is asked, as whom and how: options that `walk` and `get` share, named as net-snmp's tools do."""

from __future__ import annotations

from typing import Annotated

import typer

Version = Annotated[str, typer.Option("--version", "-v", help="1, 2c or 3.")]
Community = Annotated[
    str, typer.Option("--community", "-c", envvar="SNMP_COMMUNITY", help="Of v1 and v2c.")
]
Username = Annotated[str, typer.Option("--username", "-u", help="Of v3, like all that follow.")]
Level = Annotated[str, typer.Option("--level", "-l", help="noAuthNoPriv, authNoPriv or authPriv.")]
AuthProtocol = Annotated[
    str, typer.Option("--auth-protocol", "-a", help="MD5, SHA, SHA224, SHA256, SHA384 or SHA512.")
]
AuthPassword = Annotated[
    str,
    typer.Option(
        "--auth-password",
        "-A",
        envvar="SNMP_AUTH_PASSWORD",
        help="Better in the environment: others see a command line.",
    ),
]
PrivProtocol = Annotated[
    str,
    typer.Option("--priv-protocol", "-x", help="DES, 3DES, AES, AES192, AES256, AES192C, AES256C."),
]
PrivPassword = Annotated[
    str,
    typer.Option("--priv-password", "-X", envvar="SNMP_PRIV_PASSWORD", help="Likewise."),
]
ContextName = Annotated[str, typer.Option("--context", "-n", help="Context to read.")]
Transport = Annotated[str, typer.Option("--transport", help="udp, udp6 or tcp.")]
Timeout = Annotated[float, typer.Option("--timeout", "-t", help="Seconds an attempt.")]
Retries = Annotated[int, typer.Option("--retries", "-r", help="Attempts after the first.")]
Engine = Annotated[str, typer.Option("--engine", help="auto, fast or pysnmp.")]
Host = Annotated[str, typer.Argument(help="Name or address, perhaps with :port.")]
