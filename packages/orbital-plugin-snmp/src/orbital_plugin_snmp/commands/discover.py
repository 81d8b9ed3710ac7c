"""`sentinel discover`: who answers in a network, and tasks for them."""

from __future__ import annotations

import asyncio
import inspect
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path  # noqa: TC003 (typer reads it at run time)
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from orbital_plugin_snmp.commands.options import Json, Output, print_json
from orbital_plugin_snmp.discovery.probe import kinds

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from orbital_plugin_snmp.discovery.addresses import Addresses
    from orbital_plugin_snmp.discovery.probe import Found, Kind, Sweep

app = typer.Typer(add_completion=False)

Networks = Annotated[
    list[str], typer.Argument(metavar="NETWORK", help="192.0.2.0/24, or single addresses.")
]
Large = Annotated[bool, typer.Option("--large", help="Allow more addresses than a /16 has.")]


def with_options(known: Mapping[str, Kind]) -> Callable[..., None]:
    """The command, with an option for each protocol that has a probe."""

    def discover(
        network: Networks,
        *,
        timeout: Annotated[float, typer.Option(min=0.05, max=60, help="Seconds an attempt.")] = 1.0,
        retries: Annotated[int, typer.Option(min=0, max=5, help="Attempts after the first.")] = 1,
        concurrency: Annotated[
            int, typer.Option(min=1, max=200, help="Addresses asked at once.")
        ] = 100,
        interval: Annotated[
            int, typer.Option(min=1, help="Seconds between polls in the tasks.")
        ] = 60,
        write: Annotated[
            Path | None,
            typer.Option(help="Add tasks to this file (0600), such as tasks.d/found.yaml."),
        ] = None,
        force: Annotated[
            bool, typer.Option("--force", help="Replace the file, whatever is in it.")
        ] = False,
        large: Large = False,
        output: Output = "text",
        as_json: Json = False,
        **given: Any,
    ) -> None:
        """Find the devices of a network, and write a task for each.

        Only reads. Write a secret as '${NAME}' to leave it to the environment, here and in the tasks.
        Ctrl-C ends it, and what was found until then is kept.
        """
        from orbital_plugin_snmp.discovery.addresses import Addresses  # noqa: PLC0415 (only now)
        from orbital_plugin_snmp.discovery.probe import Sweep  # noqa: PLC0415 (as above)

        asked = _asked(known, given)
        addresses, result = Addresses(network, large=large), Sweep()

        async def run() -> None:
            probes = {
                name: known[name](texts, timeout=timeout, retries=retries)
                for name, texts in asked.items()
            }
            await _sweep(addresses, probes, result, concurrency)

        try:
            asyncio.run(run())
        except KeyboardInterrupt:
            typer.echo(f"ended early: {result.asked} of {addresses.total} addresses", err=True)
        if write is not None and result.found:  # first: whoever reads the table may stop to read
            _write(write, result.found, interval, force=force)
        _show(result, as_json=as_json or output == "json")
        if result.asked < addresses.total:
            raise typer.Exit(130)  # as shells report SIGINT
        if not result.found:
            raise typer.Exit(1)

    _add_options(discover, known)
    return discover


def _asked(known: Mapping[str, Kind], given: Mapping[str, Any]) -> dict[str, list[str]]:
    """The protocols to ask by, and what was said of each."""
    asked = {name: cast("list[str]", given[name]) for name in known if given.get(name)}
    if not asked:
        options = ", ".join(f"--{name}" for name in known)
        way = next((f"--{name} public" for name in known if name == "snmp"), options)
        raise typer.BadParameter(f"say how to ask, and as whom, such as {way}; there is {options}")
    return asked


def _add_options(command: Callable[..., None], known: Mapping[str, Kind]) -> None:
    """Typer reads a signature, so that is where an option becomes one."""
    signature = inspect.signature(command, eval_str=True)
    fixed = [one for one in signature.parameters.values() if one.kind is not one.VAR_KEYWORD]
    for name, kind in known.items():
        option = typer.Option(f"--{name}", metavar="FIELD=VALUE,...", help=kind.help)
        annotation = Annotated[list[str] | None, option]
        fixed.append(
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation
            )
        )
    cast("Any", command).__signature__ = signature.replace(parameters=fixed)
    command.__annotations__ = {one.name: one.annotation for one in fixed}


async def _sweep(
    addresses: Addresses, probes: Mapping[str, Any], result: Sweep, concurrency: int
) -> None:
    from orbital_plugin_snmp.discovery.sweep import sweep  # noqa: PLC0415 (only now)

    try:
        with _progress(addresses.total, result) as step:
            await sweep(addresses, probes, result, concurrency=concurrency, step=step)
    finally:
        for probe in probes.values():
            await probe.close()


@contextmanager
def _progress(total: int, result: Sweep) -> Generator[Callable[[], None]]:
    """A bar on standard error, where that is a terminal."""
    from rich.console import Console  # noqa: PLC0415 (only now)
    from rich.progress import MofNCompleteColumn, Progress  # noqa: PLC0415 (only now)

    console = Console(stderr=True)
    columns = *Progress.get_default_columns(), MofNCompleteColumn()
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("0 found", total=total)
        yield lambda: bar.update(task, advance=1, description=f"{len(result.found)} found")


def _show(result: Sweep, *, as_json: bool) -> None:
    for one in result.refused:
        typer.echo(f"{one.host} is there, but: {one.why}", err=True)
    devices, addresses = _count(len(result.found), "device"), _count(result.asked, "address", "es")
    typer.echo(f"{devices} at {addresses}", err=True)
    rows = [(one.host, one.protocol, one.answer.name, one.answer.about) for one in result.found]
    heads = ("address", "protocol", "name", "description")
    if as_json:
        print_json([dict(zip(heads, row, strict=True)) for row in rows])
    elif rows:
        _table([[head.upper() for head in heads], *rows])


def _count(number: int, word: str, more: str = "s") -> str:
    return f"{number} {word}{'' if number == 1 else more}"


def _table(rows: Sequence[Sequence[str]]) -> None:
    """A line each; on a terminal no longer than that is wide."""
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        line = "  ".join(cells).rstrip()
        typer.echo(f"{line[: room - 1]}…" if 0 < room < len(line) else line)


def _write(path: Path, found: Sequence[Found], interval: int, *, force: bool) -> None:
    from orbital_plugin_snmp.taskfile import write  # noqa: PLC0415 (only now)

    added = write(path, [_task(one, interval) for one in found], replace=force)
    known = len(found) - added
    typer.echo(
        f"{path}: {added} tasks added" + (f", {known} were there" if known else ""), err=True
    )


def _task(one: Found, interval: int) -> dict[str, Any]:
    return {
        "id": f"{one.protocol}-{one.host}",
        "device_id": one.host,
        "plugin": one.protocol,
        "interval": f"{interval}s",
        "config": dict(one.answer.fields),
    }


app.command()(with_options(kinds(lambda why: typer.echo(why, err=True))))
