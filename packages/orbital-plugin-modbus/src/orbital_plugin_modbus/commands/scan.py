"""`sentinel modbus scan`: unit ids that answer, and what can be read of them."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from orbital_plugin_modbus.commands import options
from orbital_plugin_modbus.device import ModbusDevice  # noqa: TC001 (typer reads annotations)
from orbital_plugin_modbus.sunspec import find_models
from orbital_plugin_modbus.survey import Survey
from orbital_plugin_modbus.tables import SIZE, TABLES, Read
from orbital_sdk import DeviceUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from orbital_plugin_modbus.bus import Bus, Way

Found = dict[int, dict[str, Any]]


def scan(
    device: ModbusDevice,
    *,
    units: Annotated[
        str, typer.Option("--units", "-u", help="Unit ids: 1-247, or 1,2,10-20.")
    ] = "1-247",
    tables: Annotated[str, typer.Option(help="Tables to scan; `none` for unit ids only.")] = (
        "holding,input"
    ),
    addresses: Annotated[str, typer.Option(help="Addresses to scan.")] = "0-999",
    finest: Annotated[
        int,
        typer.Option(
            min=1,
            max=100,
            help="Refused blocks of this many addresses or fewer are not split further.",
        ),
    ] = 10,
    output: options.Output = "text",
    as_json: options.Json = False,
) -> None:
    """Find unit ids, readable ranges and SunSpec models. Only reads, with one request at a time."""
    ids = _numbers(units, 255, "--units")
    bounds = _numbers(addresses, SIZE - 1, "--addresses")
    if bounds != list(range(bounds[0], bounds[-1] + 1)):
        raise typer.BadParameter("one range, as 0-999", param_hint="--addresses")
    names = [] if tables == "none" else [name.strip() for name in tables.split(",")]
    if unknown := [name for name in names if name not in TABLES]:
        raise typer.BadParameter(
            f"{unknown[0]} is not one of {', '.join(TABLES)}", param_hint="--tables"
        )

    async def look(bus: Bus, way: Way) -> Found:
        survey = Survey(bus, way)
        present = await _units(survey, ids)
        if not present:
            raise DeviceUnreachable(
                f"{way.line.name}: none of {len(ids)} unit ids answers: {survey.why}"
            )
        return {unit: await _unit(survey, unit, names, bounds, finest) for unit in present}

    _show(options.with_bus(device, look), as_json=as_json or output == "json")


async def _units(survey: Survey, ids: Sequence[int]) -> list[int]:
    first = Read(TABLES["holding"], 0, 1)
    with _bar("unit ids", len(ids)) as step:
        present: list[int] = []
        for unit in ids:
            if await survey.answers(unit, first):
                present.append(unit)
            step(1)
    return present


async def _unit(
    survey: Survey, unit: int, names: Sequence[str], bounds: Sequence[int], finest: int
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    low, high = bounds[0], bounds[-1]
    with _bar(f"unit {unit}", len(names) * (high - low + 1)) as step:
        for name in names:
            found[name] = await survey.ranges(
                unit, TABLES[name], first=low, last=high, finest=finest, step=step
            )
            if not found[name]:
                found.setdefault("why", {})[name] = survey.why
    if models := await find_models(lambda read: survey.ask(unit, read)):
        found["sunspec"] = models
    return found


@contextmanager
def _bar(what: str, total: int) -> Generator[Callable[[int], None]]:
    """A progress bar on stderr, where that is a terminal."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=total)

        def step(done: int) -> None:
            progress.advance(task, done)

        yield step


def _show(found: Found, *, as_json: bool) -> None:
    if as_json:
        options.print_json(found)
        return
    for unit, what in found.items():
        why = what.pop("why", {})
        typer.echo(f"unit {unit}")
        for name, ranges in what.items():
            if name == "sunspec":
                parts = [f"model {model} at {address}" for model, address in ranges]
            else:
                parts = [f"{low}..{high}" if high > low else str(low) for low, high in ranges]
            told = ", ".join(parts) or f"nothing: {why.get(name)}"
            typer.echo(f"  {name:<9} {told}")


def _numbers(text: str, highest: int, option: str) -> list[int]:
    """`1-3,7` as numbers, in order."""
    numbers: set[int] = set()
    for part in text.split(","):
        found = re.fullmatch(r"\s*(\d{1,5})(?:-(\d{1,5}))?\s*", part)
        low, high = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if not low <= high <= highest:
            raise typer.BadParameter(f"numbers from 0 to {highest}, as 1-5,7", param_hint=option)
        numbers |= set(range(low, high + 1))
    return sorted(numbers)
