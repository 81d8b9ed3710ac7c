"""`sentinel modbus read`: registers in every byte order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer

from orbital_plugin_modbus.commands import options
from orbital_plugin_modbus.device import ModbusDevice  # noqa: TC001 (typer reads annotations)
from orbital_plugin_modbus.exceptions import ExchangeError, Refused
from orbital_plugin_modbus.plausible import in_order, orders_of, plausible
from orbital_plugin_modbus.recording import recorded
from orbital_plugin_modbus.survey import Survey
from orbital_plugin_modbus.tables import SIZE, TABLES, Read
from orbital_plugin_modbus.types import TYPES, TypeName
from orbital_sdk import DeviceUnreachable, UnexpectedReply
from orbital_sdk.jsontext import number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orbital_plugin_modbus.bus import Bus, Way


def read(
    device: ModbusDevice,
    *,
    table: Annotated[str, typer.Option(help=f"{', '.join(TABLES)}.")] = "holding",
    address: Annotated[int, typer.Option(help="First address, as in the protocol, from 0.")] = 0,
    count: Annotated[int, typer.Option(help="Number of registers or bits.")] = 10,
    kind: Annotated[
        str, typer.Option("--as", help="A type, such as float32; see the plugin.")
    ] = "uint16",
    length: Annotated[int, typer.Option(help="Bytes of each string, with --as string.")] = 0,
    unit: Annotated[int, typer.Option("--unit", "-u", min=0, max=255, help="Unit id.")] = 1,
    record: Annotated[
        bool, typer.Option("--record", help="Print what `sentinel test` takes as `registers`.")
    ] = False,
    output: options.Output = "text",
    as_json: options.Json = False,
) -> None:
    """Show registers as values of a type in every byte order, the plausible one marked."""
    wanted = _wanted(table, address, count)
    _check_type(kind, length)

    async def ask(bus: Bus, way: Way) -> bytes:
        try:
            return await Survey(bus, way).ask(unit, wanted)
        except Refused as error:
            raise UnexpectedReply(f"unit {unit} refuses {wanted}: {error}") from error
        except ExchangeError as error:
            raise DeviceUnreachable(f"{way.line.name}, unit {unit}: {error}") from error

    data = options.with_bus(device, ask)
    as_json |= output == "json"
    if record:
        typer.echo(recorded(unit, wanted, data))
    elif wanted.table.bits:
        _show_bits(data, wanted, as_json=as_json)
    else:
        _show(data, wanted, cast("TypeName", kind), length or count * 2, as_json=as_json)


def _wanted(table: str, address: int, count: int) -> Read:
    if table not in TABLES:
        raise typer.BadParameter(f"{table} is not one of {', '.join(TABLES)}", param_hint="--table")
    most = TABLES[table].most
    if not 1 <= count <= most:
        raise typer.BadParameter(f"one read takes 1 to {most} of {table}", param_hint="--count")
    if not 0 <= address <= SIZE - count:
        raise typer.BadParameter(f"addresses are 0 to {SIZE - 1}", param_hint="--address")
    return Read(TABLES[table], address, count)


def _check_type(kind: str, length: int) -> None:
    if kind not in TYPES:
        names = ", ".join(get_args(TypeName))
        raise typer.BadParameter(f"{kind} is not one of {names}", param_hint="--as")
    if length % 2 or not 0 <= length <= 250:
        raise typer.BadParameter("an even number of bytes, up to 250", param_hint="--length")


def _show(data: bytes, wanted: Read, kind: TypeName, length: int, *, as_json: bool) -> None:
    columns = {order: in_order(data, kind, order, length) for order in orders_of(kind, length)}
    likely = plausible(columns)
    size = TYPES[kind].registers or length // 2
    rows = len(next(iter(columns.values())))
    if not rows:
        raise typer.BadParameter(f"a {kind} takes {size} registers", param_hint="--count")
    addresses = [wanted.start + row * size for row in range(rows)]
    raw = [data[row * size * 2 : (row + 1) * size * 2].hex(" ", 2) for row in range(rows)]
    if as_json:
        values = {order: [_json(value) for value in column] for order, column in columns.items()}
        options.print_json(
            {"plausible": likely, "addresses": addresses, "raw": raw, "values": values}
        )
        return
    heads = [f"{order} *" if order == likely else order for order in columns]
    _print(["address", "registers", *heads], zip(addresses, raw, *columns.values(), strict=True))
    typer.echo(f"* looks right: order {likely}")


def _json(value: object) -> object:
    """JSON has no NaN and no infinities."""
    return number(value) if isinstance(value, float) else value


def _show_bits(data: bytes, wanted: Read, *, as_json: bool) -> None:
    bits = int.from_bytes(data, "little")
    values = {wanted.start + place: bits >> place & 1 for place in range(wanted.count)}
    if as_json:
        options.print_json({"values": values})
    else:
        _print(["address", "bit"], values.items())


def _print(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Columns aligned to the right, as wide as they have to be: a cut number is none."""
    cells = [
        [f"{cell:.7g}" if isinstance(cell, float) else str(cell) for cell in row] for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    for row in (heads, *cells):
        typer.echo("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)))
