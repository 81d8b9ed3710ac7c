"""`sentinel discover`: finds devices of a network, and writes tasks for them."""

from __future__ import annotations

import asyncio
import inspect
from pathlib import Path  # noqa: TC003 (typer reads it at run time)
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from orbital_sdk.text import plural
from orbital_sentinel.commands.options import Output  # noqa: TC001 (as above)
from orbital_sentinel.discovery.installed import installed_probes
from orbital_sentinel.errors import Failure
from orbital_sentinel.terminal.output import Format, as_json, complain
from orbital_sentinel.terminal.progress import progress
from orbital_sentinel.terminal.table import table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orbital_sdk.probe import ProbeType
    from orbital_sentinel.discovery.addresses import Addresses
    from orbital_sentinel.discovery.result import Discovered, Result

app = typer.Typer(add_completion=False)

Networks = Annotated[
    list[str], typer.Argument(metavar="NETWORK", help="192.0.2.0/24, or single addresses.")
]
Large = Annotated[bool, typer.Option("--large", help="Allow more addresses than a /16 has.")]


def with_options(known: Mapping[str, ProbeType]) -> Callable[..., None]:
    """The command, with an option for each protocol that has a probe."""

    def discover(
        network: Networks,
        *,
        timeout: Annotated[
            float, typer.Option(min=0.05, max=60, help="Seconds for one attempt.")
        ] = 1.0,
        retries: Annotated[
            int, typer.Option(min=0, max=5, help="Retries after the first attempt.")
        ] = 1,
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
            bool, typer.Option("--force", help="Replace the file and its contents.")
        ] = False,
        large: Large = False,
        output: Output = Format.TEXT,
        **given: Any,
    ) -> None:
        """Find the devices of a network, and write a task for each.

        Only reads. Write a secret as '${NAME}' to leave it to the environment, here and in the tasks.
        Ctrl-C ends it, and what was found until then is kept.
        """
        from orbital_sentinel.discovery.addresses import Addresses
        from orbital_sentinel.discovery.result import Result

        asked = _asked(known, given)
        addresses, result = Addresses(network, large=large), Result()

        async def run() -> None:
            probes = {
                name: known[name](texts, timeout=timeout, retries=retries)
                for name, texts in asked.items()
            }
            await _sweep(addresses, probes, result, concurrency)

        try:
            asyncio.run(run())
        except KeyboardInterrupt:
            complain(f"ended early: {result.asked} of {addresses.total} addresses")
        if write is not None and result.found:  # first: a reader of the table may close the pipe
            _write(write, result.found, interval, force=force)
        _show(result, output)
        if result.asked < addresses.total:
            raise typer.Exit(130)  # as shells report SIGINT
        if not result.found:
            raise typer.Exit(1)

    _add_options(discover, known)
    return discover


def _asked(known: Mapping[str, ProbeType], given: Mapping[str, Any]) -> dict[str, list[str]]:
    """The protocols to probe, and the options given for each."""
    asked = {name: cast("list[str]", given[name]) for name in known if given.get(name)}
    if not asked:
        if not known:
            raise Failure(
                "no installed package can find devices; `pip install orbital-plugin-snmp` can"
            )
        options = ", ".join(f"--{name}" for name in known)
        way = "--snmp community=public" if "snmp" in known else options
        raise typer.BadParameter(f"say how to ask, and as whom, such as {way}; there is {options}")
    return asked


def _add_options(command: Callable[..., None], known: Mapping[str, ProbeType]) -> None:
    """Add the options to the signature, from which Typer reads them."""
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
    addresses: Addresses, probes: Mapping[str, Any], result: Result, concurrency: int
) -> None:
    from orbital_sentinel.discovery.sweep import sweep

    try:
        by = ", ".join(probes)
        with progress(f"asking by {by}", addresses.total) as line:

            def asked(host: str) -> None:
                line.trying(f"asking {host} by {by}")
                line.advance()

            await sweep(addresses, probes, result, concurrency=concurrency, step=asked)
    finally:
        for probe in probes.values():
            await probe.close()


def _show(result: Result, output: Format) -> None:
    for one in result.refused:
        complain(f"{one.host} is there, but: {one.why}")
    devices, addresses = (
        plural(len(result.found), "device"),
        plural(result.asked, "address", "addresses"),
    )
    complain(f"{devices} at {addresses}")
    rows = [(one.host, one.protocol, one.answer.name, one.answer.about) for one in result.found]
    heads = ("address", "protocol", "name", "description")
    if output is Format.JSON:
        as_json([dict(zip(heads, row, strict=True)) for row in rows])
    elif rows:
        table(heads, rows, below=("description",))


def _write(path: Path, found: Sequence[Discovered], interval: int, *, force: bool) -> None:
    from orbital_sentinel.discovery.taskfile import write

    added = write(path, [_task(one, interval) for one in found], replace=force)
    known = len(found) - added
    there = f", {known} {'was' if known == 1 else 'were'} there" if known else ""
    complain(f"{path}: {plural(added, 'task')} added{there}")


def _task(one: Discovered, interval: int) -> dict[str, Any]:
    return {
        "id": f"{one.protocol}-{one.host}",
        "device_id": one.host,
        "plugin": one.protocol,
        "interval": f"{interval}s",
        "config": dict(one.answer.fields),
    }


app.command()(with_options(installed_probes(complain)))
