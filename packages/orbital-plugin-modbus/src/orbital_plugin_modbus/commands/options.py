"""What the commands have in common: how the device is reached, and how JSON is printed."""

from __future__ import annotations

import asyncio
import functools
import inspect
import json
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, cast

import typer
from pydantic import ValidationError

from orbital_plugin_modbus.bus import Bus, Way
from orbital_plugin_modbus.device import ModbusDevice
from orbital_plugin_modbus.line import line_of
from orbital_sdk.address import split_address

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")

Host = Annotated[
    str,
    typer.Argument(
        metavar="HOST",
        help="HOST or HOST:PORT, IPv6 as [::1]:502; or the path of a serial port.",
    ),
]
PortNumber = Annotated[
    int | None, typer.Option("--port", "-p", help="Default: 502, or 802 with TLS.")
]
Transport = Annotated[
    str | None,
    typer.Option(
        help="tcp, tls, udp, rtu_over_tcp, rtu or ascii; default: tcp, or rtu for a serial port."
    ),
]
Baudrate = Annotated[int, typer.Option(help="Serial: bits a second.")]
Parity = Annotated[str, typer.Option(help="Serial: N, E or O.")]
StopBits = Annotated[int, typer.Option(help="Serial: 1 or 2.")]
DataBits = Annotated[int, typer.Option(help="Serial: 8, or 7 for some that speak ascii.")]
Timeout = Annotated[float | None, typer.Option(help="Seconds to wait for an answer.")]
CaFile = Annotated[str, typer.Option(help="TLS: PEM file of trusted certificate authorities.")]
CertFile = Annotated[str, typer.Option(help="TLS: PEM file of the client certificate.")]
KeyFile = Annotated[
    str, typer.Option(help="TLS: PEM file of its key, if the certificate's file does not hold it.")
]
KeyPassword = Annotated[
    str,
    typer.Option(
        envvar="MODBUS_KEY_PASSWORD",
        help="TLS: password of the key; better given in the environment than on the command line.",
    ),
]
ServerName = Annotated[str, typer.Option(help="TLS: name in the certificate, if not the host.")]
Insecure = Annotated[bool, typer.Option("--insecure", help="TLS: accept any certificate.")]
Output = Annotated[
    Literal["text", "json"], typer.Option("--output", help="Text for people, or JSON for programs.")
]
Json = Annotated[bool, typer.Option("--json", hidden=True, help="Old name of --output json.")]


def device_of(
    host: Host,
    *,
    port: PortNumber = None,
    transport: Transport = None,
    timeout: Timeout = None,
    baudrate: Baudrate = 19200,
    parity: Parity = "N",
    stop_bits: StopBits = 1,
    data_bits: DataBits = 8,
    ca_file: CaFile = "",
    cert_file: CertFile = "",
    key_file: KeyFile = "",
    key_password: KeyPassword = "",
    server_name: ServerName = "",
    insecure: Insecure = False,
) -> ModbusDevice:
    """The device that the options describe.

    Raises:
        typer.BadParameter: They do not go together.
    """
    fields: dict[str, Any] = {"request_timeout": timeout, "retries": 0, "idle_close": None}
    if _is_serial(host):
        fields["transport"] = transport or "rtu"
        fields["serial"] = {
            "device": host, "baudrate": baudrate, "parity": parity, "stop_bits": stop_bits,
            "data_bits": data_bits,
        }  # fmt: skip
    else:
        fields["transport"] = transport or "tcp"
        fields["host"], fields["port"] = _place(host, port)
    tls = {
        "ca_file": ca_file, "cert_file": cert_file, "key_file": key_file, "server_name": server_name,
        "key_password": key_password, "insecure_skip_verify": insecure,
    }  # fmt: skip
    fields["tls"] = {name: value for name, value in tls.items() if value}
    try:
        return ModbusDevice.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        message = str(first["msg"]).removeprefix("Value error, ")
        raise typer.BadParameter(f"{place}: {message}" if place else message) from error


def _is_serial(host: str) -> bool:
    return "/" in host


def _place(text: str, given: int | None) -> tuple[str, int | None]:
    try:
        host, port = split_address(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="HOST") from error
    if port is not None and given not in {None, port}:
        raise typer.BadParameter(
            f"the address says port {port}, and this one {given}", param_hint="--port"
        )
    return host, port or given


def of_a_device(
    command: Callable[..., None], *, network: float = 1.0, serial: float = 1.0
) -> Callable[..., None]:
    """A command with the options of `device_of`, which is called with the device that they describe.

    Args:
        command: Takes the device first; what it takes besides are options of its own.
        network: Seconds to wait for an answer, if left out.
        serial: The same on a serial line.
    """
    shared = inspect.signature(device_of, eval_str=True).parameters
    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]

    @functools.wraps(command)
    def call(**given: Any) -> None:
        usual = serial if _is_serial(given["host"]) else network
        given["timeout"] = given["timeout"] or usual
        command(device_of(**{name: given.pop(name) for name in shared}), **given)

    place, *how = shared.values()
    every = [place, *own, *how]  # typer finds options in the signature and the annotations
    cast("Any", call).__signature__ = inspect.Signature(every)
    call.__annotations__ = {each.name: each.annotation for each in every}
    return call


def print_json(data: object) -> None:
    """One JSON document, laid out as `sentinel`'s own commands do."""
    typer.echo(json.dumps(data, indent=2, ensure_ascii=False))


def with_bus(device: ModbusDevice, work: Callable[[Bus, Way], Awaitable[T]]) -> T:
    """Run `work` with a bus of its own, which is closed behind it."""

    async def run() -> T:
        line = line_of(device, "auto")
        way = Way(
            line, device.request_timeout, retries=0, request_delay=line.silence, idle_close=None
        )
        bus = Bus()
        try:
            return await work(bus, way)
        finally:
            bus.close()

    return asyncio.run(run())
