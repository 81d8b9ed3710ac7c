"""What the commands have in common: how the device is reached."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from pydantic import ValidationError

from orbital_plugin_modbus.bus import Bus, Way
from orbital_plugin_modbus.device import ModbusDevice
from orbital_plugin_modbus.line import line_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")

Host = Annotated[str, typer.Argument(help="Address or name; or the path of a serial port.")]
PortNumber = Annotated[
    int | None, typer.Option("--port", "-p", help="502, or 802 with TLS, if left out.")
]
Transport = Annotated[
    str | None,
    typer.Option(help="tcp, tls, udp, rtu_over_tcp, rtu or ascii; tcp or rtu if left out."),
]
Baudrate = Annotated[int, typer.Option(help="Serial: bits a second.")]
Parity = Annotated[str, typer.Option(help="Serial: N, E or O.")]
StopBits = Annotated[int, typer.Option(help="Serial: 1 or 2.")]
Timeout = Annotated[float, typer.Option(help="Seconds to wait for an answer.")]
CaFile = Annotated[str, typer.Option(help="TLS: PEM file of the authorities to trust.")]
Insecure = Annotated[bool, typer.Option("--insecure", help="TLS: accept any certificate.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def device_of(
    host: str,
    *,
    port: int | None,
    transport: str | None,
    baudrate: int,
    parity: str,
    stop_bits: int,
    timeout: float,
    ca_file: str,
    insecure: bool,
) -> ModbusDevice:
    """Fields of a device out of options.

    Raises:
        typer.BadParameter: They do not go together.
    """
    fields: dict[str, Any] = {"request_timeout": timeout, "retries": 0, "idle_close": None}
    if "/" in host:
        line = {"device": host, "baudrate": baudrate, "parity": parity, "stop_bits": stop_bits}
        fields |= {"serial": line, "transport": transport or "rtu"}
    else:
        fields |= {"host": host, "port": port, "transport": transport or "tcp"}
    if transport == "tls":
        fields["tls"] = {"ca_file": ca_file, "insecure_skip_verify": insecure}
    try:
        return ModbusDevice.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        message = str(first["msg"]).removeprefix("Value error, ")
        raise typer.BadParameter(f"{place}: {message}" if place else message) from error


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
