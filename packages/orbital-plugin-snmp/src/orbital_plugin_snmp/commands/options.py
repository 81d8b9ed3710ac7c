"""Options that commands share: who is asked, as whom and how, named as in net-snmp, and what is printed."""

from __future__ import annotations

import functools
import inspect
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

Output = Annotated[
    Literal["text", "json"], typer.Option("--output", help="Text for people, or JSON for programs.")
]
Json = Annotated[bool, typer.Option("--json", hidden=True, help="Old name of --output json.")]
Host = Annotated[str, typer.Argument(metavar="HOST", help="HOST or HOST:PORT, IPv6 as [::1]:161.")]


@dataclass(frozen=True)
class How:
    """Fields of a device and of its sessions; empty ones count as left out."""

    version: Annotated[str, typer.Option("--version", "-v", help="1, 2c or 3.")] = "2c"
    community: Annotated[
        str,
        typer.Option("--community", "-c", envvar="SNMP_COMMUNITY", help="v1 and v2c: community."),
    ] = field(default="", repr=False)
    username: Annotated[str, typer.Option("--username", "-u", help="v3: user name.")] = ""
    security_level: Annotated[
        str, typer.Option("--level", "-l", help="v3: noAuthNoPriv, authNoPriv or authPriv.")
    ] = ""
    auth_protocol: Annotated[
        str,
        typer.Option(
            "--auth-protocol", "-a", help="v3: MD5, SHA, SHA224, SHA256, SHA384 or SHA512."
        ),
    ] = ""
    auth_password: Annotated[
        str,
        typer.Option(
            "--auth-password", "-A", envvar="SNMP_AUTH_PASSWORD",
            help="v3; better given in the environment than on the command line.",
        ),
    ] = field(default="", repr=False)  # fmt: skip
    priv_protocol: Annotated[
        str,
        typer.Option(
            "--priv-protocol", "-x", help="v3: DES, 3DES, AES, AES192, AES256, AES192C, AES256C."
        ),
    ] = ""
    priv_password: Annotated[
        str,
        typer.Option(
            "--priv-password",
            "-X",
            envvar="SNMP_PRIV_PASSWORD",
            help="v3; better given in the environment.",
        ),
    ] = field(default="", repr=False)
    context: Annotated[str, typer.Option("--context", "-n", help="v3: context.")] = ""
    transport: Annotated[str, typer.Option("--transport", help="udp, udp6 or tcp.")] = "udp"
    unconnected_udp_socket: Annotated[
        bool,
        typer.Option("--unconnected-udp-socket", help="Accept responses from another address."),
    ] = False
    timeout: Annotated[float, typer.Option("--timeout", "-t", help="Seconds for one attempt.")] = (
        2.0
    )
    retries: Annotated[
        int, typer.Option("--retries", "-r", help="Retries after the first attempt.")
    ] = 3
    engine: Annotated[str, typer.Option("--engine", help="auto, fast or pysnmp.")] = "auto"


def print_json(data: object) -> None:
    """One JSON document, laid out as `sentinel`'s own commands do."""
    typer.echo(json.dumps(data, indent=2, ensure_ascii=False))


def of_a_device(command: Callable[..., None]) -> Callable[..., None]:
    """A command with the options of `How` behind its own; as `how` it gets what they say."""
    shared = inspect.signature(How, eval_str=True).parameters
    own = inspect.signature(command, eval_str=True).parameters

    @functools.wraps(command)
    def call(**given: Any) -> None:
        how = How(**{name: given.pop(name) for name in shared})
        command(how=how, **given)

    every = [*(each for each in own.values() if each.name != "how"), *shared.values()]
    every = [each.replace(kind=each.KEYWORD_ONLY) for each in every]
    cast("Any", call).__signature__ = inspect.Signature(every)  # there typer finds options
    call.__annotations__ = {each.name: each.annotation for each in every}
    return call
